"""The `uniform` sampler: tasks are drawn evenly, whatever their size."""

from __future__ import annotations

from mtbert.samplers.abstract import AbstractDrawingSampler


class UniformSampler(AbstractDrawingSampler):
    """alpha = 0: all tasks are equally likely (Stickland & Murray 2019)."""

    def alpha(self, epoch: int, epochs: int) -> float:
        """Return 0.0."""
        return 0.0
