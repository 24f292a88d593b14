"""What a report says of the epoch that runs keep."""

from __future__ import annotations

from typing import Any

import pytest

from results.database.rows import MetricValue, RunResult
from results.measurements.kept_epoch import CHOSEN_ON_DEV, disclosure, train_above_dev
from results.measurements.study_results import StudyResults

BASELINE = {"pooling": "cls", "sts_head": "concat", "schedule": "constant", "learning_rate": 3e-5}
OTHER = {**BASELINE, "pooling": "mean"}


def kept(maker: Any, choices: dict[str, Any], seed: int, score: float, last: float | None, train: float | None) -> int:
    run: int = maker.start(choices, seed, "confirm")
    values = {"dev": score} | ({} if train is None else {"train": train})
    metrics = [MetricValue(split, "", "score", value) for split, value in values.items()]  # type: ignore[arg-type]
    told = RunResult(status="complete", score=score, last_score=last, best_epoch=1, metrics=metrics)
    maker.database.runs.finish(run, told)
    return run


def test_it_tells_by_how_much_the_kept_epochs_are_above_the_last(light: Any) -> None:
    light.study()
    runs = [kept(light, BASELINE, seed, 0.6, last, None) for seed, last in ((0, 0.6), (1, 0.57), (2, None))]
    results = StudyResults(light.database, light.name)
    assert "Over 2 complete runs it is +1.5 points above the score after the last epoch" in disclosure(results)
    assert train_above_dev(results, runs) is None


def test_a_study_of_before_has_the_warning_alone(light: Any) -> None:
    light.study()
    kept(light, BASELINE, 0, 0.6, None, None)
    assert disclosure(StudyResults(light.database, light.name)) == CHOSEN_ON_DEV


def test_the_gap_is_of_all_runs_or_not_told(light: Any) -> None:
    light.study()
    runs = [kept(light, BASELINE, seed, score, score, train) for seed, score, train in ((0, 0.6, 0.7), (1, 0.5, 0.8))]
    other = kept(light, OTHER, 0, 0.5, 0.5, None)
    results = StudyResults(light.database, light.name)
    assert train_above_dev(results, runs) == pytest.approx((0.55, 0.75))
    assert train_above_dev(results, [*runs, other]) is None
