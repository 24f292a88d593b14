"""Kumar (001), Table 7: four heads for similarity, on a model that learns similarity alone.

Scaled down: the backbone (BERT-base in the report), the data, the epochs (10 in the report, the budget's here).
`difference` is signed, as the report writes it, so it cannot learn a symmetric similarity and collapses there.

Guessed, because the report does not state it: the base configuration of the single-task tables (dropout 0.5, rate
1e-5, all layers); cls pooling, a batch size of 8, Adam with a constant rate, no weight decay and no clipping; dropout
0.1 inside the encoder; the best epoch on dev is kept.
"""

from __future__ import annotations

from search_spaces.factors import HEAD_DROPOUT, POOLING, STS_HEAD, TRAINABLE
from search_spaces.factors.reports import ADAM
from search_spaces.grammar import Space
from search_spaces.grammar.narrowing import fixed, with_baseline

SPACE = Space(
    name="kumar_sts_heads",
    goal="Which head suits similarity when it is learnt alone?",
    design="grid",
    factors=(
        with_baseline(STS_HEAD, "concat", keep=("concat", "product", "difference", "cosine")),
        fixed(POOLING, "cls", "Not stated."),
        fixed(TRAINABLE, "all", "The base configuration of the report's single-task tables."),
        fixed(HEAD_DROPOUT, "0.5", "The base configuration of the report's single-task tables."),
    ),
    base={
        "tasks.sst": None,  # the table has similarity alone
        "tasks.quora": None,
        **ADAM,
    },
    rows={
        "Concatenation and map": {},
        "Dot product and map": {"sts_head": "product"},
        "Difference and map": {"sts_head": "difference"},
        "Scaled Cosine Similarity": {"sts_head": "cosine"},
    },
)
