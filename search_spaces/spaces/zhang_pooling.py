"""Zhang (002), Table 2: mean pooling against [CLS], all tasks in one step.

Scaled down: the backbone (BERT-base in the report), the data, the epochs (20 in the report, the budget's here). The
joint steps end with the smallest task, as "downsampled to the other two" does to Quora.

Guessed: the curriculum, from Table 4's second row, which repeats this table's. Not stated: Adam with a constant rate,
no weight decay and no clipping; all dropout rates, 0.1; the whole encoder is trained; the similarity head's two
layers, as wide as the encoder with a GELU between; the best epoch on dev is kept.
"""

from __future__ import annotations

from search_spaces.factors import BALANCER, POOLING, SAMPLER, TRAINABLE
from search_spaces.factors.reports import ZHANG_HEADS, ZHANG_TRAINING
from search_spaces.grammar import Space
from search_spaces.grammar.narrowing import fixed, with_baseline

SPACE = Space(
    name="zhang_pooling",
    goal="Does the mean of all tokens serve three tasks better than the first token?",
    design="grid",
    factors=(
        with_baseline(POOLING, "cls", keep=("cls", "mean")),
        fixed(SAMPLER, "joint", "Inferred: Table 4 prints the same scores for multi-task training."),
        fixed(BALANCER, "sum", "L1 + L2 + L3."),
        *ZHANG_HEADS,
        fixed(TRAINABLE, "all", "Not stated; the scores are those of full tuning."),
    ),
    base=ZHANG_TRAINING,
    rows={"Baseline(CLS)": {}, "Mean pooling": {"pooling": "mean"}},
)
