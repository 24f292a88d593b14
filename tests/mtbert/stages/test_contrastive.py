"""The contrastive loss on vectors whose cosines are known."""

from __future__ import annotations

import math

import pytest
import torch
from cases import for_each

from mtbert.stages.contrastive import contrastive_loss, projection

X, Y, DIAGONAL = [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]
COS_45 = math.cos(math.pi / 4)


def test_two_sentences_by_hand() -> None:
    # cosines: (x, x) 1, (x, diagonal) cos 45; (y, x) 0, (y, diagonal) cos 45
    loss = contrastive_loss(torch.tensor([X, Y]), torch.tensor([X, DIAGONAL]), temperature=0.5)
    e = lambda cosine: math.exp(cosine / 0.5)  # noqa: E731
    first = -math.log(e(1) / (e(1) + e(COS_45)))
    second = -math.log(e(COS_45) / (e(0) + e(COS_45)))
    assert float(loss) == pytest.approx((first + second) / 2, rel=1e-6)


@for_each("alpha", [0.5, 1.0, 3.0])
def test_hard_negatives_join_the_denominator_and_alpha_weights_the_own_one_alone(alpha: float) -> None:
    anchors, positives = torch.tensor([X, Y]), torch.tensor([X, DIAGONAL])
    negatives = torch.tensor([DIAGONAL, X])
    e = lambda cosine: math.exp(cosine / 0.5)  # noqa: E731
    first = -math.log(e(1) / (e(1) + e(COS_45) + alpha * e(COS_45) + e(1)))
    second = -math.log(e(COS_45) / (e(0) + e(COS_45) + e(COS_45) + alpha * e(0)))
    loss = contrastive_loss(anchors, positives, 0.5, negatives, alpha)
    assert float(loss) == pytest.approx((first + second) / 2, rel=1e-6)


def test_the_length_of_vectors_does_not_count() -> None:
    generator = torch.Generator().manual_seed(0)
    first, second = torch.randn(2, 4, 3, generator=generator)
    scales = torch.tensor([[0.1], [2.0], [30.0], [1.0]])
    assert torch.allclose(
        contrastive_loss(first * scales, second, 0.05), contrastive_loss(first, second, 0.05), rtol=1e-5
    )


def test_sentences_that_are_all_alike_give_the_logarithm_of_their_number() -> None:
    same = torch.tensor([X] * 5)
    assert float(contrastive_loss(same, same, 0.05)) == pytest.approx(math.log(5), rel=1e-6)


def test_a_projection_is_a_tanh_layer_drawn_from_the_seed_and_the_stage() -> None:
    one, again, other = (projection(4, True, 0, stage) for stage in ("a", "a", "b"))
    vectors = torch.ones(1, 4)
    weight, bias = one[0].weight, one[0].bias  # type: ignore[index]
    assert torch.allclose(one(vectors), torch.tanh(vectors @ weight.T + bias))
    assert torch.equal(one(vectors), again(vectors)) and not torch.equal(one(vectors), other(vectors))
    assert torch.equal(projection(4, False, 0, "a")(vectors), vectors)
