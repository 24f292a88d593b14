from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from results.analysis.method_task import MethodTask, method_task, method_task_frame
from results.analysis.summary import summarise
from results.database.typed_tables import column_types
from results.measurements.study_results import StudyResults
from results.report.content import Outcome


@pytest.fixture
def table(finished_outcome: Outcome) -> MethodTask:
    return method_task(finished_outcome.results, finished_outcome.summary)


def test_the_baseline_and_the_best_come_first_then_the_highest_score(table: MethodTask) -> None:
    assert [row.role for row in table.rows[:2]] == ["baseline", "best"]
    scores = [row.score.mean for row in table.rows[2:] if row.score]
    assert scores == sorted(scores, reverse=True) and len(table.rows) == 8
    assert table.tasks == ("quora", "sst", "sts") and table.metrics == ("accuracy", "accuracy", "pearson")


def test_a_cell_is_the_mean_and_deviation_of_the_runs_named(table: MethodTask, finished_outcome: Outcome) -> None:
    for row in table.rows:
        for task, metric, cell in zip(table.tasks, table.metrics, row.tasks, strict=True):
            values = [finished_outcome.results.metric(run, "dev", task, metric) for run in row.run_ids]
            assert cell is not None and cell.seeds == 3
            assert cell.mean == pytest.approx(np.mean(values)) and cell.deviation == pytest.approx(
                np.std(values, ddof=1)
            )


def test_configurations_are_called_by_what_they_change_and_no_two_alike(table: MethodTask) -> None:
    names = [row.method for row in table.rows]
    assert len(set(names)) == len(names) and names[0] == "baseline" and names[1].startswith("best: ")
    assert not any("confirm:" in name or "leave_one_out" in name for name in names)
    assert "best, but pooling cls" in names


def test_the_frame_has_a_row_a_configuration_and_task(table: MethodTask) -> None:
    frame = method_task_frame(table)
    assert list(frame.columns) == list(column_types("method_task")) and len(frame) == len(table.rows) * 4
    assert (frame["task"] == "").sum() == len(table.rows)


def test_before_any_result_there_are_no_rows(light: Any) -> None:
    light.study()
    results = StudyResults(light.database, light.name)
    assert method_task(results, summarise(results)).rows == ()
    assert list(method_task_frame(method_task(results, summarise(results))).columns) == list(
        column_types("method_task")
    )
