"""Killed and interrupted studies: nothing finished is lost, nothing runs twice, totals are as asked."""

from __future__ import annotations

import os
import signal
import subprocess
import time

import pytest
from place import SMALL, Place
from processes import until

from study.engines.local import LocalEngine
from study.messages import EpochDone, Event
from study.trainers.rehearsal.trainer import OPTIONS, Rehearsal

REHEARSED = ("--space", "pooling", "--rehearse", "--trials", "2", "--phases", "search", "--name", "r")


def processes_of(session: int) -> dict[int, int]:
    """The living processes of a session: pid -> pid of the parent."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,sid=,stat="], capture_output=True, text=True, check=True)
    rows = (line.split() for line in listed.stdout.splitlines())
    return {int(pid): int(ppid) for pid, ppid, sid, state in rows if int(sid) == session and not state.startswith("Z")}


def workers_of(driver: int) -> list[int]:
    """Workers are the grandchildren of the driver: the server that forks them is its child."""
    return [pid for pid, parent in processes_of(driver).items() if pid != driver and parent != driver]


NIGHTLY, SLOW = pytest.mark.nightly, pytest.mark.slow


@pytest.mark.parametrize(
    "finished", [pytest.param(1, marks=NIGHTLY), pytest.param(4, marks=SLOW), pytest.param(8, marks=NIGHTLY)]
)
def test_a_killed_study_goes_on_where_it_was(place: Place, finished: int) -> None:
    asked = (*SMALL, "--space", "pooling", "--name", "s", "--trials", "6", "--seeds", "2", "--epochs", "2")
    place.kill_when(f"select 1 from run where finished_at is not null limit 1 offset {finished - 1}", *asked)
    before = place.rows("select id, finished_at, score, attempt from run where status = 'complete'")
    assert len(before) >= finished

    again = place.call(*asked, "--phases", "search,confirm,ablate")
    assert again.returncode == 0, again.stdout + again.stderr
    after = place.rows("select id, finished_at, score, attempt from run where status = 'complete'")
    assert set(before) <= set(after)  # kept as they were, not run again
    assert place.rows("select distinct status from run") == [("complete",)]
    assert place.rows("select state, count(*) from trials group by state") == [("COMPLETE", 6)]
    assert place.rows("select count(*) from run where trial_number is not null") == [(6,)]
    assert place.rows("select count(*), count(distinct config_digest || seed) from run") == [(len(after), len(after))]


@pytest.mark.slow
def test_workers_end_with_their_killed_driver(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(OPTIONS, "seconds=9999")
    process = place.start(*REHEARSED, "--workers", "2")
    until(lambda: len(workers_of(process.pid)) == 2 or process.poll() is not None)
    process.kill()
    process.communicate(timeout=300)
    until(lambda: not processes_of(process.pid), seconds=60)


@pytest.mark.slow
def test_ctrl_c_keeps_everything_and_says_how_to_go_on(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(OPTIONS, "seconds=2")
    process = place.start(*REHEARSED, "--trials", "6", "--workers", "2")
    place.wait(process, "select 1 from run where finished_at is not null limit 1 offset 1")
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the whole group
    told, _ = process.communicate(timeout=300)
    assert process.returncode == 130
    assert "python -m study.launch --name r" in told and "Traceback" not in told
    assert 2 <= len(place.rows("select 1 from run where status in ('complete', 'pruned')")) < 6
    assert place.rows("select count(*) from run where status = 'running'") == [(0,)]
    assert place.rows("select status from study_meta") == [("interrupted",)]
    assert place.call("--name", "r").returncode == 0
    assert place.rows("select count(*) from trials") == [(6,)]


class OneKilled(LocalEngine):
    """The worker of the first run is killed once, when it has told of an epoch."""

    killed = False

    def events(self, timeout: float) -> list[Event]:
        found = super().events(timeout)
        if not self.killed and any(isinstance(event, EpochDone) for event in found):
            self.killed = True
            os.kill(self._running[1].process.pid, signal.SIGKILL)
        return found


@pytest.mark.slow
def test_a_killed_worker_ends_one_run_and_the_study_goes_on(place: Place) -> None:
    done = place.call(*REHEARSED, "--pruner", "none", "--workers", "1", "--retries", "0", engine=OneKilled)
    assert done.returncode == 3, done.stderr
    assert place.rows("select id, reason from run where status != 'complete'") == [(1, "worker_died")]
    assert place.rows("select state from trials order by number") == [("FAIL",), ("COMPLETE",)]
    failed = place.call("--name", "r", "--failed", module="study.status")
    assert "worker_died" in failed.stdout and "SIGKILL" in failed.stdout


@pytest.mark.slow
def test_a_run_whose_worker_is_killed_is_started_again(place: Place) -> None:
    done = place.call(*REHEARSED, "--pruner", "none", "--workers", "1", engine=OneKilled)
    assert done.returncode == 0 and "; restarted" in done.stdout, done.stdout + done.stderr
    assert place.rows("select id, attempt, status from run") == [(1, 2, "complete"), (2, 1, "complete")]
    assert place.rows("select distinct state from trials") == [("COMPLETE",)]
    repeated = "select 1 from epoch_metric group by run_id, epoch, split, task, metric having count(*) > 1"
    assert place.rows(repeated) == []


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
    again = "python -m study.launch --name r --run-timeout 90.0 --memory-per-run 1.5 --retries 1 --workers 2\n"
    assert done.stderr.endswith(f"Interrupted; finished runs are kept (0). Resume it: {again}")
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
