"""The `proportional` sampler: tasks are drawn in proportion to their size."""

from __future__ import annotations

from mtbert.samplers.abstract import AbstractDrawingSampler


class ProportionalSampler(AbstractDrawingSampler):
    """alpha = 1 (Stickland & Murray 2019)."""

    def alpha(self, epoch: int, epochs: int) -> float:
        """Return 1.0."""
        return 1.0
