"""The `hybrid` sampler: epochs in which each task trains its own parameters alternate with joint ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal

import numpy as np

from mtbert.samplers.abstract import AbstractSampler


class HybridSampler(AbstractSampler):
    """Zhang's hybrid curriculum; epochs count from 1.

    Odd epochs: all batches of one task, then of the next, with everything frozen except the task's own head and
    adapters. Even epochs: one batch of every task per step, everything trained, until the smallest task is exhausted. A
    larger task (Quora) thus provides as many examples as the others, drawn again each time.
    """

    gives_all_tasks: ClassVar[bool] = True  # shared parameters are frozen in epochs with one task per step

    def epoch(
        self, batches: Mapping[str, int], *, epoch: int, epochs: int, rng: np.random.Generator
    ) -> Iterator[tuple[str, ...]]:
        """Yield as many steps as there are batches in all in odd epochs, and as the smallest task has in even ones."""
        if epoch % 2:
            for task, count in batches.items():
                yield from [(task,)] * count
        else:
            yield from [tuple(batches)] * min(batches.values())

    def trains(self, epoch: int) -> Literal["all", "own"]:
        """Return `own` in odd epochs, `all` in even ones."""
        return "own" if epoch % 2 else "all"
