"""The `square_root` sampler: tasks drawn in proportion to the square root of their size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from pydantic import PositiveInt

from mtbert.samplers.abstract import STEPS, AbstractSampler, drawn


class SquareRootSampler(AbstractSampler):
    """p_i proportional to N_i^0.5, N_i the task's number of batches (Stickland & Murray 2019, alpha = 0.5).

    `steps` an epoch; None: as many as there are batches in all.
    """

    def __init__(self, *, steps: PositiveInt | None = STEPS) -> None:
        self.steps = steps

    def epoch(
        self, batches: Mapping[str, int], *, epoch: int, epochs: int, rng: np.random.Generator
    ) -> Iterator[tuple[str, ...]]:
        """`steps` steps, each with one task, drawn in proportion to the root of its batches."""
        yield from drawn(batches, 0.5, self.steps, rng)
