"""A rehearsed study in processes of its own, to be killed at any moment, and what must hold of it ever after.

`make nightly` kills as often as docs/reliability.md says, `make check` a few times.
"""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import psutil
from gated import PYTHONPATH, Gate
from processes import until
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from study.trainers.rehearsal.trainer import OPTIONS

FINISHED = "('complete', 'pruned', 'failed')"


class Server(NamedTuple):
    """A PostgreSQL server of one test alone."""

    url: str
    restart: Callable[[], None]


@dataclass
class Rehearsed:
    """One study: its folder, its database, what it is asked for."""

    folder: Path
    storage: str
    trials: int = 60
    seconds: float = 0.05
    more: Sequence[str] = ()
    gate: Gate | None = None  # where its runs wait; without one they are rehearsed
    name: str = "s"
    kills: int = 0
    _log: Path = field(init=False)

    def __post_init__(self) -> None:
        self._log = self.folder / "launches.log"

    def arguments(self) -> list[str]:
        """Of the launch, the same every time."""
        runs = self.gate.arguments() if self.gate else ("--rehearse",)
        return [
            "--space", "pooling", *runs, "--trials", str(self.trials), "--seeds", "3", "--workers", "2",
            "--name", self.name, "--storage", self.storage, "--out", str(self.folder / "out"), *self.more,
        ]  # fmt: skip

    def start(self) -> subprocess.Popen[bytes]:
        """Launch, in a session of its own."""
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "study.launch", *self.arguments()],
                cwd=self.folder,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, "PYTHONPATH": PYTHONPATH, OPTIONS: f"seconds={self.seconds}"},
            )

    def log(self) -> str:
        """What all launches have said, and the traceback of an error that should not happen."""
        told = self._log.read_text(encoding="utf-8", errors="replace")
        kept = self.folder / "out" / self.name / "launch.log"
        if "An error that should not happen" in told and kept.is_file():
            told += "".join(kept.read_text(encoding="utf-8", errors="replace").rpartition("Traceback")[1:])
        return told

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a SELECT; none while there is no such table, or no server."""
        if self.storage.startswith("sqlite:///") and not Path(self.storage.removeprefix("sqlite:///")).exists():
            return []
        engine = create_engine(self.storage)
        try:
            with engine.connect() as connection:
                return [tuple(row) for row in connection.execute(text(sql))]
        except DBAPIError:
            return []
        finally:
            engine.dispose()

    def finished(self) -> set[tuple[Any, ...]]:
        """The runs that have ended, with all that must never change again."""
        columns = "id, config_digest, seed, status, score, finished_at, attempt"
        where = f"status in {FINISHED} and (reason is null or reason != 'worker_died')"
        return set(self.rows(f"select {columns} from run where study_name = '{self.name}' and {where}"))

    def count(self, status: str) -> int:
        """How many runs have that status."""
        return len(self.rows(f"select id from run where study_name = '{self.name}' and status = '{status}'"))

    def wait(self, process: subprocess.Popen[bytes], codes: Sequence[int] = (0, 3)) -> None:
        """Until the launch has ended, with one of these exit codes."""
        assert process.wait(timeout=600) in codes, self.log()[-3000:]

    def run_to_the_end(self) -> None:
        """Launch until done."""
        self.wait(self.start())

    def moment(self, process: subprocess.Popen[bytes], runs: int) -> None:
        """Until so many more runs have ended, or the launch has."""
        before = len(self.finished())
        until(lambda: process.poll() is not None or len(self.finished()) >= before + runs, self.log)

    def check(self, before: set[tuple[Any, ...]]) -> None:
        """Nothing that was finished `before` is lost or changed; nothing is there twice."""
        now = self.finished()
        assert before <= now, f"lost or changed: {sorted(before - now)[:3]}"
        twice = "select config_digest, seed from run group by study_name, config_digest, seed having count(*) > 1"
        assert not self.rows(twice)

    def check_end(self) -> None:
        """Exactly what was asked for, no zombies, and Optuna says the same."""
        runs = f"select {{}} from run where study_name = '{self.name}'"
        assert self.rows(runs.format("count(*)") + " and trial_number is not null") == [(self.trials,)], self.log()[
            -3000:
        ]
        left = self.rows(runs.format("id, status, reason") + f" and status not in {FINISHED}")
        assert not left, left
        states = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed"}
        joined = (
            "select t.state, r.status from trials t join studies s on s.study_id = t.study_id "
            "left join run r on r.study_name = s.study_name and r.trial_number = t.number "
            f"where s.study_name = '{self.name}'"
        )
        pairs = self.rows(joined)
        assert len(pairs) == self.trials and all(states.get(state) == status for state, status in pairs), pairs[:5]
        seeds = self.rows(
            f"select config_digest, count(*) from run where study_name = '{self.name}' and phase = 'confirm' "
            "and status = 'complete' group by config_digest"
        )
        assert seeds and all(count == 3 for _, count in seeds), seeds
        assert self.rows(f"select status from study_meta where study_name = '{self.name}'") == [("done",)]
        assert not self.rows(f"select owner from lease where study_name = '{self.name}'")


def workers_of(driver: int) -> list[psutil.Process]:
    """The processes that carry out runs: children of the server that forks them."""
    try:
        children = psutil.Process(driver).children()
        return [worker for child in children for worker in child.children()]
    except psutil.Error:
        return []


def kill_something(process: subprocess.Popen[bytes], target: str) -> str:
    """SIGKILL to a worker, to the driver, or to both; "driver" where that is gone by it."""
    workers = workers_of(process.pid)
    if target != "driver":
        for worker in workers if target == "both" else workers[:1]:
            with contextlib.suppress(psutil.Error):
                worker.kill()
    if target != "worker" or not workers:
        process.kill()
        process.wait()
        return "driver"
    return "worker"


TARGETS = ("worker", "both", "driver")
Kill = Callable[[subprocess.Popen[bytes], str], str]


def killed_again_and_again(
    study: Rehearsed,
    kills: int,
    rng: random.Random,
    kill: Kill = kill_something,
    targets: Sequence[str] = TARGETS,
    start_seconds: float = 2.5,
) -> None:
    """Kill at random moments, the targets in turn, launch again each time, check after each; then let it end.

    Where the study ends before so many kills, the next one begins. Every fourth kill comes within `start_seconds` of a
    launch's beginning, the others when some runs have ended.
    """
    while study.kills < kills:
        process = study.start()
        before: set[tuple[Any, ...]] = set()
        if study.kills % 4 == 3:
            time.sleep(rng.uniform(0, start_seconds))
        else:
            study.moment(process, rng.randint(1, 6))
        while process.poll() is None:
            time.sleep(rng.uniform(0, 0.5))
            before = study.finished() or before
            if process.poll() is not None:
                break
            target, study.kills = targets[study.kills % len(targets)], study.kills + 1
            if kill(process, target) == "driver" or study.kills >= kills:
                break
            study.moment(process, rng.randint(1, 6))
        if process.poll() is None or process.returncode in (0, 3):
            study.wait(process)
            study.check(before)
            if study.rows(f"select status from study_meta where study_name = '{study.name}'") == [("done",)]:
                study.check_end()
                study.name = f"{study.name}+"[-80:].replace("+", "x")
            continue
        gone_soon(process.pid)
        study.check(before)
    study.run_to_the_end()
    study.check_end()


def gone_soon(session: int) -> None:
    """The processes of a driver that has ended end by themselves; one that is still starting hears of it when up."""
    until(lambda: not alive_in(session), lambda: f"processes {alive_in(session)} outlive their driver", seconds=120)


def alive_in(session: int) -> list[int]:
    """The processes of a session that are no zombies."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found
