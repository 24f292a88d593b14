"""The `multitask` stage: all tasks are trained together, and the best epoch is kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from mtbert import components
from mtbert.config_parts import MultitaskConfig, TaskConfig
from mtbert.data.tokenize import Prepared, TokenizedSplit
from mtbert.evaluation import Evaluation, evaluate
from mtbert.frozen import FrozenParts, Shared
from mtbert.model import MultitaskModel, freeze
from mtbert.streams import numpy_stream
from mtbert.tasks.abstract import AbstractTask
from mtbert.trainer import DivergedError as DivergedError
from mtbert.trainer import Trainer

NAME = "multitask"

# Train examples a task on which the gap between train and dev is measured each epoch: its standard error is
# about 9 points a task, enough to see overfitting over some seeds, at a fraction of the dev split's cost.
TRAIN_SAMPLE = 32


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


def run(
    model: MultitaskModel,
    config: MultitaskConfig,
    data: Prepared,
    seed: int,
    report: Report,
    options: Mapping[str, TaskConfig] | None = None,
    shared: Shared | None = None,
) -> StageOutcome:
    """Train all heads of `model`, and as much of the encoder as `config.trainable` says.

    `options` says what is particular to a task. The stage ends early where `report` says so, or, without being
    called stopped, after `config.patience` epochs none of which was the best. Raises `DivergedError` when a loss or
    an output is not finite. Every random draw comes from `seed`. What is frozen is computed once; `shared`: for other
    runs too.
    """
    tasks: dict[str, AbstractTask] = {name: components.build("tasks", name, {}) for name in model.heads}
    training = {name: data.splits[name, "train"] for name in tasks}
    sample = {name: train_sample(split, seed, name) for name, split in training.items()}
    dev = {name: data.splits[name, "dev"] for name in tasks}
    freeze(model, config.trainable.name, config.trainable.layers)
    frozen = FrozenParts(model, data.pad_id, shared)
    trainer = Trainer(model, config, tasks, training, data.pad_id, seed, NAME, options, frozen)

    reports: list[EpochReport] = []
    best_state: dict[str, Tensor] = {}
    best, stopped = -1, False
    for epoch in range(1, config.epochs + 1):
        began = time.perf_counter()
        losses = trainer.epoch(epoch)
        trained = time.perf_counter()
        scores = evaluate(model, tasks, dev, data.pad_id, frozen), evaluate(model, tasks, sample, data.pad_id, frozen)
        trainer.observe(losses, _main_metrics(scores[0], tasks, epoch))
        evaluated = time.perf_counter()
        reports.append(EpochReport(epoch, losses, *scores, trained - began, evaluated - trained))
        if best < 0 or reports[-1].dev.score > reports[best].dev.score:
            best, best_state = epoch - 1, _trained_state(model)
        if not report(reports[-1]):
            stopped = epoch < config.epochs
            break
        if config.patience is not None and epoch - (best + 1) >= config.patience:
            break
    model.load_state_dict(best_state, strict=False)
    return StageOutcome(tuple(reports), reports[best], stopped)


def _main_metrics(dev: Evaluation, tasks: Mapping[str, AbstractTask], epoch: int) -> dict[str, float]:
    """Each task's main metric; raises `DivergedError` where an output is not finite."""
    if not dev.finite:
        raise DivergedError(f"an output is not a finite number after epoch {epoch}")
    return {name: dev.tasks[name].metrics[task.main_metric] for name, task in tasks.items()}


def train_sample(split: TokenizedSplit, seed: int, name: str) -> TokenizedSplit:
    """The train examples on which the train-dev gap is measured: the same in every epoch."""
    size = min(TRAIN_SAMPLE, len(split))
    chosen = numpy_stream(seed, NAME, "train sample", name).permutation(len(split))[:size]
    return split.take(np.sort(chosen))


def _trained_state(model: MultitaskModel) -> dict[str, Tensor]:
    """A copy of what training changes; the rest of the model stays as it is."""
    return {name: p.detach().clone() for name, p in model.named_parameters() if p.requires_grad}
