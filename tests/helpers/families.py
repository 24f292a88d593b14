"""Runs that start processes of every kind: children, grandchildren, and those that leave their parent and their group.

A trainer (`--trainer families:train --data FOLDER`), and a worker for an engine's `Job` (`families:carry_out`). Each
process writes its number to the folder's file `numbers` before it sleeps; the file `do` says what the run itself then
does.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from processes import until

from study.messages import EpochDone, Job, RunFailed

NOTE = 'echo $$ >> "$0"; exec sleep 1000'
KINDS: dict[str, tuple[str, ...]] = {
    "a child": ("sh", "-c", NOTE),
    "a grandchild": ("sh", "-c", f"sh -c '{NOTE}' \"$0\" & wait"),
    "in a session of its own": ("setsid", "sh", "-c", NOTE),
    "a daemon": ("sh", "-c", 'setsid sh -c \'echo $$ >> "$0"; exec sleep 1000\' "$0" &'),
    "deaf to requests": ("sh", "-c", f"trap '' TERM; {NOTE}"),
}


class Family:
    """The folder that says what a run does and which processes there were."""

    def __init__(self, folder: Path, do: str) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        (folder / "do").write_text(do, encoding="utf-8")

    def numbers(self) -> list[int]:
        """All processes that have come to be."""
        file = self.folder / "numbers"
        return [int(line) for line in file.read_text(encoding="utf-8").split()] if file.exists() else []

    def born(self) -> None:
        """Wait until all that are to come are there: the kinds, one that is forked, and the run itself."""
        until(lambda: len(self.numbers()) >= len(KINDS) + 2, self.numbers, seconds=120)

    def gone(self) -> None:
        """Wait until none of them lives."""
        until(lambda: not self.living(), self.living, seconds=60)

    def living(self) -> list[int]:
        """Those that have not ended."""
        return [pid for pid in self.numbers() if alive(pid)]

    def end(self) -> None:
        """Clear up after a test that has failed."""
        for pid in self.living():
            os.kill(pid, signal.SIGKILL)


def alive(pid: int) -> bool:
    """Whether a process has not ended."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def carry_out(job: Job, go_on: Callable[[EpochDone], bool]) -> RunFailed:
    """For an engine."""
    found(Path(job.facts["folder"]))
    return RunFailed(job.run_id, "error", "returned")


def train(configuration: dict[str, Any], seed: int, report: Any) -> dict[str, Any]:
    """For a launch."""
    found(Path(report.data))
    return {"scores": {"a": 0.5}}


def found(folder: Path) -> None:
    """Start one process of each kind, wait for them, do what is asked."""
    file = folder / "numbers"
    for command in KINDS.values():
        subprocess.Popen([*command, str(file)])
    if os.fork() == 0:  # no program of its own: it looks like the worker
        os.setsid()
        note(file)
        time.sleep(1000)
    note(file)
    do = (folder / "do").read_text(encoding="utf-8")
    Family(folder, do).born()
    if do == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if do == "hold":  # as a library in C that computes: no other thread of Python runs meanwhile
        ctypes.PyDLL(None).sleep(1000)
    if do == "compute":
        time.sleep(1000)


def note(file: Path) -> None:
    """This process is there."""
    with file.open("a", encoding="utf-8") as numbers:
        numbers.write(f"{os.getpid()}\n")
