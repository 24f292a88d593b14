"""How long runs take: some steps of every kind of training that is planned are measured, and multiplied by the work."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from statistics import fmean

import numpy as np
import torch
from numpy.typing import NDArray

from mtbert.config import RunConfig
from mtbert.config.parts import SamplerSpec
from mtbert.data.tokenize import Prepared
from mtbert.errors import MtbertError
from mtbert.run import RunOutcome, run
from mtbert.stages.chain import FEATURES, StageDone
from mtbert.stages.multitask import NAME as MULTITASK
from mtbert.training.trainer import DivergedError
from study.workload import Work, workload

# What is trained to measure: batches a task, of the first configuration and of other kinds, and a stage's sentences
# (or a whole batch, where that has more); dev examples a task.
FIRST_BATCHES, OTHER_BATCHES = 2, 1
MEASURED_SENTENCES = 32
MEASURED_DEV = 16
# Other kinds are measured until so much time is spent; those left are taken to cost the mean of these.
LEAST_TRAINING = 0.1  # of a stage's seconds, the part that goes with the examples it trains on
MEASURING_SECONDS = 8.0
# A fresh process, reading the data, writing results.
SECONDS_AROUND_A_RUN = 1.0

STAGES = ("mlm", "simcse_unsupervised", "simcse_supervised", "fine_tune_first", "single_task")


@dataclass(frozen=True)
class Kind:
    """What makes a step of `multitask` dear or cheap. Two configurations of one kind take as long for an example."""

    backbone: str
    layers: int | None
    shared: bool
    adapters: tuple[str, ...]
    trainable: tuple[str, int | None]
    sampler: str
    balancer: str
    surgery: str
    regularizer: str | None
    batch_sizes: tuple[int | None, ...]


def kind_of(config: RunConfig) -> Kind:
    """The kind of a configuration's `multitask` stage."""
    part = config.multitask
    return Kind(
        backbone=config.backbone,
        layers=config.encoder.layers,
        shared=config.encoder.shared,
        adapters=tuple(adapter.name for adapter in config.adapters),
        trainable=(part.trainable.name, part.trainable.layers),
        sampler=part.sampler.name,
        balancer=part.balancer.name,
        surgery=part.surgery,
        regularizer=None if part.regularizer is None else part.regularizer.name,
        batch_sizes=(part.batch_size, *(task.batch_size for task in config.tasks.values())),
    )


@dataclass(frozen=True)
class Frozen:
    """Of a kind that leaves parts frozen: seconds of the features of an example, once, and to evaluate above them."""

    features: float
    evaluated: float


@dataclass(frozen=True, eq=False)
class Costs:
    """Seconds of one example on one thread: trained by kind and by stage, evaluated; and seconds around a run.

    `all_kinds` is how many kinds there are, `kinds` those that were measured, the baseline's first. `frozen`: those of
    them whose features are computed once; training them is what is above.
    """

    kinds: Mapping[Kind, float]
    stages: Mapping[str, float]
    evaluated: float
    around: float
    all_kinds: int
    frozen: Mapping[Kind, Frozen] = field(default_factory=dict)

    def seconds(self, config: RunConfig, data: Prepared) -> float:
        """How long one run of `config` takes on its own: no epoch is spared, nothing comes from a cache."""
        total, frozen = self.around, self.frozen.get(kind_of(config))
        for stage, work in workload(config, data).items():
            each = self.trained(config) if stage == MULTITASK else self.stages[stage]
            evaluated = frozen.evaluated if frozen is not None and stage == MULTITASK else self.evaluated
            total += work.trained * each + work.evaluated * evaluated
        return total if frozen is None else total + frozen.features * _examples(config, data)

    def trained(self, config: RunConfig) -> float:
        """Seconds of an example of its `multitask` stage.

        Where its kind was not measured, the mean of those with the same regularizer, which costs more than all else; of
        all where there is none.
        """
        kind = kind_of(config)
        alike = [seconds for other, seconds in self.kinds.items() if other.regularizer == kind.regularizer]
        return self.kinds.get(kind, fmean(alike or self.kinds.values()))


def measure(configs: Sequence[RunConfig], data: Prepared, device: str) -> Costs:
    """The costs of `configs`, with one thread; every stage is measured, and the kind of the first configuration.

    `data` has the sentences that the stages read.
    """
    torch.set_num_threads(1)
    first = configs[0]
    _train(_short(first, first, epochs=1), data, device)  # warms up: libraries, memory, processor
    began = time.perf_counter()
    measured = _train(_short(first, first), data, device)
    outcome = measured.outcome
    around = time.perf_counter() - began - outcome.train_seconds - outcome.eval_seconds + SECONDS_AROUND_A_RUN
    evaluated = measured.evaluated()
    having = {stage: next((c for c in configs if getattr(c, stage) is not None), None) for stage in STAGES}
    stages = {
        stage: _of_stage(stage, first, config, data, evaluated, device)
        for stage, config in having.items()
        if config is not None
    }
    kinds: dict[Kind, RunConfig] = {}
    for config in configs:
        kinds.setdefault(kind_of(config), config)
    found = {kind_of(first): measured, **_of_kinds(kinds, first, data, device)}
    frozen = {kind: each.frozen() for kind, each in found.items() if each.features}
    return Costs({kind: each.trained() for kind, each in found.items()}, stages, evaluated, around, len(kinds), frozen)


def _of_kinds(
    configs: Mapping[Kind, RunConfig], first: RunConfig, data: Prepared, device: str
) -> dict[Kind, _Measured]:
    """As many other kinds as there is time for, one with a regularizer first."""
    found: dict[Kind, _Measured] = {}
    others = [kind for kind in configs if kind != kind_of(first)]
    dear = next((kind for kind in others if kind.regularizer is not None), None)
    began = time.perf_counter()
    for kind in sorted(others, key=lambda kind: kind != dear):
        if time.perf_counter() - began >= MEASURING_SECONDS:
            break
        # A run that cannot be trained says why when it is its turn.
        with suppress(DivergedError, MtbertError, ValueError):
            found[kind] = _train(_short(configs[kind], first), data, device, OTHER_BATCHES)
    return found


def _of_stage(stage: str, first: RunConfig, config: RunConfig, data: Prepared, evaluated: float, device: str) -> float:
    """Seconds of one example of a stage, as `config` has it."""
    part = getattr(config, stage).model_copy(update={"epochs": 1})
    measured = _train(_short(first, first, epochs=1).model_copy(update={stage: part}), data, device)
    work = measured.work
    seconds = sum(done.seconds for done in measured.outcome.stages if done.name == stage)
    # What is frozen is computed once, so that `single_task` may evaluate for less than was counted.
    return max(LEAST_TRAINING * seconds, seconds - work[stage].evaluated * evaluated) / work[stage].trained


@dataclass(frozen=True, eq=False)
class _Measured:
    """A short run, the work that it was, and the examples whose features it computed, if any."""

    outcome: RunOutcome
    work: Mapping[str, Work]
    examples: int

    @property
    def features(self) -> list[StageDone]:
        return [stage for stage in self.outcome.stages if stage.name == FEATURES]

    def trained(self) -> float:
        """Seconds of an example trained in `multitask`, without its features."""
        return sum(stage.train_seconds for stage in self._together()) / self.work[MULTITASK].trained

    def evaluated(self) -> float:
        """Seconds of an example evaluated in `multitask`, without its features."""
        seconds = sum(stage.seconds - stage.train_seconds for stage in self._together())
        return seconds / self.work[MULTITASK].evaluated

    def frozen(self) -> Frozen:
        """What is computed once, and what is above it."""
        return Frozen(sum(stage.seconds for stage in self.features) / self.examples, self.evaluated())

    def _together(self) -> list[StageDone]:
        return [stage for stage in self.outcome.stages if stage.name == MULTITASK]


def _train(config: RunConfig, data: Prepared, device: str, batches: int = FIRST_BATCHES) -> _Measured:
    """Carry out `config` on a little of the data."""
    little = _little(data, config, batches)
    return _Measured(run(config, little, lambda _: True, device), workload(config, little), _examples(config, little))


def _examples(config: RunConfig, data: Prepared) -> int:
    """Examples of train and dev of all tasks: those whose features are computed where parts are frozen."""
    return sum(len(data.splits[task, split]) for task in config.tasks for split in ("train", "dev"))


def _short(config: RunConfig, first: RunConfig, epochs: int = 2) -> RunConfig:
    """The `multitask` stage of `config` alone: an odd epoch and an even one, which differ for some samplers.

    As many steps as there are batches, where the sampler has a number of its own; the optimizer of `first`, so that
    no learning rate makes it diverge.
    """
    sampler = {"name": config.multitask.sampler.name, **config.multitask.sampler.settings}
    changed = {
        "epochs": epochs,
        "patience": None,
        "optimizer": first.multitask.optimizer,
        "sampler": SamplerSpec.model_validate({**sampler, "steps": None} if "steps" in sampler else sampler),
    }
    together = config.multitask.model_copy(update=changed)
    return config.model_copy(update={**dict.fromkeys(STAGES), "multitask": together})


def _little(data: Prepared, config: RunConfig, batches: int) -> Prepared:
    """Some batches of every task and of every corpus, evenly spaced, so that their lengths are those of all."""
    splits = {}
    for (task, split), rows in data.splits.items():
        option = config.tasks.get(task)
        batch = (option.batch_size if option else None) or config.multitask.batch_size
        splits[task, split] = rows.take(_spread(len(rows), batches * batch if split == "train" else MEASURED_DEV))
    parts = (config.mlm, config.simcse_unsupervised, config.simcse_supervised)
    sentences = max(MEASURED_SENTENCES, *(part.batch_size for part in parts if part is not None), 0)
    texts = {name: rows.take(_spread(len(rows), sentences)) for name, rows in data.texts.items()}
    return replace(data, splits=splits, texts=texts)


def _spread(length: int, size: int) -> NDArray[np.int64]:
    """`size` indices evenly spaced over `length` rows."""
    return np.linspace(0, length - 1, min(size, length)).astype(np.int64)
