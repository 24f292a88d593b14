"""The `dwa` balancer (dynamic weight average): a task whose loss falls slowly counts more."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field
from torch import Tensor

from mtbert.balancers.abstract import AbstractBalancer


class DwaBalancer(AbstractBalancer):
    """lambda_k = K exp(w_k / T) / sum_i exp(w_i / T), w_k = L_k(t-1) / L_k(t-2) (Liu et al. 2019, eq. 7).

    t counts epochs, L_k(t) is the mean of the epoch's losses before they are weighted, K the number of tasks, T the
    `temperature`. All weights are 1 in the first two epochs, and until every task has two losses.
    """

    idle_epochs: ClassVar[int] = 2

    def __init__(self, *, tasks: tuple[str, ...], temperature: Annotated[float, Field(gt=0.0)] = 2.0) -> None:
        super().__init__()
        self.temperature = temperature
        self.seen: dict[str, list[float]] = {task: [] for task in tasks}
        self.weights = dict.fromkeys(tasks, 1.0)

    def terms(self, losses: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return lambda_k L_k."""
        return {task: loss * self.weights[task] for task, loss in losses.items()}

    def observe(self, mean_losses: Mapping[str, float], dev_scores: Mapping[str, float]) -> None:
        """Compute the weights of the next epoch."""
        for task, loss in mean_losses.items():
            self.seen[task] = [*self.seen[task], loss][-2:]
        if any(len(seen) < 2 or seen[0] == 0.0 for seen in self.seen.values()):
            return  # the ratio to a loss of zero is undefined
        ratios = {task: seen[1] / seen[0] / self.temperature for task, seen in self.seen.items()}
        largest = max(ratios.values())  # subtracted before exp, so that nothing overflows
        powers = {task: math.exp(ratio - largest) for task, ratio in ratios.items()}
        total = sum(powers.values())
        self.weights = {task: len(powers) * power / total for task, power in powers.items()}

    def memory(self) -> dict[str, Any]:
        """Return the last two losses of each task, and the weights."""
        return {"seen": self.seen, "weights": self.weights}

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Restore what `memory` returned."""
        self.seen = {task: list(losses) for task, losses in memory["seen"].items()}
        self.weights = dict(memory["weights"])
