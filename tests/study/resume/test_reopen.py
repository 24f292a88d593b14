"""A study whose configurations meant something else: read as before, and neither resumed nor taken from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from driving import rehearsed
from sqlite import migrated

from results.database.database import open_database
from results.database.rows import NewRun, StudyRow
from search_spaces import describe
from study.resume.code_changes import code_change
from study.resume.reopen import reopen, runs_to_import
from study.settings import SettingsError
from study.trainers.rehearsal.trainer import Rehearsal


def study_and_trainer(version: int) -> tuple[StudyRow, Rehearsal]:
    """A study of the first version, and a trainer of this one."""
    trainer, settings = rehearsed()
    baseline = trainer.space.baseline()
    row = StudyRow(
        study_name="s",
        space="pooling",
        goal="Which?",
        command="pytest",
        data_source="rehearsal",
        data_made_up=True,
        data_fingerprint=trainer.facts.fingerprint,
        backbone="rehearsal",
        seed=settings.seed,
        space_json=describe(trainer.space),
        decisions_json={"baseline": trainer.configuration(baseline).digest(), "baseline_choices": baseline},
    )
    trainer.facts = replace(trainer.facts, config_version=version)
    return row, trainer


def test_a_study_of_this_version_is_resumed_as_it_is() -> None:
    row, trainer = study_and_trainer(1)
    assert row.config_version == 1 and reopen(row, trainer, [], []) is None


def test_one_of_another_version_is_refused_with_both_versions_and_the_way_out() -> None:
    row, trainer = study_and_trainer(2)
    with pytest.raises(SettingsError) as caught:
        reopen(row, trainer, [], [])
    told = str(caught.value)
    assert "Study 's' cannot be resumed" in told and "version 1" in told and "version 2" in told
    assert "python -m results.report --name s" in told and "--name s-2" in told


def test_its_runs_are_not_taken_into_another_study() -> None:
    row, trainer = study_and_trainer(2)
    with pytest.raises(SettingsError) as caught:
        runs_to_import(row, trainer, [])
    told = str(caught.value)
    assert "runs of study 's' cannot be imported" in told and "leave out --import-from" in told


def test_one_of_another_version_is_resumed_where_that_is_wanted_and_its_runs_are_marked(tmp_path: Path) -> None:
    row, trainer = study_and_trainer(2)
    trainer.facts = replace(trainer.facts, fingerprint="other rows")
    assert reopen(row, trainer, [], [], accept_changed_code=True) is None
    change = code_change(row, trainer.facts, [])
    assert change is not None and "version 1" in change.message() and "reads other rows" in change.message()
    with open_database(migrated(tmp_path)) as database:
        database.studies.create(row)
        run = NewRun(study_name="s", phase="search", config_digest="d", config_json={}, choices_json={}, seed=0)
        database.runs.start(run)
        change.write(database)
        found = database.studies.require("s")
        assert (found.config_version, found.data_fingerprint) == (2, "other rows")
        assert database.runs.of_study("s")[0].code == "version 1"
        assert code_change(found, trainer.facts, database.runs.of_study("s")) is None
