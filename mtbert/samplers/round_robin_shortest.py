"""The `round_robin_shortest` sampler: one batch of each task in turn, as many as the smallest task has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from mtbert.samplers.abstract import AbstractSampler


class RoundRobinShortestSampler(AbstractSampler):
    """One batch of each task in turn, until the smallest task is exhausted (the better of Thapa & Khurana's two).

    A larger task provides other batches in the next epoch: its order is drawn again each epoch.
    """

    def epoch(
        self, batches: Mapping[str, int], *, epoch: int, epochs: int, rng: np.random.Generator
    ) -> Iterator[tuple[str, ...]]:
        """Yield (number of tasks) x (batches of the smallest) steps."""
        for _ in range(min(batches.values())):
            for task in batches:
                yield (task,)
