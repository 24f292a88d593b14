"""Hurtado & Teaw (000), section 4.2: the last linear layer against the full model, on SST and CFIMDB alone.

Printed, for an unstated split: SST 0.409 and CFIMDB 0.788 with the last layer, 0.513 and 0.971 with the full model.
These numbers are from the course's first part, with one model per data set: `--tasks sst,cfimdb` trains both, each
with its own encoder and best epoch; otherwise SST alone is trained, which the demo data has. The report makes no claim
about them.

Scaled down: the backbone (BERT-base in the report), the data, the epochs. CFIMDB's reviews are cut at 128 tokens.

Guessed, because the report states none of it: the settings of the course's starter code: 1e-3 for the last layer and
1e-5 for the full model, batches of 8, dropout 0.3 before the heads and 0.1 inside the encoder, in its frozen layers
too (`frozen_dropout`), Adam without weight decay and clipping, the best epoch on dev; and cls pooling, because the two
models could not share the weights of BERT's pooler, which the starter code uses.
"""

from __future__ import annotations

from search_spaces import factors
from search_spaces.factors.reports import BEST_EPOCH, FROZEN_DROPOUT
from search_spaces.grammar import Space
from search_spaces.grammar.narrowing import fixed, steps, with_baseline

SPACE = Space(
    name="hurtado_teaw_tuning",
    goal="How much does tuning the full model give over its last linear layer?",
    design="grid",
    factors=(
        with_baseline(factors.TRAINABLE, "heads", keep=("heads", "all")),
        steps(factors.LEARNING_RATE, "1e-3", "1e-5", role="nuisance"),
        with_baseline(FROZEN_DROPOUT, "on"),
        fixed(factors.ENCODER_SHARING, "separate", "One model a data set."),
        fixed(BEST_EPOCH, "each_task", "One model a data set."),
        fixed(factors.SAMPLER, "sequential", "One model a data set, so the order means nothing."),
        fixed(factors.POOLING, "cls", "The pooler of the starter code has weights that models cannot share."),
        fixed(factors.HEAD_DROPOUT, "0.3", "The starter code's."),
    ),
    base={
        "tasks.quora": None,
        "tasks.sts": None,
        "multitask.batch_size": 8,
        "multitask.optimizer.name": "adam",
    },
    rows={
        "Fine-tuning last linear layer": {},
        "Fine-tuning full model": {"trainable": "all", "learning_rate": "1e-5"},
    },
)
