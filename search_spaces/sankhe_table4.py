"""Sankhe, Galhotra & Passmore (004), Table 4: dense heads, further pretraining, single tasks after all together.

The rows keep what the report did: its pretraining predicts tokens by an untied matrix (equation 7), which hardly learns
in a small budget (docs/techniques.md); `full_ablation` has BERT's tied head.

Scaled down: the backbone (BERT-base there), the data, and the epochs: 10 in each stage there, the budget's in each
here.

Guessed: the learning rates. Table 2 prints 1e-3 for fine-tuning and 1e-5 for pretraining; 1e-3 is taken where the
encoder is frozen and 1e-5 where it is trained, as in the course's starter code. STFT, single-task fine-tuning with
the encoder frozen, is training the heads alone: heads on a frozen encoder do not meet. The best epoch is kept. Dense
layers are as wide as the encoder. Weight decay is not stated, taken as none (Adam).
"""

from __future__ import annotations

from search_spaces.factors import (
    HEAD_DROPOUT,
    LEARNING_RATE,
    MLM,
    POOLING,
    QUORA_HEAD,
    SAMPLER,
    SINGLE_TASK,
    SST_HEAD,
    STS_HEAD,
    TRAINABLE,
)
from search_spaces.grammar import Space
from search_spaces.narrowing import fixed, steps, with_baseline

_MULTITASK = {"trainable": "all", "learning_rate": "1e-5"}
_DENSE = {**_MULTITASK, "sst_head": "dense", "quora_head": "concat_dense", "sts_head": "concat_absdiff_dense"}
_TWO_DENSE = {**_DENSE, "sst_head": "dense2"}

SPACE = Space(
    name="sankhe_table4",
    goal="Do dense heads, further pretraining and single tasks afterwards help multitask fine-tuning?",
    design="grid",
    factors=(
        with_baseline(TRAINABLE, "heads", keep=("heads", "all")),
        with_baseline(SST_HEAD, "linear", keep=("linear", "dense", "dense2")),
        with_baseline(QUORA_HEAD, "concat", keep=("concat", "concat_dense")),
        with_baseline(STS_HEAD, "concat_absdiff", keep=("concat_absdiff", "concat_absdiff_dense")),
        with_baseline(
            MLM,
            "none",
            keep=("none", "in_domain", "in_domain+tasks"),
            inner={"in_domain.head": "untied", "in_domain+tasks.head": "untied"},
        ),
        SINGLE_TASK,
        steps(LEARNING_RATE, "1e-3", "1e-5", role="nuisance"),
        fixed(SAMPLER, "sequential", "Each epoch goes through paraphrase, sentiment and similarity."),
        fixed(POOLING, "cls", "Stated."),
        fixed(HEAD_DROPOUT, "0.3", "Stated."),
    ),
    base={
        "multitask.batch_size": 8,
        "multitask.optimizer.name": "adam",
        "multitask.sampler.order": ["quora", "sst", "sts"],
    },
    rows={
        "STFT": {},
        "MTFT": _MULTITASK,
        "MTFT-D": _DENSE,
        "MTFT-DD": _TWO_DENSE,
        "FP1-MTFT-D": {**_DENSE, "mlm": "in_domain"},
        "FP2-MTFT-D": {**_DENSE, "mlm": "in_domain+tasks"},
        "MTFT-D-STFT": {**_DENSE, "single_task": "on"},
        "MTFT-DD-STFT": {**_TWO_DENSE, "single_task": "on"},
    },
)
