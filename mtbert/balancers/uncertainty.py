"""The `uncertainty` balancer: each task's noise is learned, and a noisy task counts less."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from mtbert.balancers.abstract import AbstractBalancer

# Adam changes a parameter by about its learning rate per step, whatever its scale. At an encoder's 1e-5 a weight would
# change by 1 % in a thousand steps; at this rate it can follow the losses within an epoch.
LEARNING_RATE = 1e-3


class UncertaintyBalancer(AbstractBalancer):
    """L = sum_i exp(-s_i) L_i c_i + s_i / 2, s_i = log sigma_i^2 learned from 0 (Kendall, Gal & Cipolla 2018, eq. 10).

    c_i is 1 for a classification and 1/2 for a regression with a squared error.
    """

    def __init__(
        self,
        *,
        tasks: tuple[str, ...],
        regression: frozenset[str],
        learning_rate: Annotated[float, Field(gt=0.0, le=1.0)] = LEARNING_RATE,
    ) -> None:
        super().__init__()
        self.regression, self.learning_rate = regression, learning_rate
        self.log_variances = nn.ParameterDict({task: nn.Parameter(torch.zeros(())) for task in tasks})

    def terms(self, losses: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return exp(-s_i) L_i c_i + s_i / 2."""
        return {task: self._term(task, loss) for task, loss in losses.items()}

    def _term(self, task: str, loss: Tensor) -> Tensor:
        s: Tensor = self.log_variances[task]
        return torch.exp(-s) * loss * (0.5 if task in self.regression else 1.0) + s / 2
