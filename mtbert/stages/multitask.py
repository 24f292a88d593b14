"""The `multitask` stage: all tasks are trained together, and the best epoch is kept."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mtbert import components
from mtbert.balancers.abstract import AbstractBalancer
from mtbert.config import MultitaskConfig
from mtbert.data.batching import collate, training_batches
from mtbert.data.tokenize import Prepared, TokenizedSplit
from mtbert.evaluation import Evaluation, evaluate
from mtbert.model import MultitaskModel, device_of, freeze
from mtbert.optim import build_optimizer, build_schedule, clip
from mtbert.samplers.abstract import AbstractSampler
from mtbert.streams import numpy_stream, torch_stream
from mtbert.tasks.abstract import AbstractTask

NAME = "multitask"

# Train examples a task on which the gap between train and dev is measured each epoch: its standard error is
# about 6 points a task, enough to see overfitting, at a fraction of the dev split's cost.
TRAIN_SAMPLE = 64


class DivergedError(Exception):
    """A loss or an output is no longer a finite number: the run's result is that it diverged."""


@dataclass(frozen=True, eq=False)
class EpochReport:
    """What one epoch (from 1) gave: mean loss a task, evaluations, and where the seconds went."""

    epoch: int
    losses: Mapping[str, float]
    dev: Evaluation
    train: Evaluation
    train_seconds: float
    eval_seconds: float


# Called after every epoch; False ends the stage there (the run is pruned).
Report = Callable[[EpochReport], bool]


@dataclass(frozen=True, eq=False)
class StageOutcome:
    """The epochs of the stage, the best of them by dev score (the first at a tie), and whether it was stopped.

    The model is left in the state of the best epoch.
    """

    epochs: tuple[EpochReport, ...]
    best: EpochReport
    stopped: bool


def run(model: MultitaskModel, config: MultitaskConfig, data: Prepared, seed: int, report: Report) -> StageOutcome:
    """Train all heads of `model`, and as much of the encoder as `config.trainable` says.

    Raises `DivergedError` when a loss or an output is not finite. Every random draw comes from `seed`.
    """
    tasks: dict[str, AbstractTask] = {name: components.build("tasks", name, {}) for name in model.heads}
    training = {name: data.splits[name, "train"] for name in tasks}
    sample = {name: _sample(split, seed, name) for name, split in training.items()}
    dev = {name: data.splits[name, "dev"] for name in tasks}
    freeze(model, config.trainable.name, config.trainable.layers)
    trainer = _Trainer(model, config, tasks, training, data.pad_id, seed)

    reports: list[EpochReport] = []
    best_state: dict[str, Tensor] = {}
    best, stopped = -1, False
    for epoch in range(1, config.epochs + 1):
        began = time.perf_counter()
        losses = trainer.epoch(epoch)
        trained = time.perf_counter()
        scores = evaluate(model, tasks, dev, data.pad_id), evaluate(model, tasks, sample, data.pad_id)
        if not scores[0].finite:
            raise DivergedError(f"an output is not a finite number after epoch {epoch}")
        evaluated = time.perf_counter()
        reports.append(EpochReport(epoch, losses, *scores, trained - began, evaluated - trained))
        if best < 0 or reports[-1].dev.score > reports[best].dev.score:
            best, best_state = epoch - 1, _trained_state(model)
        if not report(reports[-1]):
            stopped = epoch < config.epochs
            break
    model.load_state_dict(best_state, strict=False)
    return StageOutcome(tuple(reports), reports[best], stopped)


class _Trainer:
    """One stage's moving parts: batches, sampler, balancer, optimizer and schedule."""

    def __init__(
        self,
        model: MultitaskModel,
        config: MultitaskConfig,
        tasks: Mapping[str, AbstractTask],
        splits: Mapping[str, TokenizedSplit],
        pad_id: int,
        seed: int,
    ) -> None:
        self.model, self.config, self.tasks, self.splits = model, config, tasks, splits
        self.pad_id, self.seed, self.device = pad_id, seed, device_of(model)
        self.sampler: AbstractSampler = components.build("samplers", config.sampler.name, config.sampler.settings)
        self.balancer: AbstractBalancer = components.build("balancers", config.balancer.name, config.balancer.settings)
        self.batches = {name: math.ceil(len(split) / config.batch_size) for name, split in splits.items()}
        steps = sum(len(self._order(epoch)) for epoch in range(1, config.epochs + 1))
        self.optimizer = build_optimizer(model, config.optimizer)
        self.schedule = build_schedule(self.optimizer, config.optimizer, steps)

    def epoch(self, epoch: int) -> dict[str, float]:
        """Train one epoch; the mean loss of each task."""
        self.model.train()
        queues = {name: self._batches_of(name, epoch) for name in self.tasks}
        sums = {name: torch.zeros((), device=self.device) for name in self.tasks}
        counts = dict.fromkeys(self.tasks, 0)
        with torch_stream(self.seed, NAME, "dropout", epoch):
            for step in self._order(epoch):
                losses = {name: self._loss(name, next(queues[name])) for name in step}
                self._update(self.balancer(losses))
                for name, loss in losses.items():
                    sums[name] += loss.detach()
                    counts[name] += 1
        means = {name: float(sums[name]) / counts[name] for name in self.tasks if counts[name]}
        if not all(math.isfinite(mean) for mean in means.values()):
            raise DivergedError(f"the loss is not a finite number in epoch {epoch}: {means}")
        return means

    def _order(self, epoch: int) -> list[tuple[str, ...]]:
        rng = numpy_stream(self.seed, NAME, "sampler", epoch)
        return list(self.sampler.epoch(self.batches, epoch=epoch, epochs=self.config.epochs, rng=rng))

    def _batches_of(self, name: str, epoch: int) -> Iterator[NDArray[np.int64]]:
        """Batches of one task without end; each pass over the task has its own order."""
        lengths, passes = self.splits[name].lengths(), 0
        while True:
            rng = numpy_stream(self.seed, NAME, "batches", name, epoch, passes)
            yield from training_batches(lengths, self.config.batch_size, rng)
            passes += 1

    def _loss(self, name: str, indices: NDArray[np.int64]) -> Tensor:
        batch = collate(self.splits[name], indices, self.pad_id).to(self.device)
        return self.tasks[name].loss(self.model(name, batch), batch.labels)

    def _update(self, loss: Tensor) -> None:
        self.optimizer.zero_grad(set_to_none=True)
        if loss.requires_grad:  # a frozen encoder under a head without parameters leaves nothing to train
            loss.backward()  # type: ignore[no-untyped-call]
        clip(self.model, self.config.optimizer.clip_norm)
        self.optimizer.step()
        self.schedule.step()


def _sample(split: TokenizedSplit, seed: int, name: str) -> TokenizedSplit:
    """The train examples on which the train-dev gap is measured: the same in every epoch."""
    size = min(TRAIN_SAMPLE, len(split))
    chosen = numpy_stream(seed, NAME, "train sample", name).permutation(len(split))[:size]
    return split.take(np.sort(chosen))


def _trained_state(model: MultitaskModel) -> dict[str, Tensor]:
    """A copy of what training changes; the rest of the model stays as it is."""
    return {name: p.detach().clone() for name, p in model.named_parameters() if p.requires_grad}
