"""Parts of the examples, and accuracy in them: by hand."""

from __future__ import annotations

import numpy as np
import pytest

from results.database.predictions import ExampleSizes
from results.error_analysis.slices import Kind, Part, slices, word_parts
from results.statistics import paired_difference

BEST = np.array([[1, 1, 0, 1, 0], [1, 0, 0, 1, 1]], dtype=bool)
OTHER = np.array([[0, 1, 0, 0, 0], [1, 0, 0, 0, 0]], dtype=bool)
LENGTH: Kind = "length"
PARTS = [
    Part(LENGTH, "first three", np.array([1, 1, 1, 0, 0], dtype=bool)),
    Part(LENGTH, "last two", np.array([0, 0, 0, 1, 1], dtype=bool)),
    Part(LENGTH, "one", np.array([1, 0, 0, 0, 0], dtype=bool)),
]


def test_each_part_has_its_accuracy_and_its_difference() -> None:
    first, last, _ = slices({"best": BEST, "baseline": OTHER}, (BEST, OTHER), PARTS)
    assert (first.name, first.examples, last.examples) == ("first three", 3, 2)
    assert first.mean["best"].estimate == pytest.approx(3 / 6)
    assert last.mean["best"].estimate == pytest.approx(3 / 4)
    expected = paired_difference(BEST[:, :3].astype(float), OTHER[:, :3].astype(float)).interval()
    assert first.difference == expected and expected.estimate == pytest.approx(1 / 6)


def test_accuracies_stay_between_0_and_1() -> None:
    for one in slices({"best": BEST}, None, PARTS[:2]):
        assert 0 <= one.mean["best"].low <= one.mean["best"].estimate <= one.mean["best"].high <= 1
        assert one.difference is None


def test_a_part_of_one_example_tells_nothing() -> None:
    (one,) = slices({"best": BEST}, (BEST, OTHER), PARTS[2:])
    assert (one.name, one.examples, one.mean, one.difference) == ("one", 1, {}, None)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    rng, held = np.random.default_rng(0), 0
    for _ in range(300):
        hard = rng.random(60) < 0.5
        right = rng.random((4, 60)) < np.where(hard, 0.4, 0.9)
        (one,) = slices({"best": right}, None, [Part(LENGTH, "all", np.ones(60, dtype=bool))])
        held += one.mean["best"].low <= 0.65 <= one.mean["best"].high
    assert held / 300 > 0.92


def test_parts_are_quarters_and_say_from_where_to_where() -> None:
    found = word_parts(ExampleSizes(np.arange(1.0, 9.0), None))
    assert [part.name for part in found] == ["1 to 2 words", "3 to 4 words", "5 to 6 words", "7 to 8 words"]
    assert [part.members.sum() for part in found] == [2, 2, 2, 2]


def test_equal_lengths_stay_together_and_every_example_is_in_one_part() -> None:
    words = np.array([3.0] * 6 + [4.0, 9.0])
    found = word_parts(ExampleSizes(words, None))
    assert [part.name for part in found] == ["3 words", "4 to 9 words"]
    assert (np.sum([part.members for part in found], axis=0) == 1).all()


def test_pairs_are_cut_by_overlap_too() -> None:
    found = word_parts(ExampleSizes(np.full(4, 7.0), np.array([0.0, 0.2, 0.5, 1.0])))
    assert [(part.kind, part.name) for part in found] == [
        ("overlap", f"{value} of the words shared") for value in ("0.00", "0.20", "0.50", "1.00")
    ]


def test_examples_that_are_all_alike_make_no_parts() -> None:
    assert word_parts(ExampleSizes(np.full(5, 7.0), None)) == []


def test_pairs_that_differ_in_one_word_and_examples_with_a_rare_word_are_a_part_and_the_others_another() -> None:
    differs, rarest = np.array([True, False, False]), np.array([0.0, 1.0, 2.0])
    found = word_parts(ExampleSizes(np.full(3, 7.0), None, differs, rarest))
    assert [(part.kind, part.name, part.members.tolist()) for part in found] == [
        ("one_word_difference", "yes", [True, False, False]),
        ("one_word_difference", "no", [False, True, True]),
        ("rare_words", "yes", [True, True, False]),
        ("rare_words", "no", [False, False, True]),
    ]


def test_an_example_without_a_word_has_no_rare_one_and_a_part_may_be_empty() -> None:
    found = word_parts(ExampleSizes(np.full(2, 7.0), None, None, np.array([np.nan, 5.0])))
    assert [(part.name, part.members.sum()) for part in found] == [("yes", 0), ("no", 2)]
