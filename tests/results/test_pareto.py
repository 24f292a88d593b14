from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from results.fronts import front
from results.pareto import pareto_table
from results.records import Database

BOTH = ("maximize", "minimize")


def test_a_point_beaten_in_everything_is_off_the_front() -> None:
    points = [[0.7, 10.0], [0.6, 20.0], [0.8, 30.0], [0.5, 5.0]]
    assert front(points, BOTH).tolist() == [True, False, True, True]


def test_directions_decide() -> None:
    points = [[0.7, 10.0], [0.6, 20.0]]
    assert front(points, ("maximize", "maximize")).tolist() == [True, True]
    assert front(points, ("minimize", "minimize")).tolist() == [True, True]


def test_equal_points_stay_together() -> None:
    assert front([[0.7, 10.0], [0.7, 10.0], [0.7, 11.0]], BOTH).tolist() == [True, True, False]


def test_a_point_with_a_nan_is_never_on_the_front_and_beats_none() -> None:
    assert front([[np.nan, 1.0], [0.7, 10.0]], BOTH).tolist() == [False, True]


def test_no_points_make_no_front() -> None:
    assert front(np.empty((0, 2)), BOTH).tolist() == []


def test_shapes_and_directions_are_checked() -> None:
    with pytest.raises(ValueError, match=r"shape \(points, 2\) for 2 directions, got \(3,\)"):
        front([1.0, 2.0, 3.0], BOTH)
    with pytest.raises(ValueError, match="a direction is maximize or minimize, got"):
        front([[1.0]], ["up"])


def test_search_runs_are_no_configurations_of_the_front(light: Any) -> None:
    light.study().complete({"sts_head": "concat", "pooling": "cls"}, 0, "search")
    assert len(pareto_table(light.database, "demo-study")) == 0


def test_every_confirmed_or_ablated_configuration_is_a_point(finished: Database) -> None:
    table = pareto_table(finished, "demo-study")
    assert len(table) == 8
    assert table["seeds"].tolist() == [3] * 8
    assert table.loc[table["score"].idxmax(), "on_parameters_front"]
