"""The `squared` balancer: the larger a loss, the more it counts."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from mtbert.balancers.abstract import AbstractBalancer


class SquaredBalancer(AbstractBalancer):
    """L = sum L_i^2 (Zhang): task i has the weight 2 L_i, which depends on its own loss alone."""

    def terms(self, losses: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return L_i^2."""
        return {task: loss.square() for task, loss in losses.items()}
