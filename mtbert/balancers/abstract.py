"""What every balancer is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn


class AbstractBalancer(nn.Module, ABC):
    """A map from the losses of the tasks in a step to the scalar whose gradient is followed.

    With a sampler that gives one task a step, the weight multiplies that step's loss. One that compares the tasks
    of a step says so in `needs_all_tasks` and is refused there. A constructor may ask for the facts `tasks` (their
    names, in order) and `regression` (the names of those with a squared error).
    """

    needs_all_tasks: ClassVar[bool] = False
    # Whether a task's gradient is ever multiplied by another number than 1.
    weighs: ClassVar[bool] = True
    # Whether the weights stay as they are from the first step to the last.
    constant: ClassVar[bool] = False
    # In so many epochs it weighs all tasks alike, as `sum` does.
    idle_epochs: ClassVar[int] = 0
    # Of the balancer's own parameters, where it has some; they are a group of the optimizer's.
    learning_rate: float = 0.0

    @abstractmethod
    def terms(self, losses: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return what each task in this step adds to the balanced loss; `losses` and terms are scalars by task."""

    def forward(self, losses: Mapping[str, Tensor]) -> Tensor:
        """Return the balanced loss (a scalar): the sum of the terms."""
        return torch.stack(list(self.terms(losses).values())).sum()

    def effective_weights(self, losses: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the derivative of each task's term by its loss: what the gradient of the loss is multiplied by,
        scalars.
        """
        with torch.enable_grad():
            leaves = {task: loss.detach().requires_grad_() for task, loss in losses.items()}
            found = torch.autograd.grad(self(leaves), list(leaves.values()))
        return dict(zip(leaves, found, strict=True))

    def backward(self, losses: Mapping[str, Tensor], shared: Sequence[nn.Parameter], *, scale: float = 1.0) -> None:
        """Add `scale` times the gradient of the balanced loss to everything that is trained."""
        self.learn(losses, shared, scale=scale)
        total = self(losses) * scale
        if total.requires_grad:  # a frozen encoder under a head without parameters leaves nothing to train
            total.backward()

    # Hooks; what has nothing to do here leaves them as they are.

    def learn(self, losses: Mapping[str, Tensor], shared: Sequence[nn.Parameter], *, scale: float) -> None:
        """Add `scale` times what the balancer's parameters follow beside the balanced loss itself to their gradients.

        `shared` are the trained parameters of the last layer that all tasks share.
        """

    def after_step(self) -> None:
        """Called after each step of the optimizer."""

    def observe(self, mean_losses: Mapping[str, float], dev_scores: Mapping[str, float]) -> None:
        """Called after each epoch with its mean losses and its dev scores (main metric), by task."""

    # Between epochs: what is kept beside the parameters, so that training can go on in another process.

    def memory(self) -> dict[str, Any]:
        """Return what the balancer remembers from one epoch to the next beside its parameters, as JSON data."""
        return {}

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Remember what `memory` gave."""
