"""The bases of all samplers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal

import numpy as np
from pydantic import PositiveInt

STEPS = 2400  # per epoch of a sampler that draws, Stickland & Murray 2019, section 4.1


class AbstractSampler(ABC):
    """The order of one epoch: a sequence of steps, each naming the tasks that provide a batch for it.

    A sampler sees numbers of batches and its own random generator, nothing of the model, the data or the device.
    `gives_all_tasks`: every step in which shared parameters are trained has a batch of every task. `depends_on_total`:
    an epoch is different if more epochs follow.
    """

    gives_all_tasks: ClassVar[bool] = False
    depends_on_total: ClassVar[bool] = False

    @abstractmethod
    def epoch(
        self, batches: Mapping[str, int], *, epoch: int, epochs: int, rng: np.random.Generator
    ) -> Iterator[tuple[str, ...]]:
        """Yield the steps of epoch number `epoch` (from 1, of `epochs`).

        `batches` is the number of batches of each task, in the order of the tasks. A task named more often than it has
        batches starts again in another order.
        """

    def trains(self, epoch: int) -> Literal["all", "own"]:
        """Return what epoch number `epoch` trains: `all` that the configuration trains, or only the `own` parameters of
        the task whose turn it is, its head and its adapters, while everything else is frozen.
        """
        return "all"


class AbstractDrawingSampler(AbstractSampler):
    """Steps with one task each, drawn independently: p_i = N_i^alpha / sum_j N_j^alpha (Stickland & Murray 2019).

    N_i is the task's number of batches, which is proportional to its examples where batches are equally large. An epoch
    has `steps` steps; None: as many as there are batches in all.
    """

    def __init__(self, *, steps: PositiveInt | None = STEPS) -> None:
        self.steps = steps

    @abstractmethod
    def alpha(self, epoch: int, epochs: int) -> float:
        """Return the exponent in epoch number `epoch` (from 1, of `epochs`)."""

    def epoch(
        self, batches: Mapping[str, int], *, epoch: int, epochs: int, rng: np.random.Generator
    ) -> Iterator[tuple[str, ...]]:
        """Yield `steps` steps with one task each."""
        tasks = list(batches)
        weights = np.array([batches[task] for task in tasks], dtype=np.float64) ** self.alpha(epoch, epochs)
        count = sum(batches.values()) if self.steps is None else self.steps
        for chosen in rng.choice(len(tasks), size=count, p=weights / weights.sum()):
            yield (tasks[chosen],)
