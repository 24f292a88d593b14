"""The `annealed` sampler: tasks drawn by size at first, almost evenly at last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

import numpy as np
from pydantic import PositiveInt

from mtbert.samplers.abstract import STEPS, AbstractSampler, drawn


class AnnealedSampler(AbstractSampler):
    """p_i proportional to N_i^alpha, alpha = 1 - 0.8 (e - 1) / (E - 1) in epoch e of E (Stickland & Murray 2019).

    N_i is the task's number of batches: proportional to its examples where batches are equally large. The only epoch
    of a run with one has alpha = 1.

    `steps` an epoch; None: as many as there are batches in all.
    """

    depends_on_total: ClassVar[bool] = True

    def __init__(self, *, steps: PositiveInt | None = STEPS) -> None:
        self.steps = steps

    def epoch(
        self, batches: Mapping[str, int], *, epoch: int, epochs: int, rng: np.random.Generator
    ) -> Iterator[tuple[str, ...]]:
        """`steps` steps, each with one task, drawn with the epoch's alpha."""
        alpha = 1.0 - 0.8 * (epoch - 1) / max(1, epochs - 1)
        yield from drawn(batches, alpha, self.steps, rng)
