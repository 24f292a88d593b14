"""What Ray leaves running: parts of it have been seen to stay for a minute and longer when others were killed."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

AGAIN_SECONDS = 0.1
MOST_SECONDS = 10.0


def clear_up(leader: int, folder: Path) -> None:
    """End all processes of a session that the engine has begun, and delete its folder."""
    _end_session(leader)
    shutil.rmtree(folder, ignore_errors=True)


def clear_up_apart(leader: int, folder: Path) -> None:
    """The same from a process of its own: nobody is left to clear up after the leader, and Ray may end that."""
    command = [sys.executable, "-m", "study.engines.on_ray.leftovers", str(leader), str(folder)]
    subprocess.Popen(command, start_new_session=True)


def _end_session(leader: int) -> None:
    deadline = time.monotonic() + MOST_SECONDS
    while (found := _living(leader)) and time.monotonic() < deadline:
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(AGAIN_SECONDS)  # one of them may have been starting another


def _living(leader: int) -> list[int]:
    return [pid for pid in psutil.pids() if _session(pid) == leader and not _ended(pid)]


def _session(pid: int) -> int | None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        return os.getsid(pid)
    return None


def _ended(pid: int) -> bool:
    """Whether it only waits for its parent to hear of its end."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


if __name__ == "__main__":
    clear_up(int(sys.argv[1]), Path(sys.argv[2]))
