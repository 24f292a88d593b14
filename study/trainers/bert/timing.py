"""Estimates of the durations of runs: a few steps of every kind of training are timed and scaled to the work."""

from __future__ import annotations

import time
from collections.abc import Hashable, Mapping, Sequence
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
from study.trainers.bert.workload import DECIDING, Work, workload

# The size of a measurement: batches per task, of the first configuration and of other kinds; sentences per stage (at
# least one batch); dev examples per task.
FIRST_BATCHES, OTHER_BATCHES = 2, 1
MEASURED_SENTENCES = 32
MEASURED_DEV = 16
LEAST_TRAINING = 0.1  # the least share of a stage's seconds that its training takes
MEASURING_SECONDS = 8.0  # further kinds are assumed to cost the mean of those measured by then
SECONDS_AROUND_A_RUN = 1.0  # to start a process, read the data and write results

STAGES = ("mlm", "simcse_unsupervised", "simcse_supervised", "fine_tune_first", "single_task")


@dataclass(frozen=True)
class Kind:
    """The settings that determine the cost of an example in `multitask`: its regularizer, and the `rest`."""

    regularizer: str | None
    rest: tuple[Hashable, ...]


def kind_of(config: RunConfig) -> Kind:
    """Return the kind of a configuration's `multitask` stage."""
    part, encoder = config.multitask, config.encoder
    names = (part.sampler.name, part.balancer.name, part.surgery, *(adapter.name for adapter in config.adapters))
    trained = (part.trainable.name, part.trainable.layers, part.batch_size)
    batches = tuple(task.batch_size for task in config.tasks.values())
    rest = (config.backbone, encoder.layers, encoder.shared, names, trained, batches)
    return Kind(None if part.regularizer is None else part.regularizer.name, rest)


@dataclass(frozen=True)
class Frozen:
    """Seconds per example where parts are frozen: to compute its features once, and to evaluate above them."""

    features: float
    evaluated: float


@dataclass(frozen=True, eq=False)
class Costs:
    """Seconds per example on one thread: trained by kind and by stage, evaluated; and seconds `around` a run.

    `all_kinds` is the number of kinds, `kinds` has the measured ones, the baseline's first. `frozen` has those whose
    features are computed once; their training seconds are for the part above the features.
    """

    kinds: Mapping[Kind, float]
    stages: Mapping[str, float]
    evaluated: float
    around: float
    all_kinds: int
    frozen: Mapping[Kind, Frozen] = field(default_factory=dict)

    def seconds(self, config: RunConfig, data: Prepared, *, decides: bool = True) -> float:
        """Return the seconds of one run of `config` without early stopping or shared stages.

        A run of the search is one that does not decide: it never reads the part of dev that does.
        """
        total, frozen = self.around, self.frozen.get(kind_of(config))
        for stage, work in workload(config, data).items():
            if decides or stage != DECIDING:
                each = self.trained(config) if stage == MULTITASK else self.stages.get(stage, 0.0)
                above = frozen is not None and stage in (MULTITASK, DECIDING)
                evaluated = frozen.evaluated if frozen is not None and above else self.evaluated
                total += work.trained * each + work.evaluated * evaluated
        return total if frozen is None else total + frozen.features * _examples(config, data, decides)

    def of_dev_example(self, config: RunConfig) -> float:
        """Return the seconds of one evaluation of a dev example, with its features where parts are frozen."""
        frozen = self.frozen.get(kind_of(config))
        return self.evaluated if frozen is None else frozen.features + frozen.evaluated

    def trained(self, config: RunConfig) -> float:
        """Return the seconds per example of `multitask`.

        A kind that was not measured is assumed to cost the mean over kinds with the same regularizer, which dominates
        the cost, or over all kinds.
        """
        kind = kind_of(config)
        alike = [seconds for other, seconds in self.kinds.items() if other.regularizer == kind.regularizer]
        return self.kinds.get(kind, fmean(alike or self.kinds.values()))


def measure(configs: Sequence[RunConfig], data: Prepared, device: str) -> Costs:
    """Measure the costs of `configs` on one thread: every stage, and at least the kind of the first configuration."""
    torch.set_num_threads(1)
    first = configs[0]
    _train(_short(first, first, epochs=1), data, device)  # warms up: libraries, memory, processor
    began = time.perf_counter()
    measured = _train(_short(first, first), data, device)
    outcome = measured.outcome
    around = time.perf_counter() - began - outcome.train_seconds - outcome.eval_seconds + SECONDS_AROUND_A_RUN
    evaluated = measured.evaluated()
    stages = {
        stage: _of_stage(stage, first, having[0], data, evaluated, device)
        for stage in STAGES
        if (having := [config for config in configs if getattr(config, stage) is not None])
    }
    kinds: dict[Kind, RunConfig] = {}
    for config in configs:
        kinds.setdefault(kind_of(config), config)
    by_kind = {kind_of(first): measured, **_of_kinds(kinds, first, data, device)}
    frozen = {kind: each.frozen() for kind, each in by_kind.items() if each.stages(FEATURES)}
    trained = {kind: each.trained() for kind, each in by_kind.items()}
    return Costs(trained, stages, evaluated, around, len(kinds), frozen)


def _of_kinds(
    configs: Mapping[Kind, RunConfig], first: RunConfig, data: Prepared, device: str
) -> dict[Kind, _Measured]:
    """Measure as many other kinds as time allows, one with a regularizer first."""
    measured: dict[Kind, _Measured] = {}
    others = [kind for kind in configs if kind != kind_of(first)]
    regularized = next((kind for kind in others if kind.regularizer is not None), None)
    began = time.perf_counter()
    for kind in sorted(others, key=lambda kind: kind != regularized):
        if time.perf_counter() - began >= MEASURING_SECONDS:
            break
        # A configuration that cannot be trained is reported when its run fails.
        with suppress(DivergedError, MtbertError, ValueError):
            measured[kind] = _train(_short(configs[kind], first), data, device, OTHER_BATCHES)
    return measured


def _of_stage(stage: str, first: RunConfig, config: RunConfig, data: Prepared, evaluated: float, device: str) -> float:
    """Measure the seconds per example of a stage with the settings of `config`."""
    part = getattr(config, stage).model_copy(update={"epochs": 1})
    measured = _train(_short(first, first, epochs=1).model_copy(update={stage: part}), data, device)
    work = measured.work
    seconds = sum(done.seconds for done in measured.stages(stage))
    # Frozen parts are computed once, so evaluation in `single_task` may cost less than is subtracted.
    return max(LEAST_TRAINING * seconds, seconds - work[stage].evaluated * evaluated) / work[stage].trained


@dataclass(frozen=True, eq=False)
class _Measured:
    """A short run, its work, and the number of examples whose features it computed."""

    outcome: RunOutcome
    work: Mapping[str, Work]
    examples: int

    def stages(self, name: str) -> list[StageDone]:
        """Return the finished stages of a name."""
        return [stage for stage in self.outcome.stages if stage.name == name]

    def trained(self) -> float:
        """Return the seconds per example trained in `multitask`, without its features."""
        return sum(stage.train_seconds for stage in self.stages(MULTITASK)) / self.work[MULTITASK].trained

    def evaluated(self) -> float:
        """Return the seconds per example evaluated in `multitask`, without its features."""
        seconds = sum(stage.seconds - stage.train_seconds for stage in self.stages(MULTITASK))
        return seconds / self.work[MULTITASK].evaluated

    def frozen(self) -> Frozen:
        """Return the seconds per example of the features, and of evaluating above them."""
        return Frozen(sum(stage.seconds for stage in self.stages(FEATURES)) / self.examples, self.evaluated())


def _train(config: RunConfig, data: Prepared, device: str, batches: int = FIRST_BATCHES) -> _Measured:
    """Run `config` on a small part of the data."""
    little = _little(data, config, batches)
    outcome = run(config, little, lambda _: True, device)
    return _Measured(outcome, workload(config, little), _examples(config, little, decides=True))


def _examples(config: RunConfig, data: Prepared, decides: bool) -> int:
    """Return the number of examples whose features a run computes: train, and the parts of dev that it reads."""
    splits = ("train", "search", "dev") if decides else ("train", "search")
    return sum(len(data.splits[task, split]) for task in config.tasks for split in splits)


def _short(config: RunConfig, first: RunConfig, epochs: int = 2) -> RunConfig:
    """Return `config` with `multitask` alone, for an odd and an even epoch, which differ for some samplers.

    Its steps are the number of batches, whatever the sampler's setting. It has the optimizer of `first`, so that no
    learning rate makes it diverge.
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
    """Return a few batches of every task and corpus, spaced evenly so that their lengths are representative."""
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
    """Return `size` indices evenly spaced over `length` rows."""
    return np.linspace(0, length - 1, min(size, length)).astype(np.int64)
