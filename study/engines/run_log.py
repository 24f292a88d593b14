"""The log of a run: the standard output and error of its processes, in `<out>/<name>/logs/run-31.log`.

The worker's descriptors 1 and 2 are that file, so that children and C libraries write there as well. A log keeps its
first and its last half megabyte, with a note of how much was left out; during the run it may grow to 16 MB. A run that
writes nothing has no log. A run that is started again, or measured on `test`, appends to its log.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import io
import os
import re
import sys
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from search_spaces.output import plain

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

LOGS = "logs"  # a subfolder of the study's folder
PART_BYTES = 500_000  # kept of the beginning, and of the end
MOST_WHILE_RUNNING = 16_000_000
_LINE_BYTES = 10_000  # within which a line is expected to end
_LEFT_OUT = re.compile(rb"\n\[\.\.\. ([0-9]+) bytes were left out here \.\.\.\]\n")
_NAME = re.compile(r"run-[0-9]+\.log")


def path_of(folder: Path, run_id: int) -> Path:
    """Return the path of a run's log in the folder of its study's logs."""
    return folder / f"run-{run_id}.log"


@dataclass(frozen=True)
class RunLog:
    """One run's log, which the engine keeps short."""

    path: Path

    def trim(self, most: int = MOST_WHILE_RUNNING) -> None:
        """Keep only the beginning and the end of a log that is longer than `most` bytes.

        Output that is written during the cut may be lost, so the log of a running run is only cut when it is very long.
        """
        with contextlib.suppress(OSError):
            if self.path.stat().st_size > max(most, 2 * PART_BYTES + len(_gap(10**15))):
                self._cut()

    def finish(self) -> None:
        """Cut the log of a run that has ended, or delete an empty one."""
        with contextlib.suppress(OSError):
            if self.path.stat().st_size == 0:
                self.path.unlink()
        self.trim(0)

    def _cut(self) -> None:
        with self.path.open("r+b") as file:
            first = file.read(PART_BYTES + len(_gap(10**15)))
            earlier = _LEFT_OUT.search(first)  # it was cut before
            first = first[: earlier.start()] if earlier else _up_to_a_line(first[:PART_BYTES])
            begin, left_out = (earlier.end(), int(earlier[1])) if earlier else (len(first), 0)
            file.seek(max(begin, file.seek(0, os.SEEK_END) - PART_BYTES))
            last = _from_a_line(file.read())
            left_out += file.tell() - len(last) - begin
            file.seek(len(first))
            file.write(_gap(left_out) + last)
            file.truncate()


def _gap(left_out: int) -> bytes:
    return f"\n[... {left_out} bytes were left out here ...]\n".encode("ascii")


def _up_to_a_line(part: bytes) -> bytes:
    """Remove an incomplete line from the end; a progress bar's states count as lines."""
    end = max(part.rfind(b"\n"), part.rfind(b"\r")) + 1
    return part[:end] if end > len(part) - _LINE_BYTES else part


def _from_a_line(part: bytes) -> bytes:
    line_end = re.search(rb"[\n\r]", part[:_LINE_BYTES])
    return part[line_end.end() :] if line_end else part


class _Descriptor(io.FileIO):
    """Standard output or error as a file whose writes never fail, even on a full disk: the run matters more."""

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes


def capture(path: Path) -> None:
    """Redirect the output of this process and its children to the log, unbuffered and as UTF-8.

    If the log cannot be opened, the output is dropped: the terminal is the driver's.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        log = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o666)
    except OSError:
        log = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    if os.fstat(log).st_size:
        now = datetime.now().astimezone().isoformat(" ", "seconds")
        os.write(log, f"\n[... the run continues, or is started again: {now} ...]\n".encode("ascii"))
    for descriptor in (1, 2):
        os.dup2(log, descriptor)
    os.close(log)
    sys.stdout, sys.stderr = _stream(1), _stream(2)
    sys.__stdout__, sys.__stderr__ = sys.stdout, sys.stderr  # type: ignore[misc]
    faulthandler.enable(file=2)


def _stream(descriptor: int) -> io.TextIOWrapper:
    raw = _Descriptor(descriptor, "w", closefd=False)
    # Unbuffered, as with `python -u`: a run may be killed at any moment.
    return io.TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace", write_through=True)


def flush() -> None:
    """Flush the buffers of Python and of C libraries, before a process ends without its exit handlers."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).fflush(None)


def shown(content: bytes) -> str:
    """Return a log for a terminal: progress bars in their last state, and control characters escaped."""
    lines = content.decode("utf-8", errors="replace").removesuffix("\n").split("\n")
    return "\n".join(plain(_last_state(line).rstrip()) for line in lines)


def _last_state(line: str) -> str:
    """Return the last text of a line that carriage returns or backspaces overwrite."""
    return next((state for state in reversed(re.split(r"[\r\b]+", line)) if state.strip()), "")


def clear_up(folder: Path, keep: Collection[int] | None) -> int:
    """Delete empty logs, and those of runs that are not in `keep` (None: all); return the number of deleted files."""
    deleted = 0
    with contextlib.suppress(OSError):
        for path in stray(folder, keep):
            path.unlink()
            deleted += 1
        folder.rmdir()  # only if it is empty
    return deleted


def stray(folder: Path, run_ids: Collection[int] | None) -> list[Path]:
    """Return the logs that are empty, or of no run in `run_ids` (None: all logs)."""
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    logs = [path for path in files if _NAME.fullmatch(path.name) and path.is_file() and not path.is_symlink()]
    known = None if run_ids is None else {path_of(folder, run_id) for run_id in run_ids}
    return [path for path in logs if known is None or path not in known or path.stat().st_size == 0]
