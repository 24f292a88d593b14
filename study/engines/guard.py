"""A process that ends all runs and their descendants when the driver is gone.

Workers notice a lost driver themselves (`study.engines.worker`), unless they are killed too, are stopped, or compute in
a library that holds Python's global lock. The guard reads the runs from its standard input, which closes when the
driver ends for any reason.
"""

from __future__ import annotations

import contextlib
import sys
import time

import psutil

from study.engines import process_tree

FIRST_SECONDS = 0.5  # in which workers may end by themselves, which is cleaner


class Guard:
    """The driver's handle of the guard.

    Raises:
        OSError: no process can be started.
    """

    def __init__(self) -> None:
        from study.engines.companion import Companion  # not needed in the guard's process

        self._companion = Companion("study.engines.guard")

    def began(self, pid: int, server: int) -> None:
        """Add a run's process, and the server that it was forked from."""
        self._send(f"server {server}\nbegan {pid}")

    def ended(self, pid: int) -> None:
        """Remove a run's process after its whole process tree has ended."""
        self._send(f"ended {pid}")

    def stop(self) -> None:
        """End the guard when no run is left."""
        self._companion.stop()

    def _send(self, line: str) -> None:
        with contextlib.suppress(OSError):  # the guard was killed; workers still notice that the driver has ended
            self._companion.send(line)


def main() -> int:
    """Read runs until standard input closes, then end them all."""
    runs, servers = dict[int, psutil.Process | None](), dict[int, psutil.Process | None]()
    for line in sys.stdin:
        word, number = line.split()
        if word == "ended":
            runs.pop(int(number), None)
        else:
            processes = servers if word == "server" else runs
            processes.setdefault(int(number), _process(int(number)))
    time.sleep(FIRST_SECONDS)
    for process in runs.values():
        if process is not None and process.is_running():
            process_tree.end_tree(process.pid)

    def remaining() -> list[psutil.Process]:
        """Return the processes of the runs' groups, and those that the servers have adopted."""
        groups = [process for pid in runs for process in process_tree.group_members(pid)]
        living = [server.pid for server in servers.values() if server is not None and server.is_running()]
        return groups + [process for pid in living for process in process_tree.descendants(pid)]

    process_tree.end(remaining, polite=False)
    return 0


def _process(pid: int) -> psutil.Process | None:
    """Return a process, which remembers its start and so survives reuse of the number; None if it has ended."""
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid)
    return None


if __name__ == "__main__":
    sys.exit(main())
