"""Hurtado & Teaw (000), Table 1: a cosine head, unsupervised SimCSE and PALs on top of plain round robin.

Scaled down: the backbone (BERT-base in the report), the data, and the epochs, whose ratio is kept: 5 for the baseline
and 10 for the other rows (sections 4.2 and 5.3) become `1x` and `2x` of the budget's. The report takes 2400 steps per
epoch; here an epoch has as many steps as the largest task has batches. SimCSE reads as many sentences as the budget
has training examples (25,000 for 24,584 examples in the report): Wikipedia's if the data includes them (`--data hub`,
or wiki1m_for_simcse.txt in the folder), else the tasks' own, which the launch reports. To use the tasks' own in any
case: `--set simcse_unsupervised.on.corpus=tasks`.

Guessed, because the report does not state it or contradicts itself: the encoder is trained (the report says "last
linear layer", but its scores are those of full tuning); one task per step, although section 4.1 adds the losses; cls
pooling everywhere (stated for the baseline only), in SimCSE too, without a projection; SimCSE's batch size, rate,
epochs and dropout (Gao et al.'s and Thapa & Khurana's); 12 heads in PAL's attention and no GELU; no clipping (except
in SimCSE, at norm 1, as in its published code), no weight decay, a constant rate; dropout 0.1 inside the encoder; the
best epoch on dev is kept, as in the course's starter code. The first 10,000 Quora pairs are 10,000 drawn again each
epoch. The report claims a mean over 10 seeds, and compares 5 epochs at dropout 0.1 with 10 at dropout 0.3; to remove
that difference: `--set epochs=1x --set head_dropout=0.1`.
"""

from __future__ import annotations

from search_spaces import factors
from search_spaces.factors.reports import ADAM, EPOCHS
from search_spaces.grammar import Space
from search_spaces.grammar.narrowing import fixed, with_baseline

_SIMCSE = {"simcse_unsupervised": "on", "simcse_unsupervised.on.corpus": "wikipedia"}

SPACE = Space(
    name="hurtado_teaw_table1",
    goal="Do a cosine head, unsupervised SimCSE and projected attention layers help round robin?",
    design="grid",
    factors=(
        with_baseline(factors.STS_HEAD, "concat", keep=("concat", "cosine")),
        factors.SIMCSE_UNSUPERVISED,
        with_baseline(factors.ADAPTER, "none", keep=("none", "pal")),
        with_baseline(EPOCHS, "1x", keep=("1x", "2x"), role="nuisance"),
        with_baseline(factors.HEAD_DROPOUT, "0.1", keep=("0.1", "0.3"), role="nuisance"),
        fixed(factors.POOLING, "cls", "Stated for the baseline row alone."),
        fixed(factors.QUORA_HEAD, "concat", "Cosine on paraphrase was tried and found worse, without numbers."),
        fixed(factors.SAMPLER, "round_robin_longest", "Shorter tasks start again until the longest is through."),
        fixed(factors.QUORA_EXAMPLES, "10000", "The first 10,000 there."),
        fixed(factors.TRAINABLE, "all", "The report says the last linear layer; its scores are those of full tuning."),
    ),
    base=ADAM,
    rows={
        "Baseline (CLS pooling for all 3 downstream tasks)": {},
        "Cosine Similarity (on STS)": {"sts_head": "cosine", "epochs": "2x", "head_dropout": "0.3"},
        "Cosine Similarity + SimCSE": {
            "sts_head": "cosine",
            **_SIMCSE,
            "epochs": "2x",
            "head_dropout": "0.3",
        },
        "Cosine Similarity + PALs": {"sts_head": "cosine", "adapter": "pal", "epochs": "2x", "head_dropout": "0.3"},
        "Cosine Similarity + SimCSE + PALs": {
            "sts_head": "cosine",
            **_SIMCSE,
            "adapter": "pal",
            "epochs": "2x",
            "head_dropout": "0.3",
        },
    },
)
