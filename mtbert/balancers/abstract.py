"""What every balancer is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from torch import Tensor, nn


class AbstractBalancer(nn.Module, ABC):
    """A map from the losses of the tasks in a step to the scalar whose gradient is followed."""

    @abstractmethod
    def forward(self, losses: Mapping[str, Tensor]) -> Tensor:
        """The balanced loss (a scalar) of the tasks in this step; `losses` are scalars by task."""
