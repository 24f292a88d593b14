"""A study that begins with runs of another: everything that was measured of them, or nothing at all."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from sqlalchemy import select

from results.database import schema
from results.database.database import Database
from results.database.rows import RunCopy
from results.errors import RecordError

BASELINE = {"pooling": "cls", "sts_head": "concat", "schedule": "constant", "learning_rate": 3e-5}
BEST = {**BASELINE, "pooling": "mean", "sts_head": "cosine"}
MEASURED = (schema.EpochMetric, schema.TaskMetric, schema.Prediction, schema.Stage)


def measured(database: Database, run: int) -> list[list[dict[str, object]]]:
    found = []
    for table in MEASURED:
        columns = [column for column in table.__table__.columns if column.key != "run_id"]
        found.append(sorted(database.select(select(*columns).where(table.run_id == run)), key=repr))
    return found


def test_a_copy_has_everything_but_its_own_number_and_choices(make: Any) -> None:
    database = make.study().database
    runs = [make.complete(BASELINE, 0, trial=4), make.complete(BEST, 1000, "confirm")]
    study = dataclasses.replace(database.studies.require(make.name), study_name="new")
    choices = {**BEST, "extra": "a"}
    database.studies.create(study, [RunCopy(runs[0], BASELINE, 0), RunCopy(runs[1], choices, None)])
    old, new = database.runs.of_study(make.name), database.runs.of_study("new")
    changed = [{"trial_number": 0}, {"choices_json": choices}]
    for before, after, change in zip(old, new, changed, strict=True):
        assert after == dataclasses.replace(before, id=after.id, study_name="new", **change)
        assert measured(database, after.id) == measured(database, before.id) and after.id != before.id
        assert all(measured(database, after.id))
    assert database.metrics.epoch_scores(new[0].id) == database.metrics.epoch_scores(old[0].id) != {}


def test_a_study_is_made_with_all_its_runs_or_not_at_all(make: Any) -> None:
    database = make.study().database
    run = make.complete(BASELINE, 0, trial=0)
    study = dataclasses.replace(database.studies.require(make.name), study_name="new")
    with pytest.raises(RecordError, match="Run 999 does not exist"):
        database.studies.create(study, [RunCopy(run, BASELINE, 0), RunCopy(999, BASELINE, 1)])
    assert database.studies.find("new") is None and database.runs.of_study("new") == []


def test_a_space_evolves_with_the_choices_of_runs_and_cells(make: Any) -> None:
    database = make.study().database
    run, other = make.complete(BASELINE, 0), make.complete(BEST, 0)
    database.studies.replace_cells(make.name, "confirm", [make.cell("confirm", "baseline", BASELINE, 0)])
    study = database.studies.require(make.name)
    wanted = dataclasses.replace(study, goal="Why?", space_json={"name": "small"}, decisions_json={"best": "d"})
    wider = {**BASELINE, "extra": "a"}
    database.studies.evolve(wanted, {run: wider}, {("confirm", "baseline"): wider})
    assert database.studies.require(make.name) == wanted
    assert {row.id: row.choices_json for row in database.runs.of_study(make.name)} == {run: wider, other: BEST}
    assert [cell.choices_json for cell in database.studies.cells(make.name)] == [wider]
