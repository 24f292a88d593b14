"""The `joint` sampler: one batch of every task in each step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

import numpy as np

from mtbert.samplers.abstract import AbstractSampler


class JointSampler(AbstractSampler):
    """One batch of every task per step, one backward for their balanced losses (Hurtado & Teaw's "simultaneous";
    Zhang), until the smallest task is exhausted.
    """

    gives_all_tasks: ClassVar[bool] = True

    def epoch(
        self, batches: Mapping[str, int], *, epoch: int, epochs: int, rng: np.random.Generator
    ) -> Iterator[tuple[str, ...]]:
        """Yield as many steps as the smallest task has batches."""
        for _ in range(min(batches.values())):
            yield tuple(batches)
