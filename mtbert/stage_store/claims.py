"""Claims: which process is computing a stage now, so that others wait for it instead of computing it too.

A claim is a file beside the entries, created so that only one process can create it. Its owner touches it every few
seconds. It expires if it has not been touched for a while, or at once if its process is dead on this machine.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
import time
import uuid
from pathlib import Path
from types import TracebackType

TOUCH_SECONDS = 5.0
EXPIRY_SECONDS = 60.0  # clocks of machines that share a folder may differ by some seconds


class Claim:
    """A claim that this process holds until it is released."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="claim", daemon=True)
        self._thread.start()

    def release(self) -> None:
        """Give up the claim; a second call does nothing."""
        if not self._over.is_set():
            self._over.set()
            self._thread.join()
            self.path.unlink(missing_ok=True)

    def __enter__(self) -> Claim:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _keep(self) -> None:
        while not self._over.wait(TOUCH_SECONDS):
            with contextlib.suppress(OSError):  # removed as expired: whoever took it over computes the same
                os.utime(self.path)


def take(path: Path) -> Claim | None:
    """Return the claim at `path`; None if another process holds it. An expired claim is taken over.

    Raises:
        OSError: the folder cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    owner = json.dumps({"host": socket.gethostname(), "pid": os.getpid()})
    for _ in range(2):
        try:
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
        except FileExistsError:
            if not expired(path):
                return None
            _take_away(path)
            continue
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(owner)
        return Claim(path)
    return None


def _take_away(path: Path) -> None:
    """Remove an expired claim by renaming it first, in case another process has just replaced it.

    If two processes see it expired, the second one renames the claim of the first, and renames it back.
    """
    aside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    with contextlib.suppress(FileNotFoundError):
        path.rename(aside)
        if expired(aside):
            aside.unlink()
        else:
            aside.rename(path)


def expired(path: Path) -> bool:
    """Return whether no process holds the claim any more."""
    try:
        idle = time.time() - path.stat().st_mtime
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return True
    if idle > EXPIRY_SECONDS:
        return True
    try:
        owner = json.loads(text)
        here, pid = owner["host"] == socket.gethostname(), int(owner["pid"])
    except (ValueError, KeyError, TypeError):
        return False  # just created: its owner has not been written yet
    return here and not _alive(pid)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _ended(pid)


def _ended(pid: int) -> bool:
    """Return whether a process has ended and only waits for its parent to read its status (Linux; elsewhere False)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"
    except (OSError, IndexError):
        return False
