"""The `sequential` sampler: in each epoch all batches of one task, then of the next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from mtbert.samplers.abstract import AbstractSampler


class SequentialSampler(AbstractSampler):
    """All batches of one task, then all of the next (Hurtado & Teaw; Zhang; Kumar's "round robin").

    `order` names the first tasks; the others follow in the configuration's order.
    """

    def __init__(self, *, order: tuple[str, ...] = ()) -> None:
        self.order = order

    def epoch(
        self, batches: Mapping[str, int], *, epoch: int, epochs: int, rng: np.random.Generator
    ) -> Iterator[tuple[str, ...]]:
        """Yield as many steps as there are batches in all."""
        first = [task for task in self.order if task in batches]
        for task in [*first, *(task for task in batches if task not in first)]:
            for _ in range(batches[task]):
                yield (task,)
