"""Each head against its formula."""

from __future__ import annotations

import math

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


def fill(module: torch.nn.Module, values: list[float]) -> None:
    """The first linear layer's weights, row by row; its bias is zero."""
    linear = next(m for m in module.modules() if isinstance(m, torch.nn.Linear))
    with torch.no_grad():
        linear.weight.copy_(torch.tensor(values).view_as(linear.weight))
        linear.bias.zero_()


def gelu(x: float) -> float:
    return x * 0.5 * (1 + math.erf(x / math.sqrt(2)))


def fill_all(head: torch.nn.Module, *weights: list[list[float]]) -> None:
    """The weights of all linear layers in order; biases are zero."""
    linears = [m for m in head.modules() if isinstance(m, torch.nn.Linear)]
    with torch.no_grad():
        for linear, weight in zip(linears, weights, strict=True):
            linear.weight.copy_(torch.tensor(weight))
            linear.bias.zero_()


def test_linear_is_w_times_u() -> None:
    head = LinearHead(width=2, outputs=1, dropout=0.0)
    fill(head, [10.0, 100.0])
    assert head(U).item() == 210.0


def test_dense_has_a_gelu_between_its_two_layers() -> None:
    head = DenseHead(width=2, outputs=1, dropout=0.0)
    first, second = (m for m in head.modules() if isinstance(m, torch.nn.Linear))
    with torch.no_grad():
        first.weight.copy_(torch.eye(2))
        first.bias.zero_()
        second.weight.fill_(1.0)
        second.bias.zero_()
    expected = sum(x * 0.5 * (1 + math.erf(x / math.sqrt(2))) for x in (1.0, 2.0))
    assert head(U).item() == pytest.approx(expected, rel=1e-6)


def test_concat_reads_both_sentences_in_order() -> None:
    head = ConcatHead(width=2, outputs=1, dropout=0.0)
    fill(head, [1.0, 10.0, 100.0, 1000.0])
    assert head(U, V).item() == 1 + 20 + 300 - 1000


def test_concat_absdiff_adds_the_distance_of_each_feature() -> None:
    head = ConcatAbsdiffHead(width=2, outputs=1, dropout=0.0)
    fill(head, [0.0, 0.0, 0.0, 0.0, 1.0, 10.0])
    assert head(U, V).item() == 2 + 30


@for_each(("second", "expected"), [(U, 5.0), (-U, 0.0), (torch.tensor([[2.0, -1.0]]), 2.5)])
def test_cosine_of_a_score_spans_its_scale(second: torch.Tensor, expected: float) -> None:
    head = CosineHead(outputs=1, scale=(0.0, 5.0))
    assert head(U, second).item() == pytest.approx(expected, abs=1e-6)


def test_cosine_of_a_score_has_no_parameters() -> None:
    assert not list(CosineHead(outputs=1, scale=(0.0, 5.0)).parameters())


def test_cosine_of_a_logit_learns_slope_and_offset() -> None:
    head = CosineHead(outputs=1, scale=None)
    assert head(U, U).item() == pytest.approx(5.0, abs=1e-6)
    assert len(list(head.parameters())) == 2


def test_cosine_has_one_output() -> None:
    with pytest.raises(ValueError, match="asks for 5"):
        CosineHead(outputs=5, scale=None)


def test_dense2_has_two_hidden_layers_of_the_encoders_width() -> None:
    head = Dense2Head(width=2, outputs=1, dropout=0.0)
    fill_all(head, [[1.0, 0.0], [0.0, -1.0]], [[1.0, 1.0], [2.0, 0.0]], [[1.0, 10.0]])
    one, two = gelu(1.0), gelu(-2.0)
    assert head(U).item() == pytest.approx(gelu(one + two) + 10 * gelu(2 * one), rel=1e-6)


def test_concat_dense_has_a_gelu_on_both_sentences_together() -> None:
    head = ConcatDenseHead(width=2, outputs=1, dropout=0.0)
    fill_all(head, [[1.0, 0.0, 0.0, 1.0], [0.0, 1.0, 0.5, 0.0]], [[1.0, 10.0]])
    # 1 - 1 = 0 and 2 + 0.5 * 3 = 3.5
    assert head(U, V).item() == pytest.approx(gelu(0.0) + 10 * gelu(3.5), rel=1e-6)


def test_concat_absdiff_dense_reads_the_distance_too() -> None:
    head = ConcatAbsdiffDenseHead(width=2, outputs=1, dropout=0.0)
    fill_all(head, [[0.0, 0.0, 1.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0, 0.0, -1.0]], [[1.0, 10.0]])
    # v0 + |u0 - v0| = 3 + 2, u0 - |u1 - v1| = 1 - 3
    assert head(U, V).item() == pytest.approx(gelu(5.0) + 10 * gelu(-2.0), rel=1e-6)


def test_product_multiplies_feature_by_feature() -> None:
    head = ProductHead(width=2, outputs=1, dropout=0.0)
    fill(head, [10.0, 100.0])
    assert head(U, V).item() == 10 * 3 + 100 * -2


def test_difference_is_signed() -> None:
    head = DifferenceHead(width=2, outputs=1, dropout=0.0)
    fill(head, [10.0, 100.0])
    assert head(U, V).item() == 10 * -2 + 100 * 3 == -head(V, U).item()


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


def test_cosine_mlp_has_one_output() -> None:
    with pytest.raises(ValueError, match="asks for 5"):
        CosineMlpHead(width=2, outputs=5, dropout=0.0, scale=None)
