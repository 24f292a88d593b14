"""The work of a configuration: the numbers of examples that each stage, and the end, trains on and evaluates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from math import ceil

import numpy as np

from mtbert import components
from mtbert.config import RunConfig
from mtbert.config.stages import corpora_of
from mtbert.data.texts import TRIPLET_TEXTS
from mtbert.data.tokenize import Prepared
from mtbert.samplers.abstract import AbstractSampler
from mtbert.stages import fine_tune_first, mlm, multitask, simcse_supervised, simcse_unsupervised, single_task
from mtbert.training.trainer import sizes_of

DECIDING = "deciding"  # the evaluation at the end, which a run of the search is spared


@dataclass(frozen=True)
class Work:
    """Examples trained on (pairs, sentences or triplets, counted in every epoch) and examples only evaluated."""

    trained: float
    evaluated: int = 0


@dataclass(frozen=True)
class Together:
    """One epoch of `multitask`: examples and batches per task, steps, and whether shared parts are frozen (`own`)."""

    examples: Mapping[str, float]
    batches: Mapping[str, int]
    steps: int
    own: bool


def workload(config: RunConfig, data: Prepared) -> dict[str, Work]:
    """Return the work of each stage, in order, without pruning or early stopping; last that of `DECIDING`."""
    work: dict[str, Work] = {}
    if config.mlm is not None:
        sentences = _sentences(data, corpora_of(config.mlm.corpora), config.mlm.max_sentences)
        work[mlm.NAME] = Work(config.mlm.epochs * sentences)
    if config.simcse_unsupervised is not None:
        part = config.simcse_unsupervised
        work[simcse_unsupervised.NAME] = Work(part.epochs * _sentences(data, corpora_of(part.corpus), part.sentences))
    if config.simcse_supervised is not None:
        supervised = config.simcse_supervised
        triplets = _sentences(data, TRIPLET_TEXTS[:1], supervised.triplets)
        work[simcse_supervised.NAME] = Work(supervised.epochs * triplets)
    if config.fine_tune_first is not None:
        first = config.fine_tune_first
        most = float("inf") if first.batches is None else first.batches * first.batch_size
        train, search = (len(data.splits[first.task, split]) for split in ("train", "search"))
        work[fine_tune_first.NAME] = Work(first.epochs * min(train, most), first.epochs * search)
    evaluated = _evaluated(config, data, "search", multitask.EPOCH_SAMPLE)
    trained = sum(sum(epoch.examples.values()) for epoch in together(config, data))
    work[multitask.NAME] = Work(trained, config.multitask.epochs * evaluated)
    if config.single_task is not None:
        epochs = config.single_task.epochs
        examples = sum(len(data.splits[task, "train"]) for task in config.tasks)
        work[single_task.NAME] = Work(epochs * examples, epochs * evaluated)
    work[DECIDING] = Work(0, _evaluated(config, data, "dev", multitask.KEPT_SAMPLE))
    return work


def _sentences(data: Prepared, corpora: tuple[str, ...], most: int | None) -> int:
    lengths = [len(data.texts[name]) for name in corpora]
    return sum(length if most is None else min(length, most) for length in lengths)


def _evaluated(config: RunConfig, data: Prepared, part: str, most: int) -> int:
    """Return the number of examples in one evaluation: a part of dev, and at most so many of train."""
    return sum(len(data.splits[task, part]) + min(most, len(data.splits[task, "train"])) for task in config.tasks)


def together(config: RunConfig, data: Prepared) -> list[Together]:
    """Return the epochs of `multitask`: the sampler's batches, times the mean size of the task's batches.

    A random sampler draws once, with one seed.
    """
    part = config.multitask
    splits = {task: data.splits[task, "train"] for task in config.tasks}
    sizes, batch_sizes = sizes_of(splits, config.tasks, part.batch_size)
    batches = {task: ceil(sizes[task] / batch_sizes[task]) for task in config.tasks}
    sampler: AbstractSampler = components.build("samplers", part.sampler.name, part.sampler.settings)
    rng, all_epochs = np.random.default_rng(0), []
    for epoch in range(1, part.epochs + 1):
        steps = list(sampler.epoch(batches, epoch=epoch, epochs=part.epochs, rng=rng))
        counts = Counter(chain.from_iterable(steps))
        examples = {task: count * sizes[task] / batches[task] for task, count in counts.items()}
        all_epochs.append(Together(examples, counts, len(steps), sampler.trains(epoch) == "own"))
    return all_epochs
