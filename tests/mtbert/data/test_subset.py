"""Subsets by hash: nested, independent of order, about a tenth for test."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from cases import for_each

from mtbert.data.examples import Corpus, Split, TaskData
from mtbert.data.subset import (
    MOST_SEARCHED,
    dev_parts,
    first,
    first_with_two_labels,
    hold_out_dev,
    hold_out_test,
    require_choice,
)
from mtbert.errors import DataError


def split(n: int) -> Split:
    names = tuple(f"row-{i}" for i in range(n))
    return Split(names, names, None, np.arange(n, dtype=np.float32))


def test_subsets_are_nested() -> None:
    assert set(first(split(100), 10).ids) < set(first(split(100), 30).ids)


def test_a_subset_holds_the_smallest_hashes_in_the_splits_order() -> None:
    data = split(50)
    expected = sorted(data.ids, key=lambda i: hashlib.sha256(i.encode()).hexdigest())[:7]
    assert first(data, 7).ids == tuple(i for i in data.ids if i in expected)


def test_a_subset_does_not_depend_on_the_order_of_rows() -> None:
    data = split(50)
    assert set(first(data.take(range(49, -1, -1)), 7).ids) == set(first(data, 7).ids)


def test_each_seed_draws_its_own_rows_nested_in_larger_subsets() -> None:
    data = split(200)
    drawn = {seed: set(first(data, 50, seed).ids) for seed in (None, 0, 1)}
    assert all(len(rows) == 50 for rows in drawn.values())
    # Two random halves of a half: hypergeometric around 12.5 rows in common, with a deviation of 2.7.
    assert all(4 < len(drawn[a] & drawn[b]) < 21 for a, b in ((None, 0), (None, 1), (0, 1)))
    assert drawn[1] == set(first(data, 50, 1).ids) and set(first(data, 20, 1).ids) < drawn[1]
    assert set(first(data.take(range(199, -1, -1)), 50, 1).ids) == drawn[1]


@for_each(("n", "told"), [(None, "got all of sst 6"), (6, "got 6 of sst 6"), (1_000, "got 1,000 of sst 6, quora 9")])
def test_where_nothing_is_left_to_draw_the_message_has_the_rows_and_the_way_out(n: int | None, told: str) -> None:
    rows = {"sst": split(6), "quora": split(9)}
    tasks = {name: TaskData(each, each, each) for name, each in rows.items()}
    corpus = Corpus("here", False, tasks, (), {}, {}, "f")
    require_choice(corpus, 5)
    with pytest.raises(DataError, match=f"{told}.*Give --train-examples 3, say, or leave out --vary"):
        require_choice(corpus, n)


@for_each("n", [None, 5, 99])
def test_asking_for_all_or_more_gives_the_whole_split(n: int | None) -> None:
    data = split(5)
    assert first(data, n) is data


def test_a_subset_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        first(split(5), 0)


def test_test_rows_are_those_whose_hash_is_zero_modulo_ten() -> None:
    train, test = hold_out_test(split(300))
    expected = [f"row-{i}" for i in range(300) if int(hashlib.sha256(f"row-{i}".encode()).hexdigest(), 16) % 10 == 0]
    assert list(test.ids) == expected and len(train) + len(test) == 300
    assert not set(train.ids) & set(test.ids)


@for_each("n", range(2, 12))
def test_even_tiny_splits_leave_a_row_for_each(n: int) -> None:
    train, test = hold_out_test(split(n))
    assert len(train) >= 1 and len(test) >= 1


def test_when_every_row_would_be_test_one_stays_in_train() -> None:
    names = [f"row-{i}" for i in range(300)]
    held = tuple(n for n in names if int(hashlib.sha256(n.encode()).hexdigest(), 16) % 10 == 0)[:2]
    train, test = hold_out_test(Split(held, held, None, np.zeros(2, dtype=np.float32)))
    assert (len(train), len(test)) == (1, 1)


def test_a_dev_split_held_out_shares_no_row_with_the_test_split() -> None:
    whole = split(1000)
    rest, dev = hold_out_dev(whole)
    train, test = hold_out_test(rest)
    assert abs(len(dev) - 100) < 40
    assert test.ids == hold_out_test(whole)[1].ids
    assert len(train) + len(dev) + len(test) == 1000


def test_one_row_cannot_be_divided() -> None:
    with pytest.raises(DataError, match="at least 2"):
        hold_out_test(split(1))
    with pytest.raises(DataError, match="train and dev need at least 2 usable rows"):
        hold_out_dev(split(1))


def test_a_quarter_of_dev_is_for_the_search_and_the_rest_decides() -> None:
    whole = split(400)
    search, dev = dev_parts(whole)
    ranks = sorted(whole.ids, key=lambda i: hashlib.sha256(f"search {i}".encode()).hexdigest())
    assert search.ids == tuple(i for i in whole.ids if i in ranks[:100]) and set(dev.ids) == set(ranks[100:])
    assert [set(part.ids) for part in dev_parts(whole.take(range(399, -1, -1)))] == [set(search.ids), set(dev.ids)]
    few = set(first(whole, 100).ids)  # the hash that chooses subsets is another one: a quarter of each part, about
    assert 15 <= len(few & set(search.ids)) <= 35


def test_of_a_large_dev_split_the_search_has_a_limited_number() -> None:
    assert [len(part) for part in dev_parts(split(6000))] == [MOST_SEARCHED, 6000 - MOST_SEARCHED]


@for_each(("n", "sizes"), [(None, (100, 300)), (40, (20, 40)), (41, (20, 41)), (1, (2, 1)), (250, (100, 250))])
def test_fewer_dev_examples_are_nested_parts_of_the_same_two(n: int | None, sizes: tuple[int, int]) -> None:
    whole, parts = dev_parts(split(400)), dev_parts(split(400), n)
    assert tuple(map(len, parts)) == sizes
    assert all(set(part.ids) <= set(all_.ids) for part, all_ in zip(parts, whole, strict=True))
    assert parts[1].ids == first_with_two_labels(whole[1], n).ids


@for_each(("n", "sizes"), [(1, (1, 1)), (2, (1, 1)), (3, (1, 2)), (4, (2, 2)), (5, (2, 3)), (11, (2, 9)), (12, (3, 9))])
def test_even_a_tiny_dev_split_has_two_parts(n: int, sizes: tuple[int, int]) -> None:
    search, dev = dev_parts(split(n))
    assert (len(search), len(dev)) == sizes
    assert n == 1 or not set(search.ids) & set(dev.ids)


@for_each("n", [4, 7, 12, 50])
def test_both_parts_have_two_labels_and_if_one_is_too_rare_then_the_one_that_decides(n: int) -> None:
    for rare in range(n):
        labels = np.zeros(n, dtype=np.float32)
        labels[[rare, (rare + 1) % n]] = 1
        parts = dev_parts(Split(split(n).ids, split(n).texts, None, labels))
        assert all(set(part.labels) == {0.0, 1.0} for part in parts)
        labels[rare] = 0
        search, dev = dev_parts(Split(split(n).ids, split(n).texts, None, labels))
        assert set(dev.labels) == {0.0, 1.0} and set(search.labels) == {0.0}
