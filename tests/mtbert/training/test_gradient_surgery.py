"""Gradient surgery against calculations by hand in the plane, and against the algorithm as it is printed."""

from __future__ import annotations

import math

import numpy as np
import torch
from cases import for_each
from torch import Tensor

from mtbert.training.gradient_surgery import dot_products, pcgrad, pcgrad_weights


class InOrder:
    """A source of orders that are not random."""

    def permutation(self, tasks: int) -> list[int]:
        return list(range(tasks))


def printed(gradients: list[Tensor], rng: np.random.Generator) -> Tensor:
    """Yu et al. 2020, algorithm 1, with vectors."""
    total = torch.zeros_like(gradients[0])
    for i, own in enumerate(gradients):
        projected = own.clone()
        for j in rng.permutation(len(gradients)):
            if j != i and projected @ gradients[j] < 0:
                projected -= projected @ gradients[j] / (gradients[j] @ gradients[j]) * gradients[j]
        total += projected
    return total


def test_two_conflicting_gradients_lose_their_parts_along_each_other() -> None:
    # g1 = (1, 0), g2 = (-1, 1): g1.g2 = -1. g1' = (1, 0) + (1/2)(-1, 1) = (1/2, 1/2). g2' = (-1, 1) + (1, 0) = (0, 1).
    (found,) = pcgrad([[torch.tensor([1.0, 0.0])], [torch.tensor([-1.0, 1.0])]], np.random.default_rng(0))
    torch.testing.assert_close(found, torch.tensor([0.5, 1.5]))


def test_gradients_that_agree_are_added() -> None:
    (found,) = pcgrad([[torch.tensor([1.0, 0.0])], [torch.tensor([1.0, 1.0])]], np.random.default_rng(0))
    assert found is not None and found.tolist() == [2.0, 1.0]


def test_a_projection_is_onto_the_original_gradient_and_in_the_order_drawn() -> None:
    # g1 = (1, 0), g2 = (-1, 1), g3 = (-1, -1). g1, by g2: (1/2, 1/2), by g3: + (1/2)(-1, -1) = (0, 0).
    # g2, by g1: (0, 1), by g3: + (1/2)(-1, -1) = (-1/2, 1/2). g3, by g1: (0, -1), by g2: + (1/2)(-1, 1) = (-1/2, -1/2).
    gradients = [[torch.tensor(g)] for g in ([1.0, 0.0], [-1.0, 1.0], [-1.0, -1.0])]
    (found,) = pcgrad(gradients, InOrder())  # type: ignore[arg-type]
    torch.testing.assert_close(found, torch.tensor([-1.0, 0.0]))


@for_each("seed", range(5))
def test_four_random_gradients_in_three_dimensions_are_treated_as_printed(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    gradients = [torch.randn(3, generator=generator, dtype=torch.float64) for _ in range(4)]
    assert min((a @ b).item() for a in gradients for b in gradients) < 0  # there is something to do
    # The same vectors lie in two tensors here.
    (first, second) = pcgrad([[g[:1], g[1:].view(2, 1)] for g in gradients], np.random.default_rng(seed))
    wanted = printed(gradients, np.random.default_rng(seed))
    assert first is not None and second is not None
    torch.testing.assert_close(torch.cat([first, second.flatten()]), wanted)


def test_the_order_comes_from_the_generator() -> None:
    dots = torch.tensor([[1.0, -0.9, -0.8], [-0.9, 1.0, 0.1], [-0.8, 0.1, 1.0]])
    found = {tuple(pcgrad_weights(dots, np.random.default_rng(seed)).tolist()) for seed in range(20)}
    assert len(found) > 1
    assert (
        pcgrad_weights(dots, np.random.default_rng(3)).tolist()
        == pcgrad_weights(dots, np.random.default_rng(3)).tolist()
    )


def test_a_parameter_that_one_task_does_not_use_has_the_others_gradient() -> None:
    first, second = pcgrad(
        [[torch.tensor([1.0]), None], [torch.tensor([2.0]), torch.tensor([4.0])]], np.random.default_rng(0)
    )
    assert first is not None and second is not None and (first.item(), second.item()) == (3.0, 4.0)
    assert pcgrad([[None], [None]], np.random.default_rng(0)) == [None]


def test_dot_products_go_over_all_tensors() -> None:
    one = [torch.tensor([[1.0, 2.0]]), torch.tensor(3.0)]
    other = [torch.tensor([[0.0, -1.0]]), torch.tensor(2.0)]
    assert dot_products([one, other]).tolist() == [[14.0, 4.0], [4.0, 5.0]]
    assert math.isclose(dot_products([one, one])[0, 1].item(), 14.0)
