"""Lengths and overlap of sentences, by hand."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from mtbert.data.examples import Split
from study.example_rows import example_rows, overlap, words


def test_punctuation_is_no_word_and_an_apostrophe_does_not_part_one() -> None:
    assert words("It's a fine film , isn't it ?") == ["it's", "a", "fine", "film", "isn't", "it"]


def test_overlap_is_jaccard_of_sets_of_words() -> None:
    assert overlap("A man plays a guitar.", "The man plays guitar") == pytest.approx(3 / 5)
    assert overlap("one", "two") == 0
    assert overlap("?", "!") == 1


def test_a_pair_has_both_lengths_a_sentence_one() -> None:
    labels = np.zeros(2, dtype=np.float32)
    one = Split(("a", "b"), ("x y", "z"), None, labels)
    two = Split(("a", "b"), ("x y", "z"), ("x", "q r s"), labels)
    rows = list(example_rows({"sst": one, "quora": two}))
    ids = hashlib.sha256(b"a\nb").hexdigest()
    assert [(row.task, row.number, row.words, row.words2, row.overlap) for row in rows] == [
        ("sst", 1, 2, None, None),
        ("sst", 2, 1, None, None),
        ("quora", 1, 2, 1, 0.5),
        ("quora", 2, 1, 3, 0.0),
    ]
    assert {row.example_ids_sha256 for row in rows} == {ids}
