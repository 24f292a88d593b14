"""Dropout with masks drawn 16 bits an element."""

from __future__ import annotations

import math

import pytest
import torch
from cases import for_each

from mtbert.encoder.dropout import Dropout, dropout


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(5)


@for_each("probability", [0.1, 0.5, 0.9])
@for_each("size", [400_000, 400_001])
def test_so_many_are_dropped_and_the_mean_stays(probability: float, size: int) -> None:
    values = dropout(torch.ones(size), probability)
    kept = (values != 0).float().mean().item()
    deviation = math.sqrt(probability * (1 - probability) / size)
    assert abs(kept - (1 - probability)) < 5 * deviation
    torch.testing.assert_close(values[values != 0].unique(), torch.tensor([1 / (1 - probability)]), rtol=1e-4, atol=0)


def test_every_element_of_a_draw_is_decided_alike() -> None:
    """Four elements share 64 random bits: none of the four may be dropped more often, or together with another."""
    kept = (dropout(torch.ones(200_000, 4), 0.3) != 0).double()
    deviation = math.sqrt(0.3 * 0.7 / len(kept))
    assert ((kept.mean(0) - 0.7).abs() < 5 * deviation).all()
    correlations = torch.corrcoef(kept.T) - torch.eye(4)
    assert correlations.abs().max() < 5 / math.sqrt(len(kept))


def test_the_gradient_goes_where_the_values_went() -> None:
    values = torch.ones(64, requires_grad=True)
    out = dropout(values, 0.5)
    out.sum().backward()
    assert values.grad is not None and torch.equal(values.grad, out.detach())


def test_nothing_and_everything() -> None:
    values = torch.randn(8)
    assert torch.equal(dropout(values, 0.0), values)
    assert not dropout(values, 1.0).any()


def test_keeps_the_type_and_the_shape() -> None:
    out = dropout(torch.ones(3, 5, 7, dtype=torch.bfloat16), 0.5)
    assert out.shape == (3, 5, 7) and out.dtype == torch.bfloat16


def test_the_generator_decides() -> None:
    torch.manual_seed(1)
    one, other = dropout(torch.ones(100), 0.5), dropout(torch.ones(100), 0.5)
    torch.manual_seed(1)
    assert torch.equal(dropout(torch.ones(100), 0.5), one) and not torch.equal(one, other)


def test_evaluation_drops_nothing() -> None:
    module, values = Dropout(0.5), torch.randn(50)
    assert not torch.equal(module(values), values)
    assert torch.equal(module.eval()(values), values)
