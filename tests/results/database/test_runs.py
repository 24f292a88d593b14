"""A run that pauses and goes on is one row: its epochs once, its seconds and stages of all its parts."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from results.database import schema
from results.database.rows import MetricValue, RunResult, StageRow
from results.errors import RecordError

CHOICES = {"pooling": "cls", "sts_head": "concat", "schedule": "constant", "learning_rate": 3e-5}
SCORE = [MetricValue("dev", "", "score", 0.5)]


def paused(make: Any) -> int:
    make.study()
    run: int = make.start(CHOICES, 0, trial=0)
    make.database.runs.record_epoch(run, 1, 2.0, SCORE)
    stages = [StageRow("mlm", "a", 5.0, True), StageRow("multitask", "b", 3.0, False)]
    seconds = {"train_seconds": 2.5, "eval_seconds": 0.5, "shared_seconds": 5.0}
    make.database.runs.finish(run, RunResult(status="pruned", score=0.5, metrics=SCORE, stages=stages, **seconds))
    return run


def finish(make: Any, run: int, *stages: StageRow, train_seconds: float) -> Any:
    make.database.runs.resume(run)
    assert make.database.metrics.last_epoch(run) == 1
    with pytest.raises(RecordError, match="already stored"):
        make.database.runs.record_epoch(run, 1, 2.0, SCORE)
    make.database.runs.record_epoch(run, 2, 2.0, SCORE)
    result = RunResult(
        status="complete", score=0.6, metrics=SCORE, stages=stages, train_seconds=train_seconds, eval_seconds=1.0,
        shared_seconds=8.0,
    )  # fmt: skip
    make.database.runs.finish(run, result)
    return make.database.runs.of_study(make.name)[0]


def stages_of(make: Any, run: int) -> list[tuple[Any, ...]]:
    table = schema.Stage
    rows = make.database.select(select(table.key, table.shared).filter_by(run_id=run).order_by(table.position))
    return [(row["key"], bool(row["shared"])) for row in rows]


def test_what_it_takes_of_its_own_saves_nothing(make: Any) -> None:
    run = paused(make)
    again = [StageRow("mlm", "a", 5.0, True), StageRow("multitask", "b", 3.0, True)]
    row = finish(make, run, *again, StageRow("multitask", "c", 4.0, False), train_seconds=3.0)
    assert (row.status, row.reason, row.attempt, row.score) == ("complete", None, 1, 0.6)
    assert (row.train_seconds, row.eval_seconds, row.shared_seconds) == (5.5, 1.5, 5.0)
    assert stages_of(make, run) == [("a", True), ("b", False), ("c", False)]


def test_without_a_store_it_carries_out_again_and_says_so(make: Any) -> None:
    run = paused(make)
    again = [StageRow("mlm", "a", 5.0, False), StageRow("multitask", "c", 7.0, False)]
    row = finish(make, run, *again, train_seconds=11.0)
    assert (row.train_seconds, row.shared_seconds) == (13.5, 5.0)
    assert stages_of(make, run) == [("a", True), ("b", False), ("a", False), ("c", False)]


def test_only_a_run_that_had_paused_goes_on(light: Any) -> None:
    light.study()
    run = light.complete(CHOICES, 0)
    with pytest.raises(RecordError, match="complete; only a paused run can continue"):
        light.database.runs.resume(run)
    with pytest.raises(RecordError, match="does not exist"):
        light.database.runs.resume(99)
