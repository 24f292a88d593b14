"""The work of a configuration: the examples that each stage trains on and evaluates, counted before any run."""

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


@dataclass(frozen=True)
class Work:
    """Examples trained on (pairs, sentences or triplets, counted in every epoch) and examples only evaluated."""

    trained: float
    evaluated: int = 0


@dataclass(frozen=True)
class Together:
    """One epoch of `multitask`: examples and batches of each task, and its steps, each of one batch or more.

    `own`: the parts that tasks share are frozen in it.
    """

    examples: Mapping[str, float]
    batches: Mapping[str, int]
    steps: int
    own: bool


def workload(config: RunConfig, data: Prepared) -> dict[str, Work]:
    """Return the work of each stage, in order; every epoch counts, as if neither pruning nor patience ended one."""
    found: dict[str, Work] = {}
    if config.mlm is not None:
        sentences = _sentences(data, corpora_of(config.mlm.corpora), config.mlm.max_sentences)
        found[mlm.NAME] = Work(config.mlm.epochs * sentences)
    if config.simcse_unsupervised is not None:
        part = config.simcse_unsupervised
        found[simcse_unsupervised.NAME] = Work(part.epochs * _sentences(data, corpora_of(part.corpus), part.sentences))
    if config.simcse_supervised is not None:
        told = config.simcse_supervised
        found[simcse_supervised.NAME] = Work(told.epochs * _sentences(data, TRIPLET_TEXTS[:1], told.triplets))
    if config.fine_tune_first is not None:
        first = config.fine_tune_first
        most = float("inf") if first.batches is None else first.batches * first.batch_size
        train, dev = (len(data.splits[first.task, split]) for split in ("train", "dev"))
        found[fine_tune_first.NAME] = Work(first.epochs * min(train, most), first.epochs * dev)
    evaluated = _evaluated_each_epoch(config, data)
    epochs = config.multitask.epochs
    found[multitask.NAME] = Work(_trained_together(config, data), epochs * evaluated)
    if config.single_task is not None:
        alone = config.single_task.epochs
        whole = sum(len(data.splits[task, "train"]) for task in config.tasks)
        found[single_task.NAME] = Work(alone * whole, alone * evaluated)
    return found


def _sentences(data: Prepared, corpora: tuple[str, ...], most: int | None) -> int:
    lengths = [len(data.texts[name]) for name in corpora]
    return sum(length if most is None else min(length, most) for length in lengths)


def _evaluated_each_epoch(config: RunConfig, data: Prepared) -> int:
    """Return the number of examples evaluated per epoch: dev, and the train sample that shows overfitting."""
    dev = sum(len(data.splits[task, "dev"]) for task in config.tasks)
    return dev + sum(min(multitask.EPOCH_SAMPLE, len(data.splits[task, "train"])) for task in config.tasks)


def _trained_together(config: RunConfig, data: Prepared) -> float:
    return sum(sum(epoch.examples.values()) for epoch in together(config, data))


def together(config: RunConfig, data: Prepared) -> list[Together]:
    """Return the epochs of `multitask`: batches that the sampler asks for, times the mean size of the task's batches.

    A random sampler is asked once, with one seed.
    """
    part = config.multitask
    splits = {task: data.splits[task, "train"] for task in config.tasks}
    sizes, batch_sizes = sizes_of(splits, config.tasks, part.batch_size)
    batches = {task: ceil(sizes[task] / batch_sizes[task]) for task in config.tasks}
    sampler: AbstractSampler = components.build("samplers", part.sampler.name, part.sampler.settings)
    rng, found = np.random.default_rng(0), []
    for epoch in range(1, part.epochs + 1):
        steps = list(sampler.epoch(batches, epoch=epoch, epochs=part.epochs, rng=rng))
        asked = Counter(chain.from_iterable(steps))
        examples = {task: count * sizes[task] / batches[task] for task, count in asked.items()}
        found.append(Together(examples, asked, len(steps), sampler.trains(epoch) == "own"))
    return found
