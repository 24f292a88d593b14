"""The `learned` balancer: weights that are trained like other parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from mtbert.balancers.abstract import AbstractBalancer


class LearnedBalancer(AbstractBalancer):
    """L = sum_i K softmax(a)_i L_i, the a_i learned from 0, so that all weights are 1 at first (Thapa & Khurana).

    The weighted sum itself is minimized, so the weights move to the tasks with small losses.
    """

    def __init__(
        self, *, tasks: tuple[str, ...], learning_rate: Annotated[float, Field(gt=0.0, le=1.0)] = 1e-3
    ) -> None:
        super().__init__()
        self.learning_rate = learning_rate  # `uncertainty.py` explains the default
        self.place = {task: i for i, task in enumerate(tasks)}
        self.scores = nn.Parameter(torch.zeros(len(tasks)))  # (tasks,)

    def terms(self, losses: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return K softmax(a)_i L_i."""
        weights = torch.softmax(self.scores, dim=0) * len(self.place)  # (tasks,)
        return {task: loss * weights[self.place[task]] for task, loss in losses.items()}
