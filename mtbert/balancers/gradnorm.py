"""The `gradnorm` balancer: the gradients of all tasks grow alike, those of slow learners a little larger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from mtbert.balancers.abstract import AbstractBalancer

SMALLEST = 1e-3  # smallest weight: the paper does not say what to do with a step that would make one negative


class GradnormBalancer(AbstractBalancer):
    """L = sum_i w_i L_i, where the w_i follow L_grad = sum_i |G_i - mean(G) r_i^alpha| (Chen et al. 2018, eq. 1-2).

    G_i = |gradient of w_i L_i| with respect to the last shared layer, r_i = (L_i / L_i(0)) / mean_j (L_j / L_j(0)),
    mean(G) r_i^alpha is treated as a constant. L_i(0) is the loss in the first step. After each step the weights are
    scaled to sum K. As G_i = w_i |gradient of L_i|, the gradient of L_grad needs no second derivative: sign(G_i -
    mean(G) r_i^alpha) |gradient of L_i|. In a step with one task the weights are used but not trained.
    """

    needs_all_tasks: ClassVar[bool] = True

    def __init__(
        self,
        *,
        tasks: tuple[str, ...],
        alpha: Annotated[float, Field(ge=0.0)] = 1.5,
        learning_rate: Annotated[float, Field(gt=0.0, le=1.0)] = 0.025,
    ) -> None:
        super().__init__()
        self.tasks, self.alpha, self.learning_rate = tasks, alpha, learning_rate
        self.place = {task: i for i, task in enumerate(tasks)}
        self.weights = nn.Parameter(torch.ones(len(tasks)))  # (tasks,)
        self.first: Tensor | None = None  # (tasks,), L_i(0)

    def terms(self, losses: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return w_i L_i, with constant weights: they follow L_grad alone."""
        weights = self.weights.detach()
        return {task: loss * weights[self.place[task]] for task, loss in losses.items()}

    def learn(self, losses: Mapping[str, Tensor], shared: Sequence[nn.Parameter], *, scale: float) -> None:
        """Add `scale` times the gradient of L_grad to that of the weights."""
        if len(losses) < len(self.tasks) or not shared:
            return
        norms = torch.stack([_norm(losses[task], shared) for task in self.tasks])  # (tasks,), without the weights
        now = torch.stack([losses[task].detach() for task in self.tasks])  # (tasks,)
        if self.first is None:
            self.first = now
        ratios = now / self.first.clamp(min=torch.finfo(now.dtype).tiny)
        weighted = self.weights.detach() * norms  # G_i
        target = weighted.mean() * (ratios / ratios.mean()) ** self.alpha
        gradient = torch.sign(weighted - target) * norms * scale
        self.weights.grad = gradient if self.weights.grad is None else self.weights.grad + gradient

    @torch.no_grad()
    def after_step(self) -> None:
        """Scale the weights to sum K, none below a small positive number."""
        self.weights.clamp_(min=SMALLEST)
        self.weights.mul_(len(self.tasks) / self.weights.sum())

    def memory(self) -> dict[str, Any]:
        """Return L_i(0)."""
        return {"first": None if self.first is None else self.first.tolist()}

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Restore what `memory` returned."""
        first = memory["first"]
        self.first = None if first is None else torch.tensor(first, device=self.weights.device)


def _norm(loss: Tensor, parameters: Sequence[nn.Parameter]) -> Tensor:
    """Return the norm of the gradient of a loss, a scalar."""
    gradients = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
    parts = [torch.linalg.vector_norm(part) for part in gradients if part is not None]
    norm: Tensor = torch.linalg.vector_norm(torch.stack(parts))
    return norm
