"""Ctrl-C, which the terminal sends to all its processes: only the driver handles it, and ends the others."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from multiprocessing import resource_tracker
from pathlib import Path
from types import FrameType
from typing import Protocol

from search_spaces.output import INTERRUPTED
from search_spaces.own_files import MARK

_PATHS = ("PYTHONSAFEPATH", "PYTHONPATH")
_CTRL_C = frozenset({signal.SIGINT})


class Stoppable(Protocol):
    """An object that a signal asks to stop."""

    stop_requested: bool


@contextlib.contextmanager
def stopping_on_signal(execution: Stoppable) -> Iterator[None]:
    """Ask `execution` to stop at the first Ctrl-C or SIGTERM; end the process at the second."""

    def stop(number: int, frame: FrameType | None) -> None:
        if execution.stop_requested:
            os._exit(INTERRUPTED)
        execution.stop_requested = True
        print("\nStopping. Press Ctrl-C again to stop at once.", file=sys.stderr)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Start processes, within the context, that never receive Ctrl-C; this process receives it afterwards.

    They inherit a signal mask, because a child that ignores the signal itself may receive one before. They also import
    no modules from the current folder when they start.
    """
    with _safe_paths():
        # otherwise multiprocessing starts it with its first process, and it unblocks the signals of this one
        resource_tracker.ensure_running()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _CTRL_C)
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _safe_paths() -> Iterator[None]:
    """Put this project on the path of new Python processes, and keep the current folder off it."""
    if MARK in os.environ:  # an outer context has done so
        yield
        return
    kept = {name: os.environ.get(name) for name in _PATHS}
    paths = [str(Path(__file__).resolve().parent.parent), *filter(None, [kept["PYTHONPATH"]])]
    os.environ.update(PYTHONSAFEPATH="1", PYTHONPATH=os.pathsep.join(paths))
    os.environ[MARK] = json.dumps(kept)
    try:
        yield
    finally:
        _set(kept)
        del os.environ[MARK]


def usual_paths() -> None:
    """Restore the usual paths in a child of `held`, for the processes that it starts itself."""
    if (kept := os.environ.pop(MARK, None)) is not None:
        _set(json.loads(kept))


def _set(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def let_through() -> None:
    """Unblock Ctrl-C in a child of `held` that has left the terminal's group."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _CTRL_C)
