"""A study whose driver has gone is interrupted, and so are its runs; the command that goes on with it is printed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlite import migrated

from results.database.database import Database, open_database
from results.database.lease import owner_name, started_at, this_machine
from results.database.rows import NewRun, RunResult, StudyRow
from study import doctor, status
from study.execution.lease import Lease

Said = pytest.CaptureFixture[str]


def begun(database: Database, **more: Any) -> None:
    """The study `x` with a run that is complete and one under way, and a launch's settings."""
    texts = dict.fromkeys(("goal", "data_source", "data_fingerprint", "backbone"), "-")
    settings = {"space": "s.py", "trainer": "loud:train", "name": "x", **more}
    command = "python -m study.launch --space s.py --trainer loud:train --name x --workers 2 --run-timeout 60"
    row = StudyRow(
        study_name="x", space="s", data_made_up=False, seed=0, command=command, settings_json=settings, **texts
    )
    database.studies.create(row)
    for seed in range(2):
        run = database.runs.start(
            NewRun(study_name="x", phase="search", config_digest="a" * 64, config_json={}, choices_json={}, seed=seed)
        )
        if not seed:
            database.runs.finish(run, RunResult(status="complete", score=0.5))


def killed_here(database: Database) -> None:
    """The lease of a process of this machine that was killed a moment ago, and has most of its time left."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as driver:
        lease = Lease(database, "x")
        owner = owner_name(driver.pid, lease.host, this_machine())
        database.leases.take("x", owner, lease.host, driver.pid, started_at(psutil.Process(driver.pid)), 3600.0)
        driver.kill()


def expired_elsewhere(database: Database) -> None:
    """The lease of another machine, whose time is over."""
    database.leases.take("x", "pid 1 on host gone", "gone", 1, 1.0, -1.0)


def no_lease(database: Database) -> None:
    """As an older release, or a doctor, left it."""


@pytest.mark.parametrize("ended", [killed_here, expired_elsewhere, no_lease])
def test_it_is_interrupted_with_the_command_that_goes_on(
    tmp_path: Path, capsys: Said, ended: Callable[[Database], None]
) -> None:
    storage = migrated(tmp_path)
    with open_database(storage) as database:
        begun(database)
        ended(database)
        assert database.leases.live("x") is None
    again = f"python -m study.launch --name x --space s.py --trainer loud:train --storage {storage}"

    assert status.main(["--name", "x", "--storage", storage]) == 0
    told = capsys.readouterr().out
    assert told.startswith("x  interrupted, not running") and f"Resume it: {again}" in told
    assert "--run-timeout 60.0 --workers 2" in told
    assert status.main(["--storage", storage]) == 0
    assert "interrupted" in (told := capsys.readouterr().out) and "running" not in told
    assert status.main(["--name", "x", "--storage", storage, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["status"], data["interrupted"], data["running"], data["driver"]) == ("interrupted", 1, 0, None)
    assert data["phases"] == {"search": {"complete": 1, "interrupted": 1}} and data["running_runs"] == []
    assert data["resume"].startswith(again)

    assert doctor.main(["--name", "x", "--storage", storage]) == 3
    told = capsys.readouterr().out
    assert "interrupted_study" in told and again in told
    assert doctor.main(["--name", "x", "--storage", storage, "--fix"]) == 0
    capsys.readouterr()
    with open_database(storage) as database:
        assert database.studies.require("x").status == "interrupted"
        assert [run.status for run in database.runs.of_study("x")] == ["complete", "interrupted"]
    assert status.main(["--name", "x", "--storage", storage, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {**data, "resume": data["resume"]}


def test_one_that_is_driven_is_running(tmp_path: Path, capsys: Said) -> None:
    storage = migrated(tmp_path)
    with open_database(storage) as database:
        begun(database)
        Lease(database, "x").take()
        assert database.leases.live("x") is not None
    assert status.main(["--name", "x", "--storage", storage, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["status"], data["running"], data["interrupted"], data["resume"]) == ("running", 1, 0, None)
    assert data["driver"].startswith(f"pid {os.getpid()} on host") and len(data["running_runs"]) == 1
    assert doctor.main(["--name", "x", "--storage", storage]) == 0
    assert "interrupted_study" not in capsys.readouterr().out
