from __future__ import annotations

import numpy as np
import pytest
from optuna._hypervolume import compute_hypervolume

from results.statistics import front, front_probability, hypervolume
from results.statistics.pareto import Direction

UP: tuple[Direction, ...] = ("maximize", "maximize")


def test_the_hypervolume_of_two_boxes_by_hand() -> None:
    """3 x 1 and 1 x 2 share 1 x 1."""
    assert hypervolume([[3.0, 1.0], [1.0, 2.0], [0.5, 0.5]], [0.0, 0.0], UP) == pytest.approx(3 + 2 - 1)


@pytest.mark.parametrize("objectives", [1, 2, 3, 4])
def test_the_hypervolume_is_optuna_s(objectives: int) -> None:
    points = np.random.default_rng(objectives).random((20, objectives))
    expected = compute_hypervolume(points, np.ones(objectives))
    assert hypervolume(points, np.ones(objectives), ("minimize",) * objectives) == pytest.approx(expected)


def test_what_is_no_better_than_the_reference_adds_nothing() -> None:
    assert hypervolume([[0.9, 50.0], [np.nan, 1.0], [0.4, 1.0]], [0.5, 40.0], ("maximize", "minimize")) == 0.0
    assert hypervolume([[0.6, 30.0]], [0.5, 40.0], ("maximize", "minimize")) == pytest.approx(1.0)


def test_a_single_run_stands_where_it_is() -> None:
    runs = [[[1.0, 1.0]], [[2.0, 2.0]]]
    assert front_probability(runs, UP).tolist() == [0.0, 1.0]


def test_two_noisy_configurations_share_the_front() -> None:
    runs = [[[0.70, 5.0], [0.72, 5.0], [0.74, 5.0]]] * 2
    found = front_probability(runs, ("maximize", "minimize"), resamples=4000)
    assert found == pytest.approx([0.5, 0.5], abs=0.03)


def test_the_noise_of_a_mean_is_student_s_t() -> None:
    """By hand: seeds 0.4, 0.6 against a fixed 0.55: P(t_1 > 0.05 / 0.1) = 1/2 - atan(0.5) / pi."""
    found = front_probability([[[0.4], [0.6]], [[0.55]]], ("maximize",), resamples=20_000)
    assert found[0] == pytest.approx(0.5 - np.arctan(0.5) / np.pi, abs=0.012)
    assert found.sum() == pytest.approx(1.0)


def test_shapes_are_checked() -> None:
    with pytest.raises(ValueError, match=r"configuration 1 must have shape \(seeds, 2\)"):
        front_probability([[[1.0, 2.0]], [[1.0]]], UP)
    with pytest.raises(ValueError, match="points must have shape"):
        front([[1.0]], UP)


def test_a_front_of_two_is_what_no_other_point_beats() -> None:
    """With equal values, which continuous draws hardly have, and numbers that are missing."""
    rng = np.random.default_rng(4)
    for _ in range(50):
        points = rng.integers(0, 4, (12, 2)).astype(float)
        points[rng.random((12, 2)) < 0.05] = np.nan
        beaten = [any((other >= one).all() and (other > one).any() for other in points) for one in points]
        expected = [not (is_beaten or np.isnan(one).any()) for is_beaten, one in zip(beaten, points, strict=True)]
        assert front(points, UP).tolist() == expected
        third = np.column_stack([points, np.ones(12)])
        assert front(third, (*UP, "maximize")).tolist() == expected


def test_a_front_of_no_points_is_empty() -> None:
    assert front(np.empty((0, 2)), UP).tolist() == []


def test_a_tolerance_is_for_a_cost_and_a_score() -> None:
    with pytest.raises(ValueError, match="a tolerance needs a cost and a score"):
        front([[1.0, 2.0]], UP, tolerance=0.05)
