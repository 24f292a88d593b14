"""A whole table from arrays."""

from __future__ import annotations

import doctest

import numpy as np
import pytest

from results.statistics import compare, table


def test_the_example_of_the_docstring() -> None:
    found = doctest.testmod(table, extraglobs={"np": np, "compare": compare})
    assert found.attempted == 5 and found.failed == 0


def test_each_row_has_what_its_verdict_rests_on() -> None:
    rng = np.random.default_rng(0)
    reference = [rng.random((5, 400)) for _ in range(3)]
    rows = [[task + gain + rng.normal(0, 0.2, task.shape) for task in reference] for gain in (0.0, 0.05, -0.05, 0.0)]
    rows.append([task[:3].copy() for task in reference])
    found = compare(rows, reference, margin=0.02)
    assert [row.verdict for row in found] == ["equivalent", "helps", "hurts", "equivalent", "equivalent"]
    assert all(row.low <= row.estimate <= row.high and row.p <= row.adjusted_p for row in found)
    assert found[1].estimate == pytest.approx(0.05, abs=0.01) and found[4].judgement.identical
    assert compare(rows[:1], reference, margin=None)[0].verdict == "open"


def test_shapes_that_do_not_fit_are_told() -> None:
    reference = [np.zeros((3, 5)), np.zeros((3, 7))]
    with pytest.raises(ValueError, match="the reference's 2 tasks, got 1"):
        compare([[np.zeros((3, 5))]], reference)
    with pytest.raises(ValueError, match="a and b must have the same shape"):
        compare([[np.zeros((4, 5)), np.zeros((4, 7))]], reference)
