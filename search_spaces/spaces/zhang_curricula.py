"""Zhang (002), Table 4: one task after another, all in one step, and both in turn (hybrid).

Scaled down: the backbone (BERT-base in the report), the data, the epochs (20 in the report, the budget's here; with
one epoch the hybrid curriculum trains heads only, so study it with two or more, preferably an even number).

Guessed: mean pooling (the multi-task row repeats Table 2's mean pooling except for STS, 0.803 against 0.805). Not
stated: the sequential row sees all of Quora, and begins with SST; Adam with a constant rate, no weight decay and no
clipping; all dropout rates, 0.1, also in the layers that the hybrid's odd epochs freeze, as in the course's starter
code (`frozen_dropout`); the similarity head's two layers; the best epoch on dev is kept. The baseline is multi-task
training, with which the report's earlier tables were made.
"""

from __future__ import annotations

from search_spaces.factors import BALANCER, POOLING, SAMPLER, TRAINABLE
from search_spaces.factors.reports import FROZEN_DROPOUT, ZHANG_HEADS, ZHANG_TRAINING
from search_spaces.grammar import Space
from search_spaces.grammar.narrowing import fixed, with_baseline

SPACE = Space(
    name="zhang_curricula",
    goal="In which order should tasks of unequal size be trained?",
    design="grid",
    factors=(
        with_baseline(SAMPLER, "joint", keep=("sequential", "joint", "hybrid")),
        FROZEN_DROPOUT,
        fixed(POOLING, "mean", "Inferred from the row that repeats Table 2's."),
        fixed(BALANCER, "sum", "L1 + L2 + L3."),
        *ZHANG_HEADS,
        fixed(TRAINABLE, "all", "Not stated; the scores are those of full tuning."),
    ),
    base=ZHANG_TRAINING,
    rows={
        "Sequential Training": {"sampler": "sequential"},
        "Multi-task Training": {},
        "Hybrid Training": {"sampler": "hybrid", "frozen_dropout": "on"},
    },
)
