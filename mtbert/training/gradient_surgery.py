"""Gradient surgery: how conflicting gradients of tasks with respect to the shared parameters are changed.

Everything stays on the gradients' device: a GPU decides which of them conflict, so no step waits for it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

# The gradient of one task: a tensor for each parameter, None where the task does not depend on it.
Gradient = Sequence[Tensor | None]


def pcgrad_weights(dots: Tensor, rng: np.random.Generator) -> Tensor:
    """Return the coefficient of each task's gradient in the sum of the projected ones (Yu et al. 2020, algorithm 1).

    For each task i, and the others j in random order: where g_i . g_j < 0, g_i loses its part along the original g_j,
    g_i := g_i - (g_i . g_j / |g_j|^2) g_j. Each projected gradient is thus a combination of the original ones, given by
    their dot products `dots` (tasks, tasks). The coefficients (tasks,) are those of the sum; all are 1 where no two
    gradients conflict. One order per task is drawn from `rng`, whether or not there is a conflict.
    """
    tasks = len(dots)
    combined = torch.eye(tasks, dtype=dots.dtype, device=dots.device)  # row i: projected g_i
    for i in range(tasks):
        for j in map(int, rng.permutation(tasks)):
            if j != i:
                along = combined[i] @ dots[:, j]
                combined[i, j] -= torch.where(along < 0, along / dots[j, j], 0)
    return combined.sum(dim=0)


def pcgrad(gradients: Sequence[Gradient], rng: np.random.Generator) -> list[Tensor | None]:
    """Return the sum of the projected gradients of all tasks, parameter by parameter."""
    weights = pcgrad_weights(dot_products(gradients), rng)
    return [_combination(parts, weights) for parts in zip(*gradients, strict=True)]


def dot_products(gradients: Sequence[Gradient]) -> Tensor:
    """Return the dot products (tasks, tasks), float64, of gradients that consist of many tensors, on their device."""
    tasks = len(gradients)
    device = next((part.device for gradient in gradients for part in gradient if part is not None), None)
    none = torch.zeros((), dtype=torch.float64, device=device)
    dots = [[none] * tasks for _ in range(tasks)]
    for i in range(tasks):
        for j in range(i, tasks):
            pairs = zip(gradients[i], gradients[j], strict=True)
            parts = [torch.dot(a.flatten(), b.flatten()) for a, b in pairs if a is not None and b is not None]
            dots[i][j] = dots[j][i] = torch.stack(parts).double().sum() if parts else none
    return torch.stack([torch.stack(row) for row in dots])


def _combination(parts: Sequence[Tensor | None], weights: Tensor) -> Tensor | None:
    total: Tensor | None = None
    for part, weight in zip(parts, weights.unbind(), strict=True):
        if part is not None:
            times = weight.to(part.dtype)
            total = part * times if total is None else total.addcmul_(part, times)
    return total
