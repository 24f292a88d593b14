"""What sharing saved, stage by stage, on both kinds of database."""

from __future__ import annotations

from typing import Any

import pytest

from results.database.rows import RunResult, StageRow
from results.measurements.stages import StageCost, stage_costs
from results.report import notes
from results.report.render import render_report

CHOICES = {"pooling": "cls", "sts_head": "concat", "schedule": "constant", "learning_rate": 3e-5}
FIRST = [StageRow("mlm", "a", 10.0, False), StageRow("multitask", "b", 20.0, False)]
SECOND = [StageRow("mlm", "a", 10.0, True), StageRow("simcse", "c", 5.0, False), StageRow("multitask", "d", 3.0, False)]


def two_runs(make: Any) -> None:
    make.study()
    for seed, stages in ((1, FIRST), (2, SECOND)):
        run = make.start(CHOICES, seed, "confirm")
        make.database.runs.finish(run, RunResult(status="complete", score=0.5, stages=stages))


def test_seconds_computed_and_saved_by_stage_in_the_order_of_a_run(make: Any) -> None:
    two_runs(make)
    costs = stage_costs(make.database, make.name)
    assert costs.stages == (
        StageCost("mlm", 1, 10.0, 1, 10.0),
        StageCost("simcse", 1, 5.0, 0, 0.0),
        StageCost("multitask", 2, 23.0, 0, 0.0),
    )
    assert (costs.seconds, costs.saved, costs.store) == (38.0, 10.0, None)
    assert costs.sentence() == "Stages computed: 38 s; taken from the stage store: 10 s."


def test_a_study_without_runs_has_no_stages(light: Any) -> None:
    light.study()
    assert stage_costs(light.database, light.name).stages == ()
    assert "Stages computed" not in render_report(light.database, light.name)


def test_the_report_shows_stages_and_the_store(light: Any) -> None:
    two_runs(light)
    noted = {"folder": "runs/store", "bytes": 12_000_000, "entries": 1}
    light.database.studies.update(light.name, decisions_json={"store": noted})
    text = render_report(light.database, light.name)
    assert "Stages computed: 38 s; taken from the stage store: 10 s. The store has 1 stage, 12 MB." in text
    assert "Time by stage" in text and stage_costs(light.database, light.name).as_json() == {
        "stage_seconds_run": 38.0,
        "stage_seconds_saved": 10.0,
        "store": noted,
    }


@pytest.mark.parametrize("fixed", [True, False])
def test_the_report_says_what_its_intervals_leave_out(light: Any, fixed: bool) -> None:
    light.study(settings_json={"fixed_pretraining_seed": fixed})
    light.database.studies.replace_cells(light.name, "confirm", [light.cell("confirm", "baseline", CHOICES, 0)])
    for seed in (1000, 1001):
        light.complete(CHOICES, seed, "confirm")
    text = render_report(light.database, light.name)
    assert ("the intervals leave that source of variation out" in text) is fixed
    assert ("--fixed-pretraining-seed" in text.partition("How it was done</h2>")[2]) is fixed


def test_without_intervals_nothing_is_said_of_them(light: Any) -> None:
    light.study(settings_json={"fixed_pretraining_seed": True})
    assert notes.interval_note(set(), light.database.studies.require(light.name)) == ""
