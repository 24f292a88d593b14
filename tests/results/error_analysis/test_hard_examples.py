"""Examples that stay wrong, and those that turn: by hand."""

from __future__ import annotations

import numpy as np
import pytest

from results.error_analysis.hard_examples import flips, hard_examples

BEST = np.array([[1, 0, 1, 0], [1, 0, 0, 0]], dtype=bool)
BASELINE = np.array([[0, 0, 1, 1], [0, 1, 0, 1]], dtype=bool)


def test_hard_is_wrong_with_every_seed() -> None:
    found = hard_examples(BEST)
    assert found.positions.tolist() == [1, 3]
    assert found.by_chance == pytest.approx(4 * 0.5 * 0.75)


def test_an_example_turns_where_all_seeds_agree() -> None:
    found = flips(BEST, BASELINE)
    assert (found.gained.tolist(), found.lost.tolist()) == ([0], [3])
    # Rows: seeds of the baseline that are right, 0..2; columns: of the best.
    assert found.crosstab.tolist() == [[0, 0, 1], [1, 1, 0], [1, 0, 0]]


def test_errors_that_are_luck_come_as_often_as_luck_says() -> None:
    right = np.random.default_rng(0).random((3, 20_000)) < [[0.5], [0.6], [0.7]]
    found = hard_examples(right)
    assert len(found.positions) == pytest.approx(found.by_chance, rel=0.06)


def test_one_seed_says_nothing() -> None:
    with pytest.raises(ValueError, match="at least 2 seeds"):
        hard_examples(BEST[:1])


def test_other_seeds_are_not_compared() -> None:
    with pytest.raises(ValueError, match="one shape"):
        flips(BEST, np.ones((3, 4)))
