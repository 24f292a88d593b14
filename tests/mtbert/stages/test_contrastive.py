"""The contrastive loss on vectors whose cosines are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from cases import for_each
from torch import Tensor

from mtbert.data.tokenize import Ragged
from mtbert.stages.contrastive import contrastive_loss, no_negatives, projection, sentence_numbers

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


def drawn(rows: int, count: int = 3) -> list[Tensor]:
    return list(torch.randn(count, rows, 4, generator=torch.Generator().manual_seed(0)))


@for_each("temperature", [0.05, 0.5])
def test_the_loss_with_a_duplicate_is_the_loss_without_its_column(temperature: float) -> None:
    anchors, positives, negatives = drawn(4)
    twice = [torch.cat([part, part[:1]]) for part in (anchors, positives, negatives)]
    numbers = np.array([0, 1, 2, 3, 0])
    excluded = torch.from_numpy(no_negatives(numbers, numbers + 4, numbers + 8))
    with_it = contrastive_loss(*twice[:2], temperature, twice[2], excluded=excluded)
    # Of the first and its repetition neither is the other's negative; for all others both are.
    logits = torch.cosine_similarity(twice[0][:, None], torch.cat(twice[1:])[None], dim=-1) / temperature
    left_out = [[4], [], [], [], [0]]
    by_hand = [
        torch.logsumexp(logits[i][[j for j in range(10) if j not in left_out[i]]], 0) - logits[i, i] for i in range(5)
    ]
    assert float(with_it) == pytest.approx(float(sum(by_hand)) / 5, rel=1e-5)
    # Where all others are left out, nothing is left to be told from.
    alone = contrastive_loss(*twice[:2], temperature, excluded=~torch.eye(5, dtype=torch.bool))
    assert float(alone) == 0.0


def test_where_nothing_repeats_the_loss_is_the_plain_one() -> None:
    anchors, positives, negatives = drawn(6)
    numbers = np.arange(18)
    excluded = torch.from_numpy(no_negatives(*np.split(numbers, 3)))
    assert not excluded.any() and excluded.shape == (6, 12)
    plain = contrastive_loss(anchors, positives, 0.05, negatives, 2.0)
    assert torch.equal(contrastive_loss(anchors, positives, 0.05, negatives, 2.0, excluded), plain)


def test_the_gradient_is_finite_where_columns_are_left_out_and_none_comes_from_them() -> None:
    anchors, positives, negatives = (part.requires_grad_() for part in drawn(3))
    excluded = torch.zeros(3, 6, dtype=torch.bool)
    excluded[:, 5] = excluded[0, 1] = True
    contrastive_loss(anchors, positives, 0.05, negatives, excluded=excluded).backward()  # type: ignore[no-untyped-call]
    grads = [part.grad for part in (anchors, positives, negatives)]
    assert all(grad is not None and bool(torch.isfinite(grad).all()) for grad in grads)
    assert negatives.grad is not None and not negatives.grad[2].any() and bool(negatives.grad[1].any())


def test_what_is_no_negative_by_hand() -> None:
    # Numbers of sentences: premise 0 entails 10 and 11, and so does premise 1 entail 10; 12 is a premise and entailed.
    premises, entailed, contradicted = np.array([0, 0, 1, 12]), np.array([10, 11, 10, 13]), np.array([20, 10, 0, 12])
    excluded = no_negatives(premises, entailed, contradicted).astype(int)
    assert excluded[:, :4].tolist() == [[0, 1, 1, 0], [1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    # 10 is the first's and the third's own positive, 0 the first's and the second's premise, 12 the last's.
    assert excluded[:, 4:].tolist() == [[0, 1, 1, 0], [0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1]]
    assert no_negatives(np.array([5, 6]), np.array([7, 5])).tolist() == [[False, True], [False, False]]


def test_sentences_have_the_same_number_where_their_tokens_are_equal() -> None:
    rows = Ragged(np.array([1, 2, 1, 2, 3, 1, 2], dtype=np.int32), np.array([0, 2, 5, 7]))
    assert sentence_numbers(rows).tolist() == [0, 1, 0]


def test_a_projection_is_a_tanh_layer_drawn_from_the_seed_and_the_stage() -> None:
    one, again, other = (projection(4, True, 0, stage) for stage in ("a", "a", "b"))
    vectors = torch.ones(1, 4)
    weight, bias = one[0].weight, one[0].bias  # type: ignore[index]
    assert torch.allclose(one(vectors), torch.tanh(vectors @ weight.T + bias))
    assert torch.equal(one(vectors), again(vectors)) and not torch.equal(one(vectors), other(vectors))
    assert torch.equal(projection(4, False, 0, "a")(vectors), vectors)
