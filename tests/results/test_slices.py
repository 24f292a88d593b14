"""Accuracy in parts of the examples: by hand."""

from __future__ import annotations

import numpy as np
import pytest

from results.slices import slices
from results.statistics import paired_difference

BEST = np.array([[1, 1, 0, 1, 0], [1, 0, 0, 1, 1]], dtype=bool)
OTHER = np.array([[0, 1, 0, 0, 0], [1, 0, 0, 0, 0]], dtype=bool)
PARTS = {
    "first three": np.array([1, 1, 1, 0, 0], dtype=bool),
    "last two": np.array([0, 0, 0, 1, 1], dtype=bool),
    "one": np.array([1, 0, 0, 0, 0], dtype=bool),
}


def test_each_part_has_its_accuracy_and_its_difference() -> None:
    first, last = slices({"best": BEST, "baseline": OTHER}, (BEST, OTHER), PARTS)
    assert (first.name, first.examples, last.examples) == ("first three", 3, 2)
    assert first.mean["best"].estimate == pytest.approx(3 / 6)
    assert last.mean["best"].estimate == pytest.approx(3 / 4)
    expected = paired_difference(BEST[:, :3].astype(float), OTHER[:, :3].astype(float)).interval()
    assert first.difference == expected and expected.estimate == pytest.approx(1 / 6)


def test_accuracies_stay_between_0_and_1() -> None:
    for one in slices({"best": BEST}, None, PARTS):
        assert 0 <= one.mean["best"].low <= one.mean["best"].estimate <= one.mean["best"].high <= 1
        assert one.difference is None


def test_a_part_of_one_example_tells_nothing() -> None:
    assert "one" not in {one.name for one in slices({"best": BEST}, None, PARTS)}


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    rng, held = np.random.default_rng(0), 0
    for _ in range(300):
        hard = rng.random(60) < 0.5
        right = rng.random((4, 60)) < np.where(hard, 0.4, 0.9)
        (one,) = slices({"best": right}, None, {"all": np.ones(60, dtype=bool)})
        held += one.mean["best"].low <= 0.65 <= one.mean["best"].high
    assert held / 300 > 0.92
