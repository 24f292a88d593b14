"""The `learned` balancer: weights that are parameters like any other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from mtbert.balancers.abstract import AbstractBalancer


class LearnedBalancer(AbstractBalancer):
    """L = sum_i K softmax(a)_i L_i, the a_i learned from 0, so that all weights are 1 at first (Thapa & Khurana).

    What is minimized is the weighted sum itself: the weights move to the tasks with small losses.
    """

    def __init__(
        self, *, tasks: tuple[str, ...], learning_rate: Annotated[float, Field(gt=0.0, le=1.0)] = 1e-3
    ) -> None:
        super().__init__()
        self.learning_rate = learning_rate  # as of `uncertainty`, whose file says why
        self.place = {task: i for i, task in enumerate(tasks)}
        self.scores = nn.Parameter(torch.zeros(len(tasks)))  # (tasks,)

    def terms(self, losses: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """K softmax(a)_i L_i."""
        weights = torch.softmax(self.scores, dim=0) * len(self.place)  # (tasks,)
        return {task: loss * weights[self.place[task]] for task, loss in losses.items()}
