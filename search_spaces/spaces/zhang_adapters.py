"""Zhang (002), Table 5: PAL, low rank, a layer on top, Houlsby adapters, and low rank with a layer on top.

The report compared "various combinations" of the four and prints one; the two others with a layer on top are rows here
without printed numbers.

Scaled down: the backbone (BERT-base in the report), the data, the epochs (20 in the report, the budget's here; with
one epoch the hybrid curriculum trains only adapters and heads, so study it with two or more). Adapters keep their
width of 204.

Guessed: the hybrid curriculum (stated for the best row only) and mean pooling; whether the backbone is trained: the
report says that adaptation freezes most of it, and that even epochs fine-tune all parameters; `trainable` has both
readings, by default all of it. With a frozen backbone, hybrid epochs have no shared parameters to alternate with, so
use joint steps: `--set trainable=adapters_and_heads --set sampler=joint`. Not stated: Adam with a constant rate, no
weight decay and no clipping; all dropout rates, 0.1, in frozen layers too, as in the course's starter code
(`frozen_dropout`); 12 heads in PAL's attention; adapters start at zero; the similarity head's two layers; the best
epoch on dev is kept. The baseline is the table's first row; `zhang_curricula` has training without adapters.
"""

from __future__ import annotations

from search_spaces import factors
from search_spaces.factors.reports import FROZEN_DROPOUT, ZHANG_HEADS, ZHANG_TRAINING
from search_spaces.grammar import Constraint, Space
from search_spaces.grammar.narrowing import fixed, with_baseline

_SUMS = ("low_rank+top_layer", "pal+top_layer", "houlsby+top_layer")

SPACE = Space(
    name="zhang_adapters",
    goal="Which adapter serves three tasks best?",
    design="grid",
    factors=(
        with_baseline(factors.ADAPTER, "pal", keep=("pal", "low_rank", "top_layer", "houlsby", *_SUMS)),
        with_baseline(factors.TRAINABLE, "all", keep=("all", "adapters_and_heads"), role="nuisance"),
        with_baseline(factors.SAMPLER, "hybrid", keep=("hybrid", "joint"), role="nuisance"),
        with_baseline(FROZEN_DROPOUT, "on"),
        fixed(factors.POOLING, "mean", "Inferred."),
        fixed(factors.BALANCER, "sum", "L1 + L2 + L3."),
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
