"""Ctrl-C reaches every process of a terminal's group: only the driver decides what ends, and says so in one line."""

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
    """What a signal asks to stop."""

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
    """Processes that are started meanwhile never see Ctrl-C, from their first instruction on; this one does afterwards.

    A mask is inherited. A child that ignores the signal itself would die of one that comes before it gets that far.
    Nor do they import files of the current folder in place of Python's own modules when they begin.
    """
    with _safe_paths():
        # multiprocessing's first process starts it, and it lifts the mask of its parent
        resource_tracker.ensure_running()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _CTRL_C)
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _safe_paths() -> Iterator[None]:
    """Have new processes of Python find this project on their path, and not the current folder."""
    if MARK in os.environ:  # they do already
        yield
        return
    kept = {name: os.environ.get(name) for name in _PATHS}
    root = str(Path(__file__).resolve().parent.parent)
    more = kept["PYTHONPATH"]
    os.environ.update(PYTHONSAFEPATH="1", PYTHONPATH=root if not more else f"{root}{os.pathsep}{more}")
    os.environ[MARK] = json.dumps(kept)
    try:
        yield
    finally:
        _set(kept)
        del os.environ[MARK]


def usual_paths() -> None:
    """Undo in a child what it was started with, for the processes that it starts itself."""
    if (kept := os.environ.pop(MARK, None)) is not None:
        _set(json.loads(kept))


def _set(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def let_through() -> None:
    """Undo in a child what `held` gave it: for one that has left the terminal's group."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _CTRL_C)
