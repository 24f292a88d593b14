"""What a training step costs: CPU seconds of configurations that take turns in one process, memory of one alone.

CPU seconds of one thread, not wall time: what others do on a shared machine then hardly counts. Linux only, for the
memory.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_post_hook

from mtbert import components
from mtbert.assembly import build_model
from mtbert.config import RunConfig
from mtbert.data.prepared import load_prepared
from mtbert.data.tokenize import Prepared
from mtbert.model import MultitaskModel
from mtbert.stages import fine_tune_first, mlm, multitask, simcse_supervised, simcse_unsupervised, single_task
from mtbert.training.trainer import Trainer

PRETRAINING = {module.NAME: module for module in (mlm, simcse_unsupervised, simcse_supervised)}
STAGES = (*PRETRAINING, fine_tune_first.NAME, single_task.NAME)


class Contestant(NamedTuple):
    """A configuration, the stage whose steps are measured, and the folder of its prepared data."""

    config: RunConfig
    stage: str
    folder: str


class Alone(NamedTuple):
    """What one configuration takes in a process of its own: the most memory it held, what `multitask` trains."""

    peak_bytes: int
    trainable: int


class Steps:
    """When each step of an optimizer ended, in CPU seconds."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Inside, the steps of all optimizers are noted; those noted before are forgotten."""
        self.ends.clear()
        handle = register_optimizer_step_post_hook(self._ended)
        try:
            yield
        finally:
            handle.remove()

    def _ended(self, _: Optimizer, *__: object) -> None:
        self.ends.append(time.process_time())


def in_turns(contestants: Sequence[Contestant], turns: int) -> list[list[float]]:
    """CPU seconds of a batch, in each of `turns` turns, of each contestant; one more turn before warms up."""
    torch.set_num_threads(1)
    take = [_turn_of(contestant)[1] for contestant in contestants]
    seconds: list[list[float]] = [[] for _ in contestants]
    for turn in range(turns + 1):
        order = range(len(take)) if turn % 2 else reversed(range(len(take)))
        for i in order:
            found = take[i]()
            seconds[i] += [found] if turn else []
    return seconds


def alone(contestant: Contestant) -> Alone:
    """Peak memory of this process during training, interpreter and libraries included; to be called once in one."""
    torch.set_num_threads(1)
    model, take = _turn_of(contestant)
    trainable = model.trainable_parameters()
    Path("/proc/self/clear_refs").write_text("5")  # the peak so far was that of reading the checkpoint
    take(), take()
    status = Path("/proc/self/status").read_text().splitlines()
    kilobytes = next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
    return Alone(kilobytes * 1024, trainable)


def _turn_of(contestant: Contestant) -> tuple[MultitaskModel, Callable[[], float]]:
    """A model, and what trains it for a turn when called and gives the CPU seconds of a batch, one task's."""
    config, stage, folder = contestant
    steps = Steps()
    data = load_prepared(folder)
    model = build_model(config, data.vocabulary_size)
    if stage == multitask.NAME:
        return model, _epochs(model, config, data, steps)

    def take() -> float:
        with steps.watched():
            _run_stage(model, config, data, stage)
        return (steps.ends[-1] - steps.ends[0]) / (len(steps.ends) - 1)

    return model, take


def _epochs(model: MultitaskModel, config: RunConfig, data: Prepared, steps: Steps) -> Callable[[], float]:
    """A turn of the multitask stage: one epoch, and the next one too where the sampler trains something else in it."""
    tasks = {name: components.build("tasks", name, {}) for name in config.tasks}
    splits = {name: data.splits[name, "train"] for name in tasks}
    part = config.multitask
    trainer = Trainer(model, part, tasks, splits, data.pad_id, config.seed, multitask.NAME, config.tasks)
    many = 1 if trainer.sampler.trains(1) == trainer.sampler.trains(2) else 2
    numbers = count(1)

    def take() -> float:
        seconds, batches = 0.0, 0
        for _ in range(many):
            epoch = next(numbers)
            order = trainer.sampler.epoch(
                trainer.batches, epoch=epoch, epochs=part.epochs, rng=np.random.default_rng(0)
            )
            batches += sum(len(step) for step in order)
            with steps.watched():
                began = time.process_time()
                trainer.epoch(epoch)
                seconds += time.process_time() - began
        return seconds / batches

    return take


def _run_stage(model: MultitaskModel, config: RunConfig, data: Prepared, stage: str) -> None:
    part = getattr(config, stage)
    if stage in PRETRAINING:
        PRETRAINING[stage].run(model, part, data, config.seed)
    elif stage == fine_tune_first.NAME:
        fine_tune_first.run(model, part, data, config.seed, config.tasks)
    else:
        single_task.run(model, part, data, config.seed, lambda _: True, after=0)
