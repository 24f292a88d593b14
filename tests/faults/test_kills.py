"""Any process killed at any moment: no finished run is lost or counted twice, no zombies, exactly the asked totals."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from pathlib import Path

import pytest
from rehearsed import Rehearsed, Server, killed_again_and_again
from sqlalchemy import select
from tier import often

from results import schema
from results.records import open_database

pytestmark = pytest.mark.slow
TRIALS = often(60, 200)


def test_kills_on_sqlite(tmp_path: Path) -> None:
    study = Rehearsed(tmp_path, f"sqlite:///{tmp_path}/s.db", trials=TRIALS)
    killed_again_and_again(study, often(8, 100), random.Random(0))


def test_kills_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    study = Rehearsed(tmp_path, postgres_url, trials=TRIALS)
    killed_again_and_again(study, often(4, 50), random.Random(1))


def test_a_postgresql_server_that_restarts_in_mid_study(tmp_path: Path, own_postgres: Server) -> None:
    restarts, done = often(3, 20), 0
    study = Rehearsed(tmp_path, own_postgres.url, trials=TRIALS, seconds=0.2)
    rng = random.Random(2)
    while done < restarts:
        process = study.start()
        study.wait_for_driver()
        while process.poll() is None and done < restarts:
            time.sleep(rng.uniform(1.0, 3.0))
            if process.poll() is None:
                before = study.finished()
                own_postgres.restart()
                done += 1
                time.sleep(0.5)
                study.check(before)
        assert process.wait(timeout=300) == 0, study.log()[-3000:]
        study.check_end()
        study.name += "x"
    assert "Traceback" not in study.log()


def test_a_second_driver_is_refused(tmp_path: Path) -> None:
    study = Rehearsed(tmp_path, f"sqlite:///{tmp_path}/s.db", trials=400, seconds=60)
    first = study.start()
    try:
        study.wait_for_driver()
        for _ in range(often(3, 20)):
            second = subprocess.run(
                study.command(), cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
            )
            assert second.returncode == 2, second.stdout + second.stderr
            assert f"is being run by pid {first.pid} on host" in second.stderr
            assert "Traceback" not in second.stderr
    finally:
        first.kill()
        first.wait()


def asleep(study: Rehearsed) -> subprocess.Popen[bytes]:
    """A driver in mid-study that was stopped, as a laptop's lid does: it renews nothing, and its lease has expired."""
    process = study.start()
    deadline = time.monotonic() + 60
    while len(study.rows("select id from run where status = 'running'")) < 2:  # all workers are busy
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGSTOP)
    with open_database(study.storage) as database:
        owner = database.select(select(schema.Lease.owner))[0]["owner"]
        database.renew_lease(study.name, owner, seconds=-1)
    return process


def test_a_living_driver_that_slept_keeps_its_study(tmp_path: Path) -> None:
    study = Rehearsed(tmp_path, f"sqlite:///{tmp_path}/s.db", trials=400, seconds=60)
    first = asleep(study)
    try:
        second = subprocess.run(study.command(), cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
        assert second.returncode == 2 and f"end it first: kill {first.pid} " in second.stderr, second.stderr
        first.send_signal(signal.SIGCONT)
        first.send_signal(signal.SIGTERM)
        assert first.wait(timeout=60) == 130, study.log()
    finally:
        first.kill()
        first.wait()
    assert study.rows("select distinct status from run") == [("interrupted",)]


def test_a_driver_that_slept_and_lost_its_study_leaves_the_other_alone(tmp_path: Path) -> None:
    study = Rehearsed(tmp_path, f"sqlite:///{tmp_path}/s.db", trials=400, seconds=60)
    first = asleep(study)
    try:
        before = study.rows("select id, status, attempt from run")
        with open_database(study.storage) as database:
            database.take_lease(study.name, "pid 1 on host elsewhere", "elsewhere", 1, 0.0, 3600)
        first.send_signal(signal.SIGCONT)
        assert first.wait(timeout=60) == 2, study.log()
    finally:
        first.kill()
        first.wait()
    assert "is being run by pid 1 on host elsewhere" in study.log() and "Traceback" not in study.log()
    assert study.rows("select id, status, attempt from run") == before
    assert study.rows("select status from study_meta") == [("running",)]
    assert study.rows("select owner from lease") == [("pid 1 on host elsewhere",)]


def test_eight_workers_that_report_every_ten_milliseconds(tmp_path: Path) -> None:
    seconds = often(15, 60)
    more = ("--epochs", "50", "--pruner", "none", "--phases", "search", "--timeout", str(seconds), "--workers", "8")
    study = Rehearsed(tmp_path, f"sqlite:///{tmp_path}/s.db", trials=5000, seconds=0.5, more=more)
    process = study.start()
    assert process.wait(timeout=seconds + 60) == 130, study.log()[-3000:]
    assert "locked" not in study.log() and "Traceback" not in study.log()
    whole = study.rows("select id from run where status = 'complete'")
    scores = "split = 'dev' and metric = 'score' and task = ''"
    told = f"select run_id from epoch_metric where {scores} group by run_id having count(*) = 50"
    assert len(whole) >= 8 and set(whole) <= set(study.rows(told))
