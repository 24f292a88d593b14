"""Killed and interrupted studies: nothing finished is lost, nothing runs twice, totals are as asked."""

from __future__ import annotations

import os
import signal
import subprocess
import time

import pytest
from place import SMALL, Place

from study.trainers.rehearsal import Rehearsal

STUDY = (*SMALL, "--space", "pooling", "--name", "s", "--trials", "6", "--seeds", "2", "--epochs", "2")


def wait_for_runs(place: Place, process: subprocess.Popen[str], count: int) -> None:
    """Until `count` runs have finished; fails when the launch ends before."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if place.database.exists():
            tables = place.rows("select count(*) from sqlite_master where name = 'run'")[0][0]
            if tables and place.rows("select count(*) from run where finished_at is not null")[0][0] >= count:
                return
        assert process.poll() is None, process.stdout and process.stdout.read()
        time.sleep(0.05)
    raise AssertionError("the study made no progress")


def processes_of(session: int) -> dict[int, int]:
    """The living processes of a session: pid -> pid of the parent."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,sid=,stat="], capture_output=True, text=True, check=True)
    rows = (line.split() for line in listed.stdout.splitlines())
    return {int(pid): int(ppid) for pid, ppid, sid, state in rows if int(sid) == session and not state.startswith("Z")}


def workers_of(driver: int) -> list[int]:
    """Workers are the grandchildren of the driver: the server that forks them is its child."""
    return [pid for pid, parent in processes_of(driver).items() if pid != driver and parent != driver]


@pytest.mark.slow
@pytest.mark.parametrize("finished", [1, 4, 8])
def test_a_killed_study_goes_on_where_it_was(place: Place, finished: int) -> None:
    process = place.start(*STUDY)
    wait_for_runs(place, process, finished)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    before = place.rows("select id, finished_at, score, attempt from run where status = 'complete'")
    assert len(before) >= finished

    again = place.run(*STUDY)
    assert again.returncode == 0, again.stdout + again.stderr
    after = place.rows("select id, finished_at, score, attempt from run where status = 'complete'")
    assert set(before) <= set(after)  # kept as they were, not run again
    assert place.rows("select distinct status from run") == [("complete",)]
    assert place.rows("select count(*) from trials") == [(6,)]
    assert place.rows("select distinct state from trials") == [("COMPLETE",)]
    assert place.rows("select count(*) from run where trial_number is not null") == [(6,)]
    assert place.rows("select count(*), count(distinct config_digest || seed) from run") == [(len(after), len(after))]


@pytest.mark.slow
def test_workers_end_with_their_killed_driver(place: Place) -> None:
    process = place.start(*STUDY, "--epochs", "50")
    wait_for_runs(place, process, 0)
    time.sleep(3)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    deadline = time.monotonic() + 20
    while processes_of(process.pid) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert processes_of(process.pid) == {}


@pytest.mark.slow
def test_ctrl_c_keeps_everything_and_says_how_to_go_on(place: Place) -> None:
    process = place.start(*STUDY)
    wait_for_runs(place, process, 2)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the whole group
    told, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "python -m study.launch --name s" in told and "Traceback" not in told
    assert place.rows("select count(*) from run where status = 'complete'")[0][0] >= 2
    assert place.rows("select count(*) from run where status = 'running'") == [(0,)]
    assert place.rows("select status from study_meta") == [("interrupted",)]
    assert place.run("--name", "s").returncode == 0
    assert place.rows("select count(*) from trials") == [(6,)]


@pytest.mark.slow
def test_a_second_driver_is_refused_with_the_owners_name(place: Place) -> None:
    process = place.start(*STUDY)
    wait_for_runs(place, process, 1)
    second = place.run(*STUDY)
    assert second.returncode == 2
    assert f"pid {process.pid}" in second.stderr and "Traceback" not in second.stderr
    told, _ = process.communicate(timeout=200)
    assert process.returncode == 0, told


@pytest.mark.slow
def test_a_killed_worker_ends_one_run_and_the_study_goes_on(place: Place) -> None:
    asked = (*STUDY, "--phases", "search", "--epochs", "12", "--workers", "1", "--retries", "0")
    process = place.start(*asked)
    wait_for_runs(place, process, 0)
    while not place.rows("select count(*) from epoch_metric where run_id = 1")[0][0]:
        time.sleep(0.02)
    (worker,) = workers_of(process.pid)
    os.kill(worker, signal.SIGKILL)
    told, _ = process.communicate(timeout=200)
    assert process.returncode == 3, told
    assert place.rows("select status, reason from run where status != 'complete'") == [("failed", "worker_died")]
    assert place.rows("select state, count(*) from trials group by state order by state") == [
        ("COMPLETE", 5),
        ("FAIL", 1),
    ]
    failed = place.run("--name", "s", "--failed", module="study.status")
    assert "worker_died" in failed.stdout and "SIGKILL" in failed.stdout


@pytest.mark.slow
def test_a_run_whose_worker_is_killed_is_started_again(place: Place) -> None:
    process = place.start(*STUDY, "--phases", "search", "--epochs", "12", "--workers", "1")
    wait_for_runs(place, process, 0)
    while not place.rows("select count(*) from epoch_metric where run_id = 1")[0][0]:
        time.sleep(0.02)
    (worker,) = workers_of(process.pid)
    os.kill(worker, signal.SIGKILL)
    told, _ = process.communicate(timeout=200)
    assert process.returncode == 0 and "started again" in told, told
    assert place.rows("select id from run where attempt = 2") == [(1,)]
    assert place.rows("select distinct status from run") == [("complete",)]
    assert place.rows("select distinct state from trials") == [("COMPLETE",)]


REHEARSED = ("--space", "pooling", "--rehearse", "--trials", "2", "--phases", "search", "--name", "r")


def ctrl_c(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(10)


def test_ctrl_c_before_the_first_run_says_how_to_go_on_as_protected(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    protected = ("--run-timeout", "90", "--memory-per-run", "1.5", "--retries", "1", "--workers", "2")
    with monkeypatch.context() as patch:
        patch.setattr(Rehearsal, "prepare", ctrl_c)
        done = place.call(*REHEARSED, *protected, "--json")
    assert done.returncode == 130
    again = "python -m study.launch --name r --workers 2 --run-timeout 90.0 --memory-per-run 1.5 --retries 1\n"
    assert done.stderr.endswith(f"Interrupted; 0 finished runs are kept. Go on: {again}")
    assert place.rows("select status from study_meta") == [("interrupted",)]
    assert place.rows("select count(*) from lease") == [(0,)]
    assert place.call(*again.split()[3:]).returncode == 0


@pytest.mark.parametrize("flags", [(), ("--plan",)])
def test_ctrl_c_before_there_is_a_study_is_one_line(
    place: Place, monkeypatch: pytest.MonkeyPatch, flags: tuple[str, ...]
) -> None:
    monkeypatch.setattr(Rehearsal, "configuration", ctrl_c)
    done = place.call(*REHEARSED, *flags)
    assert done.returncode == 130 and done.stderr.endswith("\nInterrupted.\n") and "Traceback" not in done.stderr
