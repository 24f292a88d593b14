"""Find, measure and end a process with all its descendants.

On Linux a run's process adopts what its children leave behind (`adopt_orphans`), so that nothing gets away from it.
Elsewhere a process that has left both its parent and its group is not found. Needs psutil alone: the guard imports it.
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
MOST_SECONDS = 10.0  # that processes are waited for which a signal does not end at once, as in a call to a device
POLITE_SECONDS = 1.0  # that what is asked to end may take
# Programs of multiprocessing and loky that delete the files of shared memory once nobody uses them any more.
_CLEANER = "resource_tracker"


def adopt_orphans() -> None:
    """Make this process the parent of descendants whose own parent ends (Linux; nothing elsewhere)."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children(pid: int) -> set[int]:
    """Return the process numbers of the children, zombies included. It is quick where the system lists them (Linux)."""
    found: set[int] = set()
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            found.update(int(number) for number in (task / "children").read_text(encoding="ascii").split())
    except OSError:  # not Linux, a kernel without these lists, or the process has ended
        with contextlib.suppress(psutil.Error):
            found.update(child.pid for child in psutil.Process(pid).children())
    return found


def below(pid: int) -> list[psutil.Process]:
    """Return the descendants of a living process that have not ended."""
    if not children(pid):
        return []
    try:
        return [process for process in psutil.Process(pid).children(recursive=True) if not ended(process)]
    except psutil.Error:
        return []


def members(group: int) -> list[psutil.Process]:
    """Return the processes of a process group that have not ended."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return []
    except PermissionError:  # there are some, and they may not be signalled
        pass
    return _of_all(lambda pid: os.getpgid(pid) == group)


def session(leader: int) -> list[psutil.Process]:
    """Return the processes of a session that have not ended."""
    return _of_all(lambda pid: os.getsid(pid) == leader)


def _of_all(belongs: Callable[[int], bool]) -> list[psutil.Process]:
    found = []
    for pid in psutil.pids():
        with contextlib.suppress(psutil.Error, OSError):
            if belongs(pid):
                found.append(psutil.Process(pid))
    return [process for process in found if not ended(process)]


def ended(process: psutil.Process) -> bool:
    """Return whether a process is gone, or only waits for its parent to hear of its end."""
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
    except psutil.Error:
        return False


def end_tree(pid: int) -> None:
    """End a process now, with its descendants.

    It is stopped first: it then starts nothing more, and adopts what its children leave.
    """
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGSTOP)
    end(lambda: below(pid), polite=False, spare_cleaners=True)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def end(find: Callable[[], Iterable[psutil.Process]], *, polite: bool = True, spare_cleaners: bool = False) -> None:
    """End what `find` gives, again and again until it gives nothing more: one of them may have been starting another.

    `polite`: they are asked first, and have a moment. What cleans up after others is ended last, or spared.
    """
    if polite and (found := list(find())):
        _signal((process for process in found if not _cleans_up(process)), signal.SIGTERM)
        _wait(find, POLITE_SECONDS)
    deadline = time.monotonic() + MOST_SECONDS
    while found := [process for process in find() if not _cleans_up(process)]:
        _signal(found, signal.SIGKILL)
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
        with contextlib.suppress(psutil.Error):  # its number is another's by now, or it is not ours
            process.send_signal(number)


def _cleans_up(process: psutil.Process) -> bool:
    try:
        return any(_CLEANER in word for word in process.cmdline())
    except psutil.Error:
        return False


def held_bytes(pid: int) -> int | None:
    """Return the bytes of memory of a process and its descendants; None for one that has ended.

    Of one process alone, its resident bytes. Of several, a page that they share counts once (the sum of their
    proportional set sizes, `Pss` of Linux); and never less than the process alone. Without `Pss`, what the others hold
    by themselves is added to the resident bytes of the first.
    """
    try:
        own = int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return None
    others = below(pid)
    if not others:
        return own
    shares = [_share(process) for process in (psutil.Process(pid), *others)]
    if all(pss is not None for pss, _ in shares):
        return max(own, sum(pss or 0 for pss, _ in shares))
    return own + sum(alone for _, alone in shares[1:])


def _share(process: psutil.Process) -> tuple[int | None, int]:
    """Return a process's proportional set size (None where the system does not tell), and what it holds by itself."""
    try:
        found = process.memory_full_info()
        return getattr(found, "pss", None), int(found.uss)
    except psutil.NoSuchProcess:  # it ended meanwhile
        return 0, 0
    except psutil.Error:
        with contextlib.suppress(psutil.Error):
            return None, int(process.memory_info().rss)
        return 0, 0
