"""Thapa & Khurana (003), section 3: loss weights, unequal batches, longer rounds, a layer shared by the pair tasks.

What the report tried on its way to Table 1 and found no better, without numbers: fixed weights other than 1, weights
from the scores of the last epoch, learned weights; batches of 8 for Quora and 3 for the two others; rounds until the
largest task is finished; a layer shared by paraphrase and similarity. So there are no numbers to compare with, and no
claim to judge.

Scaled down: the backbone (BERT-base in the report), the data, the epochs: 20 in the report, the budget's here.

Guessed: which run these were tried on: weights on run 23 (one step for all tasks), the others on run 22, both without
Quora first, with [CLS], as in `thapa_khurana_table1`. The fixed weights are not given: each task in turn has twice the
weight of the two others, with mean 1, and one row makes all losses equal at chance level. Weights by scores are
proportional to 1 - score with mean 1; learned ones are the softmax of free parameters, with mean 1. The similarity
head is cosine, or `--set sts_head=concat_absdiff`. The shared layer is a dense one with a GELU on each sentence's
vector, below the two heads. No clipping; the rest as in Table 1.
"""

from __future__ import annotations

from dataclasses import replace

from search_spaces import factors
from search_spaces.grammar import Factor, Level, Space, off_on
from search_spaces.grammar.narrowing import fixed, with_baseline

_TASKS = ("sst", "quora", "sts")


def _twice(task: str) -> Level:
    weights = {name: 1.5 if name == task else 0.75 for name in _TASKS}
    return Level(
        f"{task}_twice", {"multitask.balancer.name": "fixed", "multitask.balancer.weights": weights}, note="with mean 1"
    )


_SHARED_PAIR_LAYER = Factor(
    "shared_pair_layer",
    "scientific",
    "off",
    off_on("shared_pair_layer"),
    about="Whether paraphrase and similarity share a dense layer below their heads.",
)
_JOINT = {"sampler": "joint"}
_WEIGHTS = with_baseline(factors.BALANCER, "sum", keep=("sum", "fixed", "score_adaptive", "learned"))

SPACE = Space(
    name="thapa_khurana_weights",
    goal="Do weights of losses, unequal batches, longer rounds or a shared layer help multitask BERT?",
    design="grid",
    factors=(
        replace(_WEIGHTS, levels=(*_WEIGHTS.levels, *map(_twice, _TASKS))),
        with_baseline(
            factors.SAMPLER, "round_robin_shortest", keep=("round_robin_shortest", "round_robin_longest", "joint")
        ),
        with_baseline(factors.QUORA_BATCH_SIZE, "same", keep=("same", "8_to_3")),
        with_baseline(factors.BATCH_SIZE, "8", keep=("3", "8")),
        _SHARED_PAIR_LAYER,
        with_baseline(factors.STS_HEAD, "cosine", keep=("cosine", "concat_absdiff"), role="nuisance"),
        fixed(factors.QUORA_HEAD, "concat_absdiff", "Stated."),
        fixed(factors.POOLING, "cls", "Not stated."),
        fixed(factors.TRAINABLE, "all", "The runs fine-tune the whole model."),
        fixed(factors.OPTIMIZER, "adamw", "Stated, weight decay 0.001.", inner={"adamw.weight_decay": "0.001"}),
        fixed(factors.HEAD_DROPOUT, "0.3", "Stated."),
    ),
    base={"multitask.optimizer.learning_rate": 1e-5},
    rows={
        "Rounds to the end of the smallest task": {},
        "Rounds to the end of the largest task": {"sampler": "round_robin_longest"},
        "Batches of 8, 3 and 3": {"batch_size": "3", "quora_batch_size": "8_to_3"},
        "Layer shared by the pairs": {"shared_pair_layer": "on"},
        "Equal weights": _JOINT,
        "SST twice": {**_JOINT, "balancer": "sst_twice"},
        "QQP twice": {**_JOINT, "balancer": "quora_twice"},
        "STS-B twice": {**_JOINT, "balancer": "sts_twice"},
        "Equal losses at chance": {**_JOINT, "balancer": "fixed"},
        "Weights by dev scores": {**_JOINT, "balancer": "score_adaptive"},
        "Learned weights": {**_JOINT, "balancer": "learned"},
    },
)
