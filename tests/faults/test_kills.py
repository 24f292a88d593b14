"""Any process killed at any moment: no finished run is lost or counted twice, no zombies, exactly the asked totals."""

from __future__ import annotations

import random
import signal
from pathlib import Path

import pytest
from fuzzing import in_time
from gated import Gate
from place import Place
from processes import until
from rehearsed import Rehearsed, Server, gone_soon, killed_again_and_again
from sqlalchemy import select
from tier import often

from results.database import schema
from results.database.database import open_database

pytestmark = pytest.mark.slow
TRIALS = often(20, 200)


@pytest.mark.nightly
def test_kills_on_sqlite(tmp_path: Path) -> None:
    study = Rehearsed(tmp_path, f"sqlite:///{tmp_path}/s.db", trials=TRIALS)
    killed_again_and_again(study, often(3, 100), random.Random(0))


@pytest.mark.nightly
def test_kills_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    study = Rehearsed(tmp_path, postgres_url, trials=TRIALS)
    killed_again_and_again(study, often(2, 50), random.Random(1))


@pytest.mark.nightly
def test_a_postgresql_server_that_restarts_in_mid_study(tmp_path: Path, own_postgres: Server) -> None:
    restarts, done = often(1, 20), 0
    study = Rehearsed(tmp_path, own_postgres.url, trials=TRIALS, seconds=0.2)
    rng = random.Random(2)
    while done < restarts:
        process = study.start()
        while process.poll() is None and done < restarts:
            study.moment(process, rng.randint(2, 10))
            before = study.finished()
            if process.poll() is None:
                own_postgres.restart()
                done += 1
                study.check(before)
        study.wait(process, (0,))
        study.check_end()
        study.name += "x"
    assert "Traceback" not in study.log()


def expire_lease(study: Rehearsed) -> None:
    """As if the driver had not renewed it for long: it is stopped, as a laptop's lid does."""
    with open_database(study.storage) as database:
        owner = database.select(select(schema.Lease.owner))[0]["owner"]
        database.leases.renew(study.name, owner, seconds=-1)


def test_a_living_driver_keeps_its_study_also_asleep_and_one_that_lost_it_leaves_the_other_alone(
    tmp_path: Path,
) -> None:
    gate = Gate(tmp_path / "gate")
    gate.let_through(1)  # the first run is alone
    study = Rehearsed(tmp_path, f"sqlite:///{tmp_path}/s.db", gate=gate)
    first = study.start()
    try:
        until(lambda: study.count("running") == 2 or first.poll() is not None, study.log)  # all workers are busy
        for asleep in (False, False, True):
            if asleep:
                first.send_signal(signal.SIGSTOP)
                expire_lease(study)
            with in_time(120):  # one that is not refused would wait at the gate
                second = Place(tmp_path).call(*study.arguments())
            assert second.returncode == 2 and "Traceback" not in second.stderr, second
            assert f"is being run by pid {first.pid} on host" in second.stderr
            assert f"end it first: kill {first.pid} " in second.stderr
        expired = study.rows("select expires_at from lease")
        first.send_signal(signal.SIGCONT)
        until(lambda: study.rows("select expires_at from lease") > expired, study.log)  # it renews

        first.send_signal(signal.SIGSTOP)
        expire_lease(study)
        before = study.rows("select id, status, attempt from run")
        with open_database(study.storage) as database:
            database.leases.take(study.name, "pid 1 on host elsewhere", "elsewhere", 1, 0.0, 3600)
        first.send_signal(signal.SIGCONT)
        study.wait(first, (2,))
    finally:
        first.kill()
        first.wait()
    assert "is being run by pid 1 on host elsewhere" in study.log() and "Traceback" not in study.log()
    assert study.rows("select id, status, attempt from run") == before
    assert study.rows("select status from study_meta") == [("running",)]
    assert study.rows("select owner from lease") == [("pid 1 on host elsewhere",)]
    gone_soon(first.pid)


@pytest.mark.nightly
def test_eight_workers_that_report_every_ten_milliseconds(tmp_path: Path) -> None:
    more = ("--epochs", "50", "--pruner", "none", "--phases", "search", "--workers", "8")
    study = Rehearsed(tmp_path, f"sqlite:///{tmp_path}/s.db", trials=often(16, 400), seconds=0.5, more=more)
    study.wait(study.start(), (0,))
    assert "locked" not in study.log() and "Traceback" not in study.log()
    scores = "split = 'search' and metric = 'score' and task = ''"
    told = study.rows(f"select run_id from epoch_metric where {scores} group by run_id having count(*) = 50")
    assert len(told) == study.trials == study.count("complete")
