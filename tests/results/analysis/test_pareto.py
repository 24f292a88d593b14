from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from results.analysis.pareto import pareto_frame
from results.database.database import Database
from results.measurements.study_results import StudyResults
from results.statistics.pareto import front

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
    with pytest.raises(ValueError, match="directions must be 'maximize' or 'minimize', got"):
        front([[1.0]], ["up"])


def test_search_runs_are_no_configurations_of_the_front(light: Any) -> None:
    light.study().complete({"sts_head": "concat", "pooling": "cls"}, 0, "search")
    assert len(pareto_frame(StudyResults(light.database, "demo-study"))) == 0


def test_every_confirmed_or_ablated_configuration_is_a_point(finished: Database) -> None:
    table = pareto_frame(StudyResults(finished, "demo-study"))
    assert len(table) == 8
    assert table["seeds"].tolist() == [3] * 8
    assert table.loc[table["score"].idxmax(), "on_parameters_front"]


def test_a_row_names_its_runs_and_says_how_sure_its_front_is(finished: Database) -> None:
    table = pareto_frame(StudyResults(finished, "demo-study"))
    assert all(len(ids.split()) == seeds for ids, seeds in zip(table["run_ids"], table["seeds"], strict=True))
    for name in ("parameters", "seconds", "memory", "quora_sst", "quora_sts", "sst_sts"):
        sure = table[f"{name}_front_probability"]
        assert sure.between(0, 1).all()
        assert sure[table[f"on_{name}_front"]].max() > 0.3
    assert not table["on_inference_front"].any()  # not measured
    assert table["inference_front_probability"].isna().all()


def test_one_seed_is_on_a_front_without_a_probability(light: Any) -> None:
    light.study().complete({"sts_head": "concat", "pooling": "cls"}, 1000, "confirm")
    table = pareto_frame(StudyResults(light.database, "demo-study"))
    assert table["on_seconds_front"].tolist() == [True]
    assert table["seconds_front_probability"].isna().all()


def test_tasks_have_the_mean_of_their_main_metric(finished: Database) -> None:
    table = pareto_frame(StudyResults(finished, "demo-study"))
    assert table[["dev_quora", "dev_sst", "dev_sts"]].mean(axis=1).tolist() == pytest.approx(table["score"].tolist())
