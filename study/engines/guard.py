"""The guard of an engine: a process that ends all runs, with all that came of them, when their driver is gone.

A worker hears of that by itself (`study.engines.worker`), unless it has been killed too, is stopped, or computes in a
library that lets no other thread of Python run. The guard reads what runs there are from its standard input, which ends
with the driver, however that ends.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil

from study.engines import process_tree

ROOT = Path(__file__).resolve().parents[2]
FIRST_SECONDS = 0.5  # that workers have to end by themselves, which is tidier


class Guard:
    """The driver's end: it tells which processes carry out runs. Raises OSError when no process can be started."""

    def __init__(self) -> None:
        environment = dict(os.environ)
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), environment.get("PYTHONPATH"))))
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "study.engines.guard"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
            text=True,
            start_new_session=True,
        )

    def began(self, pid: int, server: int) -> None:
        """A run's process, and that of the server which it was forked from."""
        self._tell(f"server {server}\nbegan {pid}")

    def ended(self, pid: int) -> None:
        """Nothing is left of a run's process."""
        self._tell(f"ended {pid}")

    def stop(self) -> None:
        """There is nothing more to guard."""
        self._process.kill()
        with contextlib.suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        self._process.wait()

    def _tell(self, line: str) -> None:
        with contextlib.suppress(OSError):  # somebody has ended it: workers still listen for themselves
            if self._process.stdin is not None:
                self._process.stdin.write(f"{line}\n")
                self._process.stdin.flush()


def main() -> int:
    """Listen until standard input ends, then end everything."""
    runs, servers = dict[int, psutil.Process | None](), dict[int, psutil.Process | None]()
    for line in sys.stdin:
        word, number = line.split()
        if word == "ended":
            runs.pop(int(number), None)
        else:
            known = servers if word == "server" else runs
            known.setdefault(int(number), _process(int(number)))
    time.sleep(FIRST_SECONDS)
    for process in runs.values():
        if process is not None and process.is_running():
            process_tree.end_tree(process.pid)

    def left() -> list[psutil.Process]:
        """Those of the runs' groups, and what the servers have adopted."""
        found = [process for pid in runs for process in process_tree.members(pid)]
        living = [server.pid for server in servers.values() if server is not None and server.is_running()]
        return found + [process for pid in living for process in process_tree.below(pid)]

    process_tree.end(left, polite=False)
    return 0


def _process(pid: int) -> psutil.Process | None:
    """A process by its number, which may be another's later; None for one that has ended."""
    try:
        return psutil.Process(pid)
    except psutil.Error:
        return None


if __name__ == "__main__":
    sys.exit(main())
