"""The guard of an engine: a process that ends all runs, with their descendants, when their driver is gone.

A worker hears of that by itself (`study.engines.worker`), unless it has been killed too, is stopped, or computes in a
library that lets no other thread of Python run. The guard reads what runs there are from its standard input, which ends
with the driver, however that ends.
"""

from __future__ import annotations

import contextlib
import sys
import time

import psutil

from study.engines import process_tree

FIRST_SECONDS = 0.5  # that workers have to end by themselves, which is tidier


class Guard:
    """The driver's end: it tells which processes run a job. Raises `OSError` where no process can be started."""

    def __init__(self) -> None:
        from study.engines.companion import Companion  # the guard's own process starts without it

        self._companion = Companion("study.engines.guard")

    def began(self, pid: int, server: int) -> None:
        """Add a run's process, and the server that it was forked from."""
        self._tell(f"server {server}\nbegan {pid}")

    def ended(self, pid: int) -> None:
        """Remove a run's process, of which nothing is left."""
        self._tell(f"ended {pid}")

    def stop(self) -> None:
        """End the guard: nothing runs any more."""
        self._companion.stop()

    def _tell(self, line: str) -> None:
        with contextlib.suppress(OSError):  # it has been ended: workers still notice the driver's end by themselves
            self._companion.tell(line)


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
        """Return the processes of the runs' groups, and those that the servers have adopted."""
        found = [process for pid in runs for process in process_tree.members(pid)]
        living = [server.pid for server in servers.values() if server is not None and server.is_running()]
        return found + [process for pid in living for process in process_tree.below(pid)]

    process_tree.end(left, polite=False)
    return 0


def _process(pid: int) -> psutil.Process | None:
    """Return a process by its number, which may be another's later; None for one that has ended."""
    try:
        return psutil.Process(pid)
    except psutil.Error:
        return None


if __name__ == "__main__":
    sys.exit(main())
