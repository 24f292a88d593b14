"""Parts of the examples by their words: where they are cut, and which examples are in them."""

from __future__ import annotations

import numpy as np

from results.example_slices import parts
from results.predictions import ExampleSizes


def test_parts_are_quarters_and_say_from_where_to_where() -> None:
    found = parts(ExampleSizes(np.arange(1.0, 9.0), None))
    assert [part.name for part in found] == ["1 to 2 words", "3 to 4 words", "5 to 6 words", "7 to 8 words"]
    assert [part.members.sum() for part in found] == [2, 2, 2, 2]


def test_equal_lengths_stay_together_and_every_example_is_in_one_part() -> None:
    words = np.array([3.0] * 6 + [4.0, 9.0])
    found = parts(ExampleSizes(words, None))
    assert [part.name for part in found] == ["3 words", "4 to 9 words"]
    assert (np.sum([part.members for part in found], axis=0) == 1).all()


def test_pairs_are_cut_by_overlap_too() -> None:
    found = parts(ExampleSizes(np.full(4, 7.0), np.array([0.0, 0.2, 0.5, 1.0])))
    assert [(part.kind, part.name) for part in found] == [
        ("overlap", f"{value} of the words shared") for value in ("0.00", "0.20", "0.50", "1.00")
    ]


def test_examples_that_are_all_alike_make_no_parts() -> None:
    assert parts(ExampleSizes(np.full(5, 7.0), None)) == []


def test_pairs_that_differ_in_one_word_and_examples_with_a_rare_word_are_a_part_and_the_others_another() -> None:
    differs, rarest = np.array([True, False, False]), np.array([0.0, 1.0, 2.0])
    found = parts(ExampleSizes(np.full(3, 7.0), None, differs, rarest))
    assert [(part.kind, part.name, part.members.tolist()) for part in found] == [
        ("one_word_difference", "yes", [True, False, False]),
        ("one_word_difference", "no", [False, True, True]),
        ("rare_words", "yes", [True, True, False]),
        ("rare_words", "no", [False, False, True]),
    ]


def test_an_example_without_a_word_has_no_rare_one_and_a_part_may_be_empty() -> None:
    found = parts(ExampleSizes(np.full(2, 7.0), None, None, np.array([np.nan, 5.0])))
    assert [(part.name, part.members.sum()) for part in found] == [("yes", 0), ("no", 2)]
