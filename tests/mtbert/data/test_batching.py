"""Batches: every example once, similar length together, correctly padded."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from cases import for_each
from numpy.typing import NDArray

from mtbert.data.batching import collate, evaluation_batches, random_batches, training_batches
from mtbert.data.tokenize import Ragged, TokenizedSplit


def lengths(n: int, seed: int = 0) -> NDArray[np.int64]:
    return np.random.default_rng(seed).integers(4, 60, size=n)


def padded(batches: list[NDArray[np.int64]], sizes: NDArray[np.int64]) -> int:
    return int(sum(len(batch) * sizes[batch].max() for batch in batches))


@for_each("batch_size", [1, 3, 8, 64])
@for_each("n", [1, 7, 8, 400, 1001])
def test_training_visits_every_example_once(n: int, batch_size: int) -> None:
    batches = training_batches(lengths(n), batch_size, np.random.default_rng(n))
    assert sorted(np.concatenate(batches).tolist()) == list(range(n))
    assert sorted(len(b) for b in batches)[1:] == [batch_size] * (len(batches) - 1)


def test_lengths_deviate_within_random_batches_as_in_the_whole() -> None:
    # The expected variance of a draw without replacement is that of the whole (both with n - 1). Over 50 seeds of 50
    # batches its mean is within 2 %, five standard errors; in batches of similar length it is a hundredth.
    sizes = lengths(1000)
    draws = [random_batches(1000, 20, np.random.default_rng(seed)) for seed in range(50)]
    for batches in draws:
        assert sorted(np.concatenate(batches).tolist()) == list(range(1000))
    within = np.mean([sizes[batch].var(ddof=1) for batches in draws for batch in batches])
    assert within == pytest.approx(sizes.var(ddof=1), rel=0.02)
    alike = [sizes[batch].var(ddof=1) for batch in training_batches(sizes, 20, np.random.default_rng(0))]
    assert np.mean(alike) < 0.01 * within


def test_random_batches_keep_a_short_last_one_and_differ_every_epoch() -> None:
    rng = np.random.default_rng(3)
    first, second = (random_batches(23, 8, rng) for _ in range(2))
    assert [len(batch) for batch in first] == [8, 8, 7] and random_batches(0, 8, rng) == []
    assert not {frozenset(x.tolist()) for x in first} & {frozenset(x.tolist()) for x in second}
    with pytest.raises(ValueError, match="at least 1, got 0"):
        random_batches(5, 0, rng)


def test_equal_generators_give_equal_batches() -> None:
    a, b = (training_batches(lengths(500), 8, np.random.default_rng(3)) for _ in range(2))
    assert [x.tolist() for x in a] == [x.tolist() for x in b]


def test_the_next_epoch_has_other_batches() -> None:
    rng = np.random.default_rng(3)
    a, b = (training_batches(lengths(2000), 8, rng) for _ in range(2))
    assert not {frozenset(x.tolist()) for x in a} & {frozenset(x.tolist()) for x in b}


def test_batches_do_not_come_in_order_of_length() -> None:
    sizes = lengths(400)
    longest = [int(sizes[b].max()) for b in training_batches(sizes, 8, np.random.default_rng(0))]
    assert abs(np.corrcoef(longest, range(len(longest)))[0, 1]) < 0.5


def test_padding_is_far_less_than_in_random_batches() -> None:
    sizes = lengths(4000)
    rng = np.random.default_rng(0)
    shuffled = rng.permutation(4000)
    at_random = [shuffled[i : i + 8] for i in range(0, 4000, 8)]
    waste = padded(training_batches(sizes, 8, rng), sizes) - sizes.sum()
    assert waste < 0.1 * (padded(at_random, sizes) - sizes.sum())


def test_a_batch_size_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="batch_size must be at least 1"):
        training_batches(lengths(4), 0, np.random.default_rng(0))


@for_each("sentences", [1, 2])
def test_evaluation_batches_are_within_the_limit_and_complete(sentences: int) -> None:
    sizes = lengths(999)
    batches = evaluation_batches(sizes, 512, sentences=sentences)
    assert sorted(np.concatenate(batches).tolist()) == list(range(999))
    assert max(len(b) * sentences * sizes[b].max() for b in batches) <= 512


def test_evaluation_batches_are_as_full_as_they_can_be() -> None:
    assert [b.tolist() for b in evaluation_batches(np.array([3, 9, 3, 4, 4]), 12)] == [[0, 2, 3], [4], [1]]


def test_an_example_over_the_limit_gets_its_own_batch() -> None:
    assert [b.tolist() for b in evaluation_batches(np.array([50, 5]), 10)] == [[1], [0]]


def test_no_examples_give_no_batches() -> None:
    none = np.array([], dtype=np.int64)
    assert evaluation_batches(none) == []
    assert training_batches(none, 8, np.random.default_rng(0)) == []


def ragged(*rows: list[int]) -> Ragged:
    offsets = np.cumsum([0, *(len(row) for row in rows)]).astype(np.int64)
    return Ragged(np.array([token for row in rows for token in row], dtype=np.int32), offsets)


def test_rows_are_padded_and_masked() -> None:
    split = TokenizedSplit(("a", "b"), ragged([2, 5, 3], [2, 3]), None, np.array([1, 4], dtype=np.float32))
    batch = collate(split, np.array([1, 0]), pad_id=9)
    assert batch.input_ids.tolist() == [[2, 3, 9], [2, 5, 3]]
    assert batch.attention_mask.tolist() == [[True, True, False], [True, True, True]]
    assert batch.labels.tolist() == [4.0, 1.0]
    assert (batch.input_ids.dtype, batch.attention_mask.dtype) == (torch.int64, torch.bool)
    assert batch.pair is False


def test_pairs_put_all_second_sentences_after_the_first_ones() -> None:
    split = TokenizedSplit(
        ("a", "b"), ragged([2, 3], [2, 4, 3]), ragged([2, 5, 3], [2, 3]), np.zeros(2, dtype=np.float32)
    )
    batch = collate(split, np.array([0, 1]), pad_id=0)
    assert batch.input_ids.tolist() == [[2, 3, 0], [2, 4, 3], [2, 5, 3], [2, 3, 0]]
    assert batch.pair is True
    assert batch.labels.shape == (2,)


def test_moving_a_batch_keeps_its_content() -> None:
    split = TokenizedSplit(("a",), ragged([2, 3]), None, np.ones(1, dtype=np.float32))
    batch = collate(split, np.array([0]), pad_id=0)
    moved = batch.to("cpu")
    assert torch.equal(moved.input_ids, batch.input_ids)
    assert moved.indices.tolist() == [0]
