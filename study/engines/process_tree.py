"""Find, measure and end a process with all its descendants.

On Linux a run's process adopts its orphaned descendants (`adopt_orphans`), so that none escapes. Elsewhere a process
that has left both its parent and its group is not found. This module needs only psutil, as the guard imports it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil

_PR_SET_CHILD_SUBREAPER = 36  # <linux/prctl.h>
AGAIN_SECONDS = 0.02
MOST_SECONDS = 10.0  # to wait for processes that a signal does not end at once, as in a call to a device
POLITE_SECONDS = 1.0  # between SIGTERM and SIGKILL
# Programs of multiprocessing and loky that delete the files of shared memory once nothing uses them.
_CLEANER = "resource_tracker"


def adopt_orphans() -> None:
    """Make this process the parent of descendants whose parent ends (Linux only)."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children(pid: int) -> set[int]:
    """Return the process numbers of the children, zombies included; fast on Linux, which lists them."""
    pids: set[int] = set()
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            pids.update(int(number) for number in (task / "children").read_text(encoding="ascii").split())
    except OSError:  # not Linux, a kernel without these lists, or the process has ended
        with contextlib.suppress(psutil.Error):
            pids.update(child.pid for child in psutil.Process(pid).children())
    return pids


def descendants(pid: int) -> list[psutil.Process]:
    """Return the descendants of a living process that have not ended."""
    if not children(pid):
        return []
    try:
        return [process for process in psutil.Process(pid).children(recursive=True) if not has_ended(process)]
    except psutil.Error:
        return []


def group_members(group: int) -> list[psutil.Process]:
    """Return the processes of a process group that have not ended."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return []
    except PermissionError:  # the group exists, but may not be signalled
        pass
    return _processes_where(lambda pid: os.getpgid(pid) == group)


def session_members(leader: int) -> list[psutil.Process]:
    """Return the processes of a session that have not ended."""
    return _processes_where(lambda pid: os.getsid(pid) == leader)


def _processes_where(belongs: Callable[[int], bool]) -> list[psutil.Process]:
    processes = []
    for pid in psutil.pids():
        with contextlib.suppress(psutil.Error, OSError):
            if belongs(pid):
                processes.append(psutil.Process(pid))
    return [process for process in processes if not has_ended(process)]


def has_ended(process: psutil.Process) -> bool:
    """Return whether a process is gone or a zombie."""
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
    except psutil.Error:
        return False


def end_tree(pid: int) -> None:
    """End a process now, with its descendants.

    It is stopped first, so that it starts nothing more and adopts its orphaned descendants.
    """
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGSTOP)
    end(lambda: descendants(pid), polite=False, spare_cleaners=True)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def end(find: Callable[[], Iterable[psutil.Process]], *, polite: bool = True, spare_cleaners: bool = False) -> None:
    """End the processes that `find` returns, and call it again until it returns none: some may be starting others.

    `polite`: send SIGTERM first and wait a moment. Programs that clean up after others end last, or are spared.
    """
    if polite and (processes := list(find())):
        _signal((process for process in processes if not _cleans_up(process)), signal.SIGTERM)
        _wait(find, POLITE_SECONDS)
    deadline = time.monotonic() + MOST_SECONDS
    while processes := [process for process in find() if not _cleans_up(process)]:
        _signal(processes, signal.SIGKILL)
        if time.monotonic() > deadline:
            return
        time.sleep(AGAIN_SECONDS)
    if not spare_cleaners and list(find()):
        _wait(find, POLITE_SECONDS)
        _signal(find(), signal.SIGKILL)


def _wait(find: Callable[[], Iterable[psutil.Process]], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while list(find()) and time.monotonic() < deadline:
        time.sleep(AGAIN_SECONDS)


def _signal(processes: Iterable[psutil.Process], number: int) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):  # its number was reused, or it belongs to another user
            process.send_signal(number)


def _cleans_up(process: psutil.Process) -> bool:
    try:
        return any(_CLEANER in word for word in process.cmdline())
    except psutil.Error:
        return False


def memory_bytes(pid: int) -> int | None:
    """Return the memory of a process and its descendants, in bytes; None for a process that has ended.

    For a process without descendants, its resident bytes. With descendants, shared pages count once: the sum of the
    proportional set sizes (`Pss` of Linux), at least the resident bytes of the process. Without `Pss`, the resident
    bytes of the process plus the unshared bytes of its descendants.
    """
    try:
        resident = int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return None
    below = descendants(pid)
    if not below:
        return resident
    sizes = [_pss_and_uss(process) for process in (psutil.Process(pid), *below)]
    if all(pss is not None for pss, _ in sizes):
        return max(resident, sum(pss or 0 for pss, _ in sizes))
    return resident + sum(uss for _, uss in sizes[1:])


def _pss_and_uss(process: psutil.Process) -> tuple[int | None, int]:
    """Return a process's proportional set size (None if not available) and its unshared bytes."""
    try:
        memory = process.memory_full_info()
        return getattr(memory, "pss", None), int(memory.uss)
    except psutil.NoSuchProcess:  # it ended meanwhile
        return 0, 0
    except psutil.Error:
        with contextlib.suppress(psutil.Error):
            return None, int(process.memory_info().rss)
        return 0, 0
