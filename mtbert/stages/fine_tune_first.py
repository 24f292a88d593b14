"""The `fine_tune_first` stage: one task is trained alone before all are trained together."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from mtbert import components
from mtbert.config.parts import MultitaskConfig, OptimizerConfig, SamplerSpec, TaskConfig
from mtbert.config.stages import FineTuneFirstConfig
from mtbert.data.tokenize import Prepared
from mtbert.model import MultitaskModel, freeze
from mtbert.stages.losses import StageLosses
from mtbert.tasks.abstract import AbstractTask
from mtbert.training.evaluation import evaluate, require_finite
from mtbert.training.trainer import Trainer

NAME = "fine_tune_first"


def run(
    model: MultitaskModel,
    config: FineTuneFirstConfig,
    data: Prepared,
    seed: int,
    options: Mapping[str, TaskConfig],
    optimizer: OptimizerConfig,
) -> StageLosses:
    """Train encoder, pooling and the head of `config.task`; keep the epoch with its best score on `search`.

    Thapa & Khurana's "pre-QQP". The whole encoder is trained, whatever `multitask.trainable` says. Other tasks benefit
    through it, so it must be shared. `optimizer` is that of `multitask`, used if the stage has none.

    Raises:
        DivergedError: a loss or an output is not finite.
    """
    name = config.task
    tasks: dict[str, AbstractTask] = {name: components.build("tasks", name, {})}
    freeze(model, "all", None)
    trainer = _trainer(model, config, data, seed, tasks, options[name], config.optimizer or optimizer)
    losses: list[float] = []
    best, best_state = float("-inf"), dict[str, Tensor]()
    for epoch in range(1, config.epochs + 1):
        losses.append(trainer.epoch(epoch)[name])
        search = evaluate(model, tasks, {name: data.splits[name, "search"]}, data.pad_id)
        require_finite(search, epoch, NAME)
        score = search.tasks[name].metrics[tasks[name].main_metric]
        if score > best:
            best, best_state = score, {key: p.detach().clone() for key, p in model.state_dict().items()}
    model.load_state_dict(best_state)
    return StageLosses(tuple(losses))


def _trainer(
    model: MultitaskModel,
    config: FineTuneFirstConfig,
    data: Prepared,
    seed: int,
    tasks: Mapping[str, AbstractTask],
    options: TaskConfig,
    optimizer: OptimizerConfig,
) -> Trainer:
    part = MultitaskConfig(
        epochs=config.epochs,
        batch_size=config.batch_size,
        sampler=SamplerSpec(name="sequential"),
        optimizer=optimizer,
    )
    most = None if config.batches is None else config.batches * config.batch_size
    own = options.model_copy(update={"batch_size": config.batch_size, "subsample": most})
    splits = {config.task: data.splits[config.task, "train"]}
    return Trainer(model, part, tasks, splits, data.pad_id, seed, NAME, {config.task: own})
