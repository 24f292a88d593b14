"""What every sampler is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping

import numpy as np


class AbstractSampler(ABC):
    """The order of one epoch: a sequence of steps, each naming the tasks that give it a batch.

    It sees numbers of batches and its own random generator, nothing of the model, the data or the device.
    """

    @abstractmethod
    def epoch(
        self, batches: Mapping[str, int], *, epoch: int, epochs: int, rng: np.random.Generator
    ) -> Iterator[tuple[str, ...]]:
        """The steps of epoch number `epoch` (from 1, of `epochs`).

        `batches` gives the number of batches each task has, in the order of the tasks. A task named more often
        than it has batches starts again in another order.
        """
