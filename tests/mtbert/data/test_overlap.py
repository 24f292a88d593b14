"""Counting dev examples that stand in train."""

from __future__ import annotations

import numpy as np

from mtbert.data.examples import Split
from mtbert.data.held_out import overlap


def split(texts: list[str], texts2: list[str] | None = None) -> Split:
    ids = tuple(str(i) for i in range(len(texts)))
    second = None if texts2 is None else tuple(texts2)
    return Split(ids, tuple(texts), second, np.zeros(len(texts), dtype=np.float32))


def test_case_and_white_space_do_not_count() -> None:
    assert overlap(split(["A  good film"]), split(["a good\tFILM ", "another"])) == 1


def test_each_dev_example_counts_once_however_often_train_has_it() -> None:
    assert overlap(split(["a", "a"]), split(["a"])) == 1


def test_a_pair_counts_in_either_order() -> None:
    assert overlap(split(["a", "c"], ["b", "d"]), split(["b", "c"], ["a", "x"])) == 1
