"""The `sum` balancer: every task's loss counts once."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from mtbert.balancers.abstract import AbstractBalancer


class SumBalancer(AbstractBalancer):
    """L = sum of the tasks' losses; with one task a step, that task's loss."""

    def forward(self, losses: Mapping[str, Tensor]) -> Tensor:
        """The balanced loss, a scalar."""
        return torch.stack(list(losses.values())).sum()
