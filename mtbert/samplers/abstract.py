"""What every sampler is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal

import numpy as np

STEPS = 2400  # an epoch of a sampler that draws, Stickland & Murray 2019, section 4.1


class AbstractSampler(ABC):
    """The order of one epoch: a sequence of steps, each naming the tasks that give it a batch.

    It sees numbers of batches and its own random generator, nothing of the model, the data or the device.
    `gives_all_tasks`: every step in which shared parameters are trained has a batch of every task.
    `depends_on_total`: an epoch is another one where more epochs follow.
    """

    gives_all_tasks: ClassVar[bool] = False
    depends_on_total: ClassVar[bool] = False

    @abstractmethod
    def epoch(
        self, batches: Mapping[str, int], *, epoch: int, epochs: int, rng: np.random.Generator
    ) -> Iterator[tuple[str, ...]]:
        """The steps of epoch number `epoch` (from 1, of `epochs`).

        `batches` gives the number of batches each task has, in the order of the tasks. A task named more often
        than it has batches starts again in another order.
        """

    def trains(self, epoch: int) -> Literal["all", "own"]:
        """What is trained in epoch number `epoch`: `all` that the configuration trains, or only the `own` parameters
        of the task whose turn it is, its head and its adapters, while everything else is frozen.
        """
        return "all"


def drawn(
    batches: Mapping[str, int], alpha: float, steps: int | None, rng: np.random.Generator
) -> Iterator[tuple[str, ...]]:
    """`steps` steps with one task each (as many as there are batches in all when None), drawn independently.

    Task i comes with probability p_i = N_i^alpha / sum_j N_j^alpha, N_i its number of batches.
    """
    tasks = list(batches)
    weights = np.array([batches[task] for task in tasks], dtype=np.float64) ** alpha
    count = sum(batches.values()) if steps is None else steps
    for chosen in rng.choice(len(tasks), size=count, p=weights / weights.sum()):
        yield (tasks[chosen],)
