"""Zhang (002), Table 3: the plain sum of losses, the sum of their squares, dynamic weight average.

Scaled down: the backbone (BERT-base in the report), the data, the epochs (20 in the report, the budget's here; DWA
weighs all tasks alike in the first two, so study it with three or more). The joint steps end with the smallest task,
as "downsampled to the other two" does to Quora.

Guessed, because the report does not state it: DWA's temperature, 2 as in Liu et al. 2019, and that it counts epochs;
mean pooling and joint steps; Adam with a constant rate, no weight decay and no clipping; all dropout rates, 0.1; the
whole encoder is trained; the similarity head's two layers; the best epoch on dev is kept. "Entity loss" is read as
identity: its four numbers are those of Table 2's mean pooling.
"""

from __future__ import annotations

from search_spaces.factors import BALANCER, POOLING, SAMPLER, TRAINABLE
from search_spaces.factors.reports import ZHANG_HEADS, ZHANG_TRAINING
from search_spaces.grammar import Space
from search_spaces.grammar.narrowing import fixed, with_baseline

SPACE = Space(
    name="zhang_loss_balancing",
    goal="Does weighing the losses of the tasks beat adding them?",
    design="grid",
    factors=(
        with_baseline(BALANCER, "sum", keep=("sum", "squared", "dwa")),
        fixed(POOLING, "mean", "Table 2's better one."),
        fixed(SAMPLER, "joint", "Inferred: balancing needs all losses in one step."),
        *ZHANG_HEADS,
        fixed(TRAINABLE, "all", "Not stated; the scores are those of full tuning."),
    ),
    base=ZHANG_TRAINING,
    rows={
        "Entity loss": {},
        "Square Loss": {"balancer": "squared"},
        "Dynamic weight average": {"balancer": "dwa"},
    },
)
