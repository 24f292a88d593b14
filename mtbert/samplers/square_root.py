"""The `square_root` sampler: tasks are drawn in proportion to the square root of their size."""

from __future__ import annotations

from mtbert.samplers.abstract import AbstractDrawingSampler


class SquareRootSampler(AbstractDrawingSampler):
    """alpha = 0.5 (Stickland & Murray 2019)."""

    def alpha(self, epoch: int, epochs: int) -> float:
        """Return 0.5."""
        return 0.5
