"""The log of a run: whatever its processes write to standard output and error, in `<out>/<name>/logs/run-31.log`.

The worker's descriptors 1 and 2 are that file, so that children and libraries in C write there as well. A log keeps its
first and its last half megabyte, and says between them how much was left out; while its run goes on it may grow to
16 MB. A run that writes nothing has no log. A run that is started again, or measured on `test`, adds to its log.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import io
import os
import re
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from search_spaces.output import plain

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

LOGS = "logs"  # the folder, in that of a study
PART_BYTES = 500_000  # that are kept of the beginning, and of the end
MOST_WHILE_RUNNING = 16_000_000
_LINE_BYTES = 10_000  # in which a line is expected to end
_LEFT_OUT = re.compile(rb"\n\[\.\.\. ([0-9]+) bytes were left out here \.\.\.\]\n")
_NAME = re.compile(r"run-([0-9]+)\.log")


def path_of(folder: Path, run_id: int) -> Path:
    """Return the log of a run, in the folder of its study's logs."""
    return folder / f"run-{run_id}.log"


@dataclass(frozen=True)
class RunLog:
    """One run's log, as the engine looks after it."""

    path: Path

    def trim(self, most: int = MOST_WHILE_RUNNING) -> None:
        """Keep the beginning and the end of a log that is longer than `most` bytes.

        What is written in that very moment may be lost, so a log of a running run is only cut when it is very long.
        """
        with contextlib.suppress(OSError):
            if self.path.stat().st_size > max(most, 2 * PART_BYTES + len(_said(10**15))):
                self._cut()

    def finish(self) -> None:
        """The run has ended: cut its log to its size, or delete an empty one."""
        with contextlib.suppress(OSError):
            if self.path.stat().st_size == 0:
                self.path.unlink()
        self.trim(0)

    def _cut(self) -> None:
        with self.path.open("r+b") as file:
            first = file.read(PART_BYTES + len(_said(10**15)))
            known = _LEFT_OUT.search(first)  # it was cut before
            first = first[: known.start()] if known else _up_to_a_line(first[:PART_BYTES])
            begin, left_out = (known.end(), int(known[1])) if known else (len(first), 0)
            file.seek(max(begin, file.seek(0, os.SEEK_END) - PART_BYTES))
            last = _from_a_line(file.read())
            left_out += file.tell() - len(last) - begin
            file.seek(len(first))
            file.write(_said(left_out) + last)
            file.truncate()


def _said(left_out: int) -> bytes:
    return f"\n[... {left_out} bytes were left out here ...]\n".encode("ascii")


def _up_to_a_line(part: bytes) -> bytes:
    """Without the beginning of a line at its end; a progress bar's states are lines, too."""
    end = max(part.rfind(b"\n"), part.rfind(b"\r")) + 1
    return part[:end] if end > len(part) - _LINE_BYTES else part


def _from_a_line(part: bytes) -> bytes:
    found = re.search(rb"[\n\r]", part[:_LINE_BYTES])
    return part[found.end() :] if found else part


class _Descriptor(io.FileIO):
    """Standard output or error as a file that a full disk does not fail: a run is worth more than its log."""

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes


def capture(path: Path) -> None:
    """From now on all that this process and its children write goes to the log, at once and as UTF-8.

    Where there can be no log, what is written is dropped: a terminal or a pipe is the driver's alone.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        log = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o666)
    except OSError:
        log = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    if os.fstat(log).st_size:
        now = datetime.now().astimezone().isoformat(" ", "seconds")
        os.write(log, f"\n[... the run goes on, or is started again: {now} ...]\n".encode("ascii"))
    for descriptor in (1, 2):
        os.dup2(log, descriptor)
    os.close(log)
    sys.stdout, sys.stderr = _stream(1), _stream(2)
    sys.__stdout__, sys.__stderr__ = sys.stdout, sys.stderr  # type: ignore[misc]
    faulthandler.enable(file=2)


def _stream(descriptor: int) -> io.TextIOWrapper:
    raw = _Descriptor(descriptor, "w", closefd=False)
    # Unbuffered, as `python -u` has it: a run may be killed at any moment.
    return io.TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace", write_through=True)


def flush() -> None:
    """Write out what libraries in C have buffered; before a process ends without its exit handlers."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).fflush(None)


def shown(content: bytes) -> str:
    """Return a log for a terminal: a progress bar in its last state, every control character written out."""
    return "\n".join(_states(content.decode("utf-8", errors="replace")))


def _states(text: str) -> Iterator[str]:
    """Yield the lines, each as a terminal would show it in the end: a carriage return begins it anew, as do
    backspaces.
    """
    for line in text.removesuffix("\n").split("\n"):
        states = re.split(r"[\r\b]+", line)
        yield plain(next((state for state in reversed(states) if state.strip()), "").rstrip())


def clear_up(folder: Path, keep: Collection[int] | None) -> int:
    """Delete empty logs, and those of runs that are not in `keep` (None: of all); how many that were."""
    deleted = 0
    with contextlib.suppress(OSError):
        for path in stray(folder, keep):
            path.unlink()
            deleted += 1
        folder.rmdir()  # where nothing is left
    return deleted


def stray(folder: Path, known: Collection[int] | None) -> list[Path]:
    """Return the logs that are empty, or of no run that is known (None: of no run at all)."""
    found = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        name = _NAME.fullmatch(path.name)
        if name is not None and path.is_file() and not path.is_symlink():
            unknown = known is None or int(name[1]) not in known
            if unknown or path.stat().st_size == 0:
                found.append(path)
    return found
