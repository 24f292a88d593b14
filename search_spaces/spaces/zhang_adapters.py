"""Zhang (002), Table 5: PAL, low rank, a layer on top, Houlsby adapters, and low rank with a layer on top.

"Various combinations" of the four were compared and one is printed; the two others with a layer on top are rows here
without numbers there.

Scaled down: the backbone (BERT-base there), the data, the epochs (20 there, the budget's here; with one epoch the
hybrid curriculum trains adapters and heads alone, so a study of it needs two or more). Adapters keep their width of
204.

Guessed: the hybrid curriculum (stated for the best row alone) and mean pooling; whether the backbone is trained: by the
report adaptation freezes most of it, and even epochs fine-tune all parameters; `trainable` has both readings, all of it
by default. In the other, hybrid epochs have no shared parameters to take turns with, so it comes with joint ones:
`--set trainable=adapters_and_heads --set sampler=joint`. Not stated: Adam with a constant rate, no weight decay and no
clipping; every dropout, 0.1, in what is frozen too, as in the course's starter code (`frozen_dropout`); the heads of
PAL's attention, 12; how adapters start, at zero; the similarity head's two layers; the epoch that is kept, the best on
dev. The baseline is the table's first row; what no adapter gives stands in `zhang_curricula`.
"""

from __future__ import annotations

from search_spaces.factors import ADAPTER, BALANCER, POOLING, SAMPLER, TRAINABLE
from search_spaces.factors.reports import FROZEN_DROPOUT, ZHANG_HEADS, ZHANG_TRAINING
from search_spaces.grammar import Constraint, Space
from search_spaces.grammar.narrowing import fixed, with_baseline

_SUMS = ("low_rank+top_layer", "pal+top_layer", "houlsby+top_layer")

SPACE = Space(
    name="zhang_adapters",
    goal="Which adapter serves three tasks best?",
    design="grid",
    factors=(
        with_baseline(ADAPTER, "pal", keep=("pal", "low_rank", "top_layer", "houlsby", *_SUMS)),
        with_baseline(TRAINABLE, "all", keep=("all", "adapters_and_heads"), role="nuisance"),
        with_baseline(SAMPLER, "hybrid", keep=("hybrid", "joint"), role="nuisance"),
        with_baseline(FROZEN_DROPOUT, "on"),
        fixed(POOLING, "mean", "Inferred."),
        fixed(BALANCER, "sum", "L1 + L2 + L3."),
        *ZHANG_HEADS,
    ),
    constraints=(
        Constraint(
            {"trainable": ("adapters_and_heads",)},
            {"sampler": ("hybrid",)},
            "hybrid trains the shared parameters every other epoch, and none is trained.",
        ),
    ),
    base=ZHANG_TRAINING,
    rows={
        "PAL": {},
        "Low Rank": {"adapter": "low_rank"},
        "Proj.Atten.on Top": {"adapter": "top_layer"},
        "Houlsby Adapter": {"adapter": "houlsby"},
        "Low Rank + Top": {"adapter": "low_rank+top_layer"},
        "PAL + Top": {"adapter": "pal+top_layer"},
        "Houlsby + Top": {"adapter": "houlsby+top_layer"},
    },
)
