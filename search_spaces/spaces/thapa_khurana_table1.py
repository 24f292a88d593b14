"""Thapa & Khurana (003), Table 1: 24 runs over six techniques, and two baselines with one model per task.

Only the table's 26 cells, not all combinations. Scaled down: the backbone (BERT-base in the report), the data, and the
epochs, whose ratios are kept: 10 for the baselines and for Quora first, 20 for the runs, become `1x` and `2x` of the
budget's. Quora first takes 1,000 batches per epoch in the report, here at most as many. SimCSE takes one epoch, as in
the report, over as many sentences as the budget has training examples: Wikipedia's if the data includes them (`--data
hub`, or wiki1m_for_simcse.txt in the folder), else the tasks' own, which the launch reports; always with `--set
simcse_unsupervised.on.corpus=tasks`. Supervised SimCSE reads triplets from the data's file, or from SICK.

Guessed: the similarity head, because the report has two without stating which run used which: cosine, or `--set
sts_head=concat_absdiff`. "Joint loss" is read as one step for all tasks; otherwise they take turns; both end with the
smallest task. Order of stages: unsupervised SimCSE, supervised SimCSE, Quora first, all tasks. SMART adds random noise
of size 1.0 to word embeddings, each pass with its own dropout, like the small library that the report adapted; no
gradient is involved. In the baselines each task keeps its own best epoch, as three models do, and sees all its data in
each epoch. Not stated: the optimizer of Quora first, taken from the runs (AdamW, 0.001, 1e-5, batches of 8); SimCSE's
optimizer, Adam clipped at norm 1, and its vectors, the run's pooling without a projection; otherwise no clipping, a
constant rate; dropout 0.1 inside the encoder, in Baseline (PT)'s frozen layers too, as in the course's starter code
(`frozen_dropout`); the best epoch on dev is kept.
"""

from __future__ import annotations

from search_spaces import factors
from search_spaces.factors.reports import BEST_EPOCH, BEST_EPOCH_CONSTRAINT, EPOCHS, FROZEN_DROPOUT
from search_spaces.grammar import Space
from search_spaces.grammar.narrowing import fixed, with_baseline

# Run 22: the baseline's three models become one, trained in turns, for twice the epochs.
_PLAIN = {
    "encoder_sharing": "shared",
    "best_epoch": "score",
    "sampler": "round_robin_shortest",
    "epochs": "2x",
}
_CLS = _PLAIN | {"fine_tune_first": "quora"}
_MEAN = _CLS | {"pooling": "mean"}
_JOINT = {"sampler": "joint"}
_SMART = {"smart": "on", "smart.on.perturbation": "random_noise"}
_UNSUPERVISED = {"simcse_unsupervised": "on", "simcse_unsupervised.on.corpus": "wikipedia"}
_SUPERVISED = {"simcse_supervised": "on"}

SPACE = Space(
    name="thapa_khurana_table1",
    goal="Which of six techniques carries multitask BERT over one model a task?",
    design="grid",
    factors=(
        with_baseline(factors.POOLING, "cls", keep=("cls", "mean")),
        with_baseline(factors.FINE_TUNE_FIRST, "none", keep=("none", "quora")),
        with_baseline(factors.SAMPLER, "sequential", keep=("sequential", "round_robin_shortest", "joint")),
        with_baseline(factors.SMART, "none"),
        factors.SIMCSE_UNSUPERVISED,
        factors.SIMCSE_SUPERVISED,
        with_baseline(factors.ENCODER_SHARING, "separate"),
        with_baseline(BEST_EPOCH, "each_task"),
        with_baseline(factors.TRAINABLE, "all", keep=("all", "heads")),
        FROZEN_DROPOUT,
        with_baseline(EPOCHS, "1x", keep=("1x", "2x"), role="nuisance"),
        with_baseline(factors.STS_HEAD, "cosine", keep=("cosine", "concat_absdiff"), role="nuisance"),
        fixed(factors.QUORA_HEAD, "concat_absdiff", "Stated."),
        fixed(factors.OPTIMIZER, "adamw", "Stated, weight decay 0.001.", inner={"adamw.weight_decay": "0.001"}),
        fixed(factors.HEAD_DROPOUT, "0.3", "Stated."),
    ),
    base={
        "multitask.batch_size": 8,
        "multitask.optimizer.learning_rate": 1e-5,
    },
    constraints=(factors.FIRST_NEEDS_SHARING, BEST_EPOCH_CONSTRAINT),
    rows={
        "0": _MEAN | _JOINT | _SMART | _SUPERVISED,
        "1": _MEAN | _SMART | _UNSUPERVISED | _SUPERVISED,
        "2": _MEAN | _SMART | _SUPERVISED,
        "3": _MEAN | _JOINT | _UNSUPERVISED | _SUPERVISED,
        "4": _MEAN | _JOINT | _SMART,
        "5": _MEAN | _UNSUPERVISED | _SUPERVISED,
        "6": _MEAN | _SMART,
        "7": _MEAN | _JOINT | _SMART | _UNSUPERVISED,
        "8": _MEAN | _JOINT | _SUPERVISED,
        "9": _MEAN | _SMART | _UNSUPERVISED,
        "10": _MEAN | _JOINT,
        "11": _MEAN,
        "12": _MEAN | _JOINT | _UNSUPERVISED,
        "13": _MEAN | _UNSUPERVISED,
        "14": _CLS,
        "15": _CLS | _JOINT,
        "16": _CLS | _JOINT | _SMART,
        "17": _CLS | _JOINT | _UNSUPERVISED,
        "18": _CLS | _UNSUPERVISED,
        "19": _CLS | _SMART | _UNSUPERVISED,
        "20": _CLS | _SMART,
        "21": _CLS | _JOINT | _SMART | _UNSUPERVISED,
        "22": _PLAIN,
        "23": _PLAIN | _JOINT,
        "Baseline (PT)": {"trainable": "heads", "frozen_dropout": "on"},
        "Baseline (FT)": {},
    },
)
