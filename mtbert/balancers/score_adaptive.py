"""The `score_adaptive` balancer: a task with a low dev score counts more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from mtbert.balancers.abstract import AbstractBalancer


class ScoreAdaptiveBalancer(AbstractBalancer):
    """w_i proportional to 1 - score_i of the last epoch, with mean 1 (Thapa & Khurana).

    score_i is the task's main metric on dev: an accuracy, or a correlation, whose 1 - r is between 0 and 2. All weights
    are 1 in the first epoch, and if every task scores 1.
    """

    def __init__(self, *, tasks: tuple[str, ...]) -> None:
        super().__init__()
        self.weights = dict.fromkeys(tasks, 1.0)

    def terms(self, losses: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return w_i L_i."""
        return {task: loss * self.weights[task] for task, loss in losses.items()}

    def observe(self, mean_losses: Mapping[str, float], dev_scores: Mapping[str, float]) -> None:
        """Compute the weights of the next epoch."""
        missing = {task: 1.0 - dev_scores[task] for task in self.weights}
        mean = sum(missing.values()) / len(missing)
        self.weights = {task: part / mean if mean > 0 else 1.0 for task, part in missing.items()}

    def memory(self) -> dict[str, Any]:
        """Return the weights."""
        return {"weights": self.weights}

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Restore what `memory` returned."""
        self.weights = dict(memory["weights"])
