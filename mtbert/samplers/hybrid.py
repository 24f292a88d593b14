"""The `hybrid` sampler: epochs in which each task trains what is its own, in turn with joint ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal

import numpy as np

from mtbert.samplers.abstract import AbstractSampler


class HybridSampler(AbstractSampler):
    """Zhang's hybrid curriculum; epochs count from 1.

    Odd epochs: all batches of one task, then of the next, everything frozen but the task's own head and adapters.
    Even epochs: one batch of every task per step, everything is trained, until the smallest task is exhausted: so
    a larger one (Quora) gives as many examples as the others, drawn anew each time.
    """

    gives_all_tasks: ClassVar[bool] = True  # what is shared is frozen in the epochs with one task a step

    def epoch(
        self, batches: Mapping[str, int], *, epoch: int, epochs: int, rng: np.random.Generator
    ) -> Iterator[tuple[str, ...]]:
        """As many steps as there are batches in all in odd epochs, as the smallest task has in even ones."""
        if epoch % 2:
            for task, count in batches.items():
                yield from [(task,)] * count
        else:
            yield from [tuple(batches)] * min(batches.values())

    def trains(self, epoch: int) -> Literal["all", "own"]:
        """`own` in odd epochs, `all` in even ones."""
        return "own" if epoch % 2 else "all"
