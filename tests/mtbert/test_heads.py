"""Each head against its formula."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import pytest
import torch
from cases import for_each

from mtbert.heads.concat import ConcatHead
from mtbert.heads.concat_absdiff import ConcatAbsdiffHead
from mtbert.heads.concat_absdiff_dense import ConcatAbsdiffDenseHead
from mtbert.heads.concat_dense import ConcatDenseHead
from mtbert.heads.cosine import CosineHead
from mtbert.heads.cosine_mlp import CosineMlpHead
from mtbert.heads.dense import DenseHead
from mtbert.heads.dense2 import Dense2Head
from mtbert.heads.difference import DifferenceHead
from mtbert.heads.linear import LinearHead
from mtbert.heads.product import ProductHead

U = torch.tensor([[1.0, 2.0]])
V = torch.tensor([[3.0, -1.0]])


def gelu(x: float) -> float:
    return x * 0.5 * (1 + math.erf(x / math.sqrt(2)))


def fill_all(head: torch.nn.Module, *weights: list[list[float]]) -> None:
    """The weights of all linear layers in order; biases are zero."""
    linears = [m for m in head.modules() if isinstance(m, torch.nn.Linear)]
    with torch.no_grad():
        for linear, weight in zip(linears, weights, strict=True):
            linear.weight.copy_(torch.tensor(weight))
            linear.bias.zero_()


@for_each(
    ("kind", "inputs", "weights", "expected"),
    [
        (LinearHead, (U,), [10.0, 100.0], 210.0),
        (ConcatHead, (U, V), [1.0, 10.0, 100.0, 1000.0], 1 + 20 + 300 - 1000),
        (ConcatAbsdiffHead, (U, V), [0.0, 0.0, 0.0, 0.0, 1.0, 10.0], 2 + 30),
        (ProductHead, (U, V), [10.0, 100.0], 10 * 3 + 100 * -2),
        (DifferenceHead, (U, V), [10.0, 100.0], 10 * -2 + 100 * 3),
        (DifferenceHead, (V, U), [10.0, 100.0], 10 * 2 + 100 * -3),
    ],
)
def test_a_head_of_one_layer_is_w_times_its_features(
    kind: Any, inputs: tuple[torch.Tensor, ...], weights: list[float], expected: float
) -> None:
    head = kind(width=2, outputs=1, dropout=0.0)
    fill_all(head, [weights])
    assert head(*inputs).item() == expected


@for_each(
    ("kind", "inputs", "weights", "expected"),
    [
        (DenseHead, (U,), ([[1.0, 0.0], [0.0, 1.0]], [[1.0, 1.0]]), gelu(1.0) + gelu(2.0)),
        (
            Dense2Head,
            (U,),
            ([[1.0, 0.0], [0.0, -1.0]], [[1.0, 1.0], [2.0, 0.0]], [[1.0, 10.0]]),
            gelu(gelu(1.0) + gelu(-2.0)) + 10 * gelu(2 * gelu(1.0)),
        ),
        # 1 - 1 = 0 and 2 + 0.5 * 3 = 3.5
        (
            ConcatDenseHead,
            (U, V),
            ([[1.0, 0.0, 0.0, 1.0], [0.0, 1.0, 0.5, 0.0]], [[1.0, 10.0]]),
            gelu(0.0) + 10 * gelu(3.5),
        ),
        # v0 + |u0 - v0| = 3 + 2, u0 - |u1 - v1| = 1 - 3
        (
            ConcatAbsdiffDenseHead,
            (U, V),
            ([[0.0, 0.0, 1.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0, 0.0, -1.0]], [[1.0, 10.0]]),
            gelu(5.0) + 10 * gelu(-2.0),
        ),
    ],
)
def test_dense_heads_have_a_gelu_after_each_hidden_layer(
    kind: Any, inputs: tuple[torch.Tensor, ...], weights: tuple[list[list[float]], ...], expected: float
) -> None:
    head = kind(width=2, outputs=1, dropout=0.0)
    fill_all(head, *weights)
    assert head(*inputs).item() == pytest.approx(expected, rel=1e-6)


@for_each(("second", "expected"), [(U, 5.0), (-U, 0.0), (torch.tensor([[2.0, -1.0]]), 2.5)])
def test_cosine_of_a_score_spans_its_scale(second: torch.Tensor, expected: float) -> None:
    head = CosineHead(outputs=1, scale=(0.0, 5.0))
    assert head(U, second).item() == pytest.approx(expected, abs=1e-6) and not list(head.parameters())


def test_cosine_of_a_logit_learns_slope_and_offset() -> None:
    head = CosineHead(outputs=1, scale=None)
    assert head(U, U).item() == pytest.approx(5.0, abs=1e-6)
    assert len(list(head.parameters())) == 2


def test_cosine_mlp_is_five_times_the_positive_cosine_after_two_layers() -> None:
    head = CosineMlpHead(width=2, outputs=1, dropout=0.0, scale=(0.0, 5.0))
    fill_all(head, [[1.0, 0.0], [0.0, 1.0]], [[1.0, 1.0], [1.0, -1.0]])  # W2 turns by 45 degrees: cosines stay
    u, v = (gelu(1.0), gelu(2.0)), (gelu(3.0), gelu(-1.0))
    expected = 5 * (u[0] * v[0] + u[1] * v[1]) / (math.hypot(*u) * math.hypot(*v))
    assert expected > 0
    assert head(U, V).item() == pytest.approx(expected, rel=1e-5)


def test_cosine_mlp_of_opposite_vectors_is_zero() -> None:
    head = CosineMlpHead(width=2, outputs=1, dropout=0.0, scale=(0.0, 5.0))
    fill_all(head, [[1.0, 0.0], [-1.0, 0.0]], [[1.0, -1.0], [0.0, 0.0]])  # f(x) = (GELU(x0) - GELU(-x0), 0) = (x0, 0)
    assert head(U, V).item() == pytest.approx(5.0)
    assert head(U, -V).item() == 0.0


def test_cosine_mlp_of_a_logit_learns_slope_and_offset() -> None:
    head = CosineMlpHead(width=2, outputs=1, dropout=0.0, scale=None)
    assert head(U, U).item() == pytest.approx(5.0, abs=1e-5)
    assert {name for name, _ in head.named_parameters() if "." not in name} == {"slope", "offset"}


def test_a_cosine_has_one_output() -> None:
    for make in (CosineHead, partial(CosineMlpHead, width=2, dropout=0.0)):
        with pytest.raises(ValueError, match="asks for 5"):
            make(outputs=5, scale=None)
