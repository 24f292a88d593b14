"""The `multitask` stage: all tasks are trained together, epoch by epoch, and the best epoch is kept."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mtbert import components
from mtbert.config.parts import MultitaskConfig, TaskConfig
from mtbert.data.tokenize import Prepared, TokenizedSplit
from mtbert.model import MultitaskModel, freeze
from mtbert.random_streams import numpy_stream
from mtbert.stages.keeping import BestOfEach, own_parts
from mtbert.tasks.abstract import AbstractTask
from mtbert.training.evaluation import Evaluation, TaskEvaluation, evaluate, evaluation_of, require_finite
from mtbert.training.frozen_cache import FeaturesMade, FrozenParts, Shared
from mtbert.training.trainer import DivergedError as DivergedError
from mtbert.training.trainer import Trainer, below

NAME = "multitask"

# Train examples per task that are measured after each epoch, for the curves: a sign of overfitting at a fraction of the
# dev split's cost. The standard error of one run is about 9 points per task.
EPOCH_SAMPLE = 32
# Train examples per task that are measured in the best epoch, for the gap between train and dev (standard error 2
# points).
KEPT_SAMPLE = 512


@dataclass(frozen=True, eq=False)
class EpochReport:
    """The results of one epoch (from 1): mean loss per task, evaluations, and seconds.

    `search` is the evaluation on the part of dev that chooses epochs and configurations, `train` on few train examples.
    The seconds do not include the features of frozen parts, which are computed in the epoch that reads them first. If
    each task keeps its own best epoch, the evaluations are of the best of each so far.
    """

    epoch: int
    losses: Mapping[str, float]
    search: Evaluation
    train: Evaluation
    train_seconds: float
    eval_seconds: float


@dataclass(frozen=True, eq=False)
class StageState:
    """The state of the stage after an epoch, as it can be saved: tensors by name, and JSON data."""

    tensors: Mapping[str, Tensor]
    data: Mapping[str, Any]


# Called after every epoch; False ends the stage there (the run is pruned).
Report = Callable[[EpochReport], bool]


@dataclass(frozen=True, eq=False)
class StageOutcome:
    """The epochs of the stage, the best of them by `search` score (the first at a tie), and whether it was stopped.

    The model is left in the state of the best epoch. `dev` is its evaluation on the part of dev that decides, which has
    chosen nothing, `train` on the larger sample of the train split; None if they were not measured, which took
    `eval_seconds`. `last_score` is the `search` score after the last epoch.
    """

    epochs: tuple[EpochReport, ...]
    best: EpochReport
    stopped: bool
    last_score: float
    dev: Evaluation | None = None
    train: Evaluation | None = None
    eval_seconds: float = 0.0


class AbstractPieces(ABC):
    """Storage of the stage's epochs, for runs with the same beginning."""

    @abstractmethod
    def reads(self, made: Sequence[FeaturesMade]) -> None:
        """Note the features that the stage reads, at its start; `made` grows with them."""

    @abstractmethod
    def latest(self) -> StageState | None:
        """Return the state after the last stored epoch; the model already has its parameters."""

    @abstractmethod
    def after(self, epoch: int, over: bool, state: Callable[[], StageState]) -> None:
        """Store an epoch if needed; `over`: it ends the stage or the run. `state` returns its state."""


def run(
    model: MultitaskModel,
    config: MultitaskConfig,
    data: Prepared,
    seed: int,
    report: Report,
    options: Mapping[str, TaskConfig] | None = None,
    pieces: AbstractPieces | None = None,
    shared: Shared | None = None,
    *,
    decide: bool = True,
) -> StageOutcome:
    """Train all heads of `model`, and the part of the encoder that `config.trainable` names.

    `options` has the settings of single tasks. The stage ends early if `report` returns False, or, without being called
    stopped, after `config.patience` epochs without a new best one. Every random draw depends on `seed`. Epochs that
    `pieces` has are reported and not trained again; if `report` ends the run at one of them, the model is left in a
    later state. Frozen parts are computed once; with `shared` for other runs too. `decide`: dev and the larger sample
    of the train split are measured at the end, unless the stage was stopped.

    Raises:
        DivergedError: a loss or an output is not finite.
    """
    course = _Course(model, config, data, seed, options, shared)
    if pieces is not None:
        pieces.reads(course.frozen.made)
    stored = pieces.latest() if pieces is not None else None
    if stored is not None:
        course.restore(stored)
    for number, known in enumerate(course.reports, start=1):
        if not report(known) and number < config.epochs:
            reached = tuple(course.reports[:number])
            return StageOutcome(reached, best_of(reached), stopped=True, last_score=known.search.score)
    stopped = False
    while not (stopped or course.over()):
        now = course.epoch()
        stopped = not report(now) and now.epoch < config.epochs
        if pieces is not None:
            pieces.after(now.epoch, stopped or course.over(), course.state)
    return course.outcome(stopped, decide and not stopped)


def best_of(reports: Sequence[EpochReport]) -> EpochReport:
    """Return the report with the best `search` score, the first at a tie."""
    return max(reports, key=lambda each: each.search.score)


class _Course:
    """The stage so far: trainer, reports, and the parameters of the best epoch."""

    def __init__(
        self,
        model: MultitaskModel,
        config: MultitaskConfig,
        data: Prepared,
        seed: int,
        options: Mapping[str, TaskConfig] | None,
        shared: Shared | None,
    ) -> None:
        self.model, self.config, self.pad_id = model, config, data.pad_id
        self.tasks: dict[str, AbstractTask] = {name: components.build("tasks", name, {}) for name in model.heads}
        training = {name: data.splits[name, "train"] for name in self.tasks}
        self.sample = {name: train_sample(split, seed, name) for name, split in training.items()}
        self.large_sample = {name: train_sample(split, seed, name, KEPT_SAMPLE) for name, split in training.items()}
        self.search, self.dev = ({name: data.splits[name, part] for name in self.tasks} for part in ("search", "dev"))
        freeze(model, config.trainable.name, config.trainable.layers)
        self.frozen = FrozenParts(model, data.pad_id, shared)
        self.trainer = Trainer(model, config, self.tasks, training, data.pad_id, seed, NAME, options, self.frozen)
        self.reports: list[EpochReport] = []
        self.best: EpochReport | None = None
        self.best_state: dict[str, Tensor] = {}
        self.last_score = 0.0
        self.each = self._best_of_each() if config.best_epoch == "each_task" else None

    def epoch(self) -> EpochReport:
        """Train and measure one more epoch."""
        began = self._clock()
        losses = self.trainer.epoch(len(self.reports) + 1)
        trained = self._clock()
        search, train = self._measure(self.search), self._measure(self.sample)
        require_finite(search, len(self.reports) + 1, NAME)
        scores = {name: search.tasks[name].metrics[task.main_metric] for name, task in self.tasks.items()}
        self.trainer.observe(losses, scores)
        self.last_score = search.score
        if self.each is not None:
            search, train = self.each.observe(search, train)
        seconds = trained - began, self._clock() - trained
        self.reports.append(EpochReport(len(self.reports) + 1, losses, search, train, *seconds))
        if self.best is None or search.score > self.best.search.score:
            self.best = self.reports[-1]
            self.best_state = _trained_state(self.model) if self.each is None else {}
        return self.reports[-1]

    def _clock(self) -> float:
        """Return a time in seconds that does not advance while features are computed or read."""
        return time.perf_counter() - self.frozen.seconds

    def over(self) -> bool:
        """Return whether the configuration asks for no further epoch."""
        done, patience = len(self.reports), self.config.patience
        tired = self.best is not None and patience is not None and done - self.best.epoch >= patience
        return done >= self.config.epochs or tired

    def _measure(self, splits: Mapping[str, TokenizedSplit]) -> Evaluation:
        return evaluate(self.model, self.tasks, splits, self.pad_id, self.frozen)

    def outcome(self, stopped: bool, decide: bool) -> StageOutcome:
        """Load the best epoch into the model and return the outcome of the stage."""
        assert self.best is not None
        if self.each is None:
            self.model.load_state_dict(self.best_state, strict=False)
        else:
            self.each.restore()
        before = tuple(self.reports), self.best, stopped, self.last_score
        if not decide:
            return StageOutcome(*before)
        began = self._clock()
        dev, train = self._measure(self.dev), self._measure(self.large_sample)
        return StageOutcome(*before, dev, train, self._clock() - began)

    def state(self) -> StageState:
        """Return everything that a longer run needs to continue from here, besides the model's parameters."""
        assert self.best is not None
        tensors, trainer = self.trainer.state()
        if self.each is not None:
            tensors |= {f"best.{name}": value for name, value in self.each.states.items()}
        elif self.best is not self.reports[-1]:
            tensors |= {f"best.{name}": value for name, value in self.best_state.items()}
        for report in self.reports:
            for split, evaluation in (("search", report.search), ("train", report.train)):
                for name, task in evaluation.tasks.items():
                    tensors[f"{split}.{report.epoch}.{name}"] = torch.from_numpy(task.outputs)
        epochs = [[report.losses, report.train_seconds, report.eval_seconds] for report in self.reports]
        best = {"best": self.best.epoch, "last": self.last_score}
        return StageState(tensors, {"trainer": trainer, "epochs": epochs, **best})

    def restore(self, state: StageState) -> None:
        """Continue from what `state` returned."""
        self.trainer.restore(state.tensors, state.data["trainer"])
        for epoch, (losses, *seconds) in enumerate(state.data["epochs"], start=1):
            search, train = (self._measured(state, split, epoch) for split in ("search", "train"))
            self.reports.append(EpochReport(epoch, losses, search, train, *seconds))
        self.best, self.last_score = self.reports[state.data["best"] - 1], state.data["last"]
        if self.each is not None:
            self.each.recall(below("best", state.tensors), self.reports[-1].search, self.reports[-1].train)
            return
        now = _trained_state(self.model)
        kept = {name: state.tensors.get(f"best.{name}") for name in now}
        self.best_state = {name: value if (best := kept[name]) is None else best for name, value in now.items()}

    def _best_of_each(self) -> BestOfEach:
        """Return the record of each task's best epoch, for the parameters that are trained."""
        parts = {task: own_parts(self.model, task) for task in self.tasks}
        own = {task: tuple(n for n in self.trainer.trained if n.startswith(begin)) for task, begin in parts.items()}
        return BestOfEach(self.model, self.tasks, own)

    def _measured(self, state: StageState, split: str, epoch: int) -> Evaluation:
        """Return the evaluation of an epoch, from its stored outputs."""
        results = {}
        for name, task in self.tasks.items():
            labels = np.asarray((self.search if split == "search" else self.sample)[name].labels)
            outputs = state.tensors[f"{split}.{epoch}.{name}"].numpy()
            results[name] = TaskEvaluation(outputs, labels, task.metrics(outputs, labels))
        return evaluation_of(self.tasks, results)


def train_sample(split: TokenizedSplit, seed: int, name: str, most: int = EPOCH_SAMPLE) -> TokenizedSplit:
    """Return the train examples that measure the train-dev gap: always the same, nested in larger samples."""
    chosen = numpy_stream(seed, NAME, "train sample", name).permutation(len(split))[:most]
    return split.take(np.sort(chosen))


def _trained_state(model: MultitaskModel) -> dict[str, Tensor]:
    """Return a copy of the parameters that are trained."""
    return {name: p.detach().clone() for name, p in model.named_parameters() if p.requires_grad}
