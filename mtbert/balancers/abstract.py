"""The base of all balancers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn


class AbstractBalancer(nn.Module, ABC):
    """A map from the losses of the tasks in a step to the scalar whose gradient is followed.

    With a sampler that has one task per step, the weight multiplies that step's loss. A balancer that compares the
    tasks of a step sets `needs_all_tasks` and is refused with such a sampler. A constructor may ask for the facts
    `tasks` (their names, in order) and `regression` (the names of those with a squared error).
    """

    needs_all_tasks: ClassVar[bool] = False
    weighs: ClassVar[bool] = True  # whether a task's gradient is ever multiplied by another number than 1
    constant: ClassVar[bool] = False  # whether the weights never change
    idle_epochs: ClassVar[int] = 0  # the number of first epochs with equal weights, as in `sum`
    learning_rate: float = 0.0  # of the balancer's own parameters, which are a group of the optimizer's

    @abstractmethod
    def terms(self, losses: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return each task's term of the balanced loss in this step; `losses` and terms are scalars by task."""

    def forward(self, losses: Mapping[str, Tensor]) -> Tensor:
        """Return the balanced loss (a scalar): the sum of the terms."""
        return torch.stack(list(self.terms(losses).values())).sum()

    def effective_weights(self, losses: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the derivative of each task's term by its loss, the factor of its gradient; scalars."""
        with torch.enable_grad():
            leaves = {task: loss.detach().requires_grad_() for task, loss in losses.items()}
            weights = torch.autograd.grad(self(leaves), list(leaves.values()))
        return dict(zip(leaves, weights, strict=True))

    def backward(self, losses: Mapping[str, Tensor], shared: Sequence[nn.Parameter], *, scale: float = 1.0) -> None:
        """Add `scale` times the gradient of the balanced loss to all trained parameters."""
        self.learn(losses, shared, scale=scale)
        total = self(losses) * scale
        if total.requires_grad:  # nothing is trained with a frozen encoder and a head without parameters
            total.backward()

    # Hooks that a balancer may override.

    def learn(self, losses: Mapping[str, Tensor], shared: Sequence[nn.Parameter], *, scale: float) -> None:
        """Add `scale` times the gradient of the balancer's own objective, besides the balanced loss, to its parameters.

        `shared` are the trained parameters of the last layer that all tasks share.
        """

    def after_step(self) -> None:
        """Update the balancer after a step of the optimizer."""

    def observe(self, mean_losses: Mapping[str, float], dev_scores: Mapping[str, float]) -> None:
        """Update the balancer after an epoch with its mean losses and its dev scores (main metric), by task."""

    # The state besides the parameters, so that training can continue in another process.

    def memory(self) -> dict[str, Any]:
        """Return the balancer's state between epochs, besides its parameters, as JSON data."""
        return {}

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Restore what `memory` returned."""
