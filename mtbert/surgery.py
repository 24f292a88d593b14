"""Gradient surgery: what is done about tasks whose gradients of the shared parameters conflict."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

# The gradient of one task: a tensor for each parameter, None where the task does not depend on it.
Gradient = Sequence[Tensor | None]


def pcgrad_weights(dots: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """How often each task's gradient counts in the sum of the projected ones (Yu et al. 2020, algorithm 1).

    For each task i, and the others j in random order: where g_i . g_j < 0, g_i loses its part along the original
    g_j, g_i := g_i - (g_i . g_j / |g_j|^2) g_j. So each projected gradient is a combination of the original ones, and
    their dot products `dots` (tasks, tasks) say which. Gives the coefficients (tasks,) of the sum; all 1 where no
    two gradients conflict. Ours draws one order for each task from `rng`, whether or not there is a conflict.
    """
    tasks = len(dots)
    combined = np.eye(tasks)  # row i: the projected g_i in terms of the original gradients
    for i in range(tasks):
        for j in rng.permutation(tasks):
            along = float(combined[i] @ dots[:, j])
            if j != i and along < 0:
                combined[i, j] -= along / dots[j, j]
    total: NDArray[np.float64] = combined.sum(axis=0)
    return total


def pcgrad(gradients: Sequence[Gradient], rng: np.random.Generator) -> list[Tensor | None]:
    """The sum of the projected gradients of all tasks, parameter by parameter."""
    weights = pcgrad_weights(dot_products(gradients), rng)
    return [_combination(parts, weights) for parts in zip(*gradients, strict=True)]


def dot_products(gradients: Sequence[Gradient]) -> NDArray[np.float64]:
    """The dot products (tasks, tasks) of gradients that lie in many tensors."""
    tasks = len(gradients)
    dots = np.zeros((tasks, tasks))
    for i in range(tasks):
        for j in range(i, tasks):
            pairs = zip(gradients[i], gradients[j], strict=True)
            parts = [torch.dot(a.flatten(), b.flatten()) for a, b in pairs if a is not None and b is not None]
            dots[i, j] = dots[j, i] = float(torch.stack(parts).double().sum()) if parts else 0.0
    return dots


def _combination(parts: Sequence[Tensor | None], weights: NDArray[np.float64]) -> Tensor | None:
    total: Tensor | None = None
    for part, weight in zip(parts, weights, strict=True):
        if part is not None:
            total = part * float(weight) if total is None else total.add_(part, alpha=float(weight))
    return total
