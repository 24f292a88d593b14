from __future__ import annotations

from typing import Any

import pytest

from results.analysis.summary import summarise
from results.database.database import Database
from results.database.rows import RunResult
from results.errors import UnknownStudy
from results.measurements.study_results import StudyResults

A = {"pooling": "cls", "sts_head": "concat", "schedule": "constant", "learning_rate": 3e-5}


def test_a_finished_study_has_its_answer(finished: Database) -> None:
    found = summarise(StudyResults(finished, "demo-study"))
    assert found.best.choices["pooling"] == "mean"
    assert [change.factor for change in found.best_changes] == ["pooling", "sts_head", "learning_rate"]
    as_measured = found.best.mean - found.baseline.mean
    assert as_measured - 0.01 < found.gain.interval.estimate < as_measured  # corrected for the selection bias
    assert found.gain.seeds == (1000, 1001, 1002)
    assert len(found.ablation) == 5
    assert (found.best.test_seeds, found.baseline.test_seeds) == (3, 3)


def test_runs_are_counted_by_their_end(finished: Database) -> None:
    counts = summarise(StudyResults(finished, "demo-study")).counts
    assert (counts.complete, counts.pruned, counts.failed, counts.total) == (27, 1, 1, 29)
    assert counts.failures == (("nan_loss", 1),)


def test_hours_are_those_of_training_and_evaluation(light: Any) -> None:
    light.study()
    light.complete(A, 0)
    found = summarise(StudyResults(light.database, light.name))
    assert found.hours_spent == pytest.approx((80 + 4) / 3600)
    assert found.hours_saved == pytest.approx(6 / 3600)


def test_search_runs_alone_give_no_best(light: Any) -> None:
    light.study()
    light.complete(A, 0)
    found = summarise(StudyResults(light.database, light.name))
    assert (found.best, found.gain, found.leaderboard, found.ablation) == (None, None, (), ())


def test_the_baseline_can_be_the_best(light: Any) -> None:
    light.study(settings_json={"seeds": 2})
    light.database.studies.replace_cells(light.name, "confirm", [light.cell("confirm", "baseline", A, 0)])
    for seed in (1000, 1001):
        light.complete(A, seed, "confirm")
    found = summarise(StudyResults(light.database, light.name))
    assert found.best_is_baseline
    assert (found.best_changes, found.gain) == ((), None)


def test_a_failed_run_costs_the_time_until_it_failed(light: Any) -> None:
    light.study()
    run = light.start(A, 0)
    light.database.runs.finish(run, RunResult(status="failed", reason="nan_loss"))
    assert 0 <= summarise(StudyResults(light.database, light.name)).hours_spent < 0.01


def test_an_unknown_study_is_said(light: Any) -> None:
    with pytest.raises(UnknownStudy):
        summarise(StudyResults(light.database, "nothing"))
