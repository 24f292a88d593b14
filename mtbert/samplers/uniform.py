"""The `uniform` sampler: tasks drawn evenly, whatever their size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from pydantic import PositiveInt

from mtbert.samplers.abstract import STEPS, AbstractSampler, drawn


class UniformSampler(AbstractSampler):
    """p_i equal for all tasks (Stickland & Murray 2019, alpha = 0).

    `steps` an epoch; None: as many as there are batches in all.
    """

    def __init__(self, *, steps: PositiveInt | None = STEPS) -> None:
        self.steps = steps

    def epoch(
        self, batches: Mapping[str, int], *, epoch: int, epochs: int, rng: np.random.Generator
    ) -> Iterator[tuple[str, ...]]:
        """`steps` steps, each with one task, drawn evenly."""
        yield from drawn(batches, 0.0, self.steps, rng)
