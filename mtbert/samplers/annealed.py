"""The `annealed` sampler: tasks are drawn by size at first, almost evenly in the end."""

from __future__ import annotations

from typing import ClassVar

from mtbert.samplers.abstract import AbstractDrawingSampler


class AnnealedSampler(AbstractDrawingSampler):
    """alpha = 1 - 0.8 (e - 1) / (E - 1) in epoch e of E (Stickland & Murray 2019); 1 if there is only one epoch."""

    depends_on_total: ClassVar[bool] = True

    def alpha(self, epoch: int, epochs: int) -> float:
        """Return 1 in the first epoch, falling to 0.2 in the last."""
        return 1.0 - 0.8 * (epoch - 1) / max(1, epochs - 1)
