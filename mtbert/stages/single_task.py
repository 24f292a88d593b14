"""The `single_task` stage: after `multitask`, each head is trained alone on its task; everything else is frozen."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial

from mtbert import components
from mtbert.config.parts import MultitaskConfig, OptimizerConfig, SamplerSpec
from mtbert.config.stages import SingleTaskConfig
from mtbert.data.tokenize import Prepared, TokenizedSplit
from mtbert.model import MultitaskModel
from mtbert.stages.keeping import BestOfEach
from mtbert.stages.multitask import EPOCH_SAMPLE, KEPT_SAMPLE, EpochReport, Report, StageOutcome, train_sample
from mtbert.tasks.abstract import AbstractTask
from mtbert.training.evaluation import evaluate, require_finite
from mtbert.training.frozen_cache import FrozenParts
from mtbert.training.trainer import Trainer

NAME = "single_task"


def run(
    model: MultitaskModel,
    config: SingleTaskConfig,
    data: Prepared,
    seed: int,
    report: Report,
    before: StageOutcome,
    optimizer: OptimizerConfig,
    *,
    decide: bool = True,
) -> StageOutcome:
    """Train each head that has parameters; encoder, pooling and adapters are frozen (Sankhe et al., section 3.5).

    Each head keeps its epoch with the best `search` score, the first at a tie. Its state in the best epoch of `before`
    is the first candidate, so no task can get worse. The reports, whose epochs continue those of the stage before, are
    of each task's best head so far. `optimizer` is that of `multitask`, and so is `decide`.

    Raises:
        DivergedError: a loss or an output is not finite.
    """
    tasks: dict[str, AbstractTask] = {name: components.build("tasks", name, {}) for name in model.heads}
    model.requires_grad_(False)
    frozen = FrozenParts(model, data.pad_id)
    trainers = _trainers(model, config, optimizer, tasks, data, seed, frozen)
    keeping = _best_heads(model, tasks, before)
    measure = partial(evaluate, model, tasks, pad_id=data.pad_id, frozen=frozen)
    search, sample, *at_the_end = _measured_splits(data, tasks, seed)
    reports, stopped, last_score = list[EpochReport](), False, before.best.search.score
    while not stopped and len(reports) < config.epochs:
        epoch, began = len(reports) + 1, time.perf_counter()
        losses = {name: _epoch(model, trainer, name, epoch) for name, trainer in trainers.items()}
        trained = time.perf_counter()
        now = measure(search), measure(sample)
        require_finite(now[0], epoch, NAME)
        evaluations, last_score = keeping.observe(*now), now[0].score
        number, evaluated = before.epochs[-1].epoch + epoch, time.perf_counter()
        reports.append(EpochReport(number, losses, *evaluations, trained - began, evaluated - trained))
        stopped = not report(reports[-1]) and epoch < config.epochs
    keeping.restore()
    model.requires_grad_(False)
    best = next(each for each in (before.best, *reports) if each.search.score == reports[-1].search.score)
    outcome, began = StageOutcome(tuple(reports), best, stopped, last_score), time.perf_counter()
    if stopped or not decide:
        return outcome
    dev, train = map(measure, at_the_end)
    return replace(outcome, dev=dev, train=train, eval_seconds=time.perf_counter() - began)


def _best_heads(model: MultitaskModel, tasks: Mapping[str, AbstractTask], before: StageOutcome) -> BestOfEach:
    """Return the record of each task's best head, which starts with the best epoch of the stage before."""
    heads = {name: tuple(f"heads.{name}.{key}" for key, _ in model.heads[name].named_parameters()) for name in tasks}
    keeping = BestOfEach(model, tasks, heads)
    keeping.observe(before.best.search, before.best.train)
    return keeping


def _measured_splits(data: Prepared, tasks: Iterable[str], seed: int) -> tuple[dict[str, TokenizedSplit], ...]:
    """Return what is measured, by task: after an epoch, `search` and a sample of train; then dev and a larger one."""
    names = tuple(tasks)
    search, dev = ({name: data.splits[name, part] for name in names} for part in ("search", "dev"))
    sample, large = (
        {name: train_sample(data.splits[name, "train"], seed, name, most) for name in names}
        for most in (EPOCH_SAMPLE, KEPT_SAMPLE)
    )
    return search, sample, dev, large


def _trainers(
    model: MultitaskModel,
    config: SingleTaskConfig,
    optimizer: OptimizerConfig,
    tasks: Mapping[str, AbstractTask],
    data: Prepared,
    seed: int,
    frozen: FrozenParts,
) -> dict[str, Trainer]:
    rate = {"learning_rate": config.learning_rate, "head_learning_rate": None, "schedule": "constant"}
    part = MultitaskConfig(
        epochs=config.epochs,
        batch_size=config.batch_size,
        sampler=SamplerSpec(name="sequential"),
        optimizer=optimizer.model_copy(update=rate),
    )
    trainers = {}
    for name, task in tasks.items():
        if not any(True for _ in model.heads[name].parameters()):
            continue  # a cosine head may have no parameters
        _train_only(model, name)
        training, stage = {name: data.splits[name, "train"]}, f"{NAME}/{name}"
        trainers[name] = Trainer(model, part, {name: task}, training, data.pad_id, seed, stage, frozen=frozen)
    return trainers


def _epoch(model: MultitaskModel, trainer: Trainer, name: str, epoch: int) -> float:
    """Train one epoch of one head; return its mean loss."""
    _train_only(model, name)
    return trainer.epoch(epoch)[name]


def _train_only(model: MultitaskModel, name: str) -> None:
    model.requires_grad_(False)
    model.heads[name].requires_grad_(True)
