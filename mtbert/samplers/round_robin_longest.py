"""The `round_robin_longest` sampler: one batch of each task in turn, as many as the largest task has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from mtbert.samplers.abstract import AbstractSampler


class RoundRobinLongestSampler(AbstractSampler):
    """One batch of each task in turn, until the largest task is exhausted; smaller ones start again (Hurtado & Teaw's
    "cycling over max-size"; one of Thapa & Khurana's two).
    """

    def epoch(
        self, batches: Mapping[str, int], *, epoch: int, epochs: int, rng: np.random.Generator
    ) -> Iterator[tuple[str, ...]]:
        """Yield (number of tasks) x (batches of the largest) steps."""
        for _ in range(max(batches.values())):
            for task in batches:
                yield (task,)
