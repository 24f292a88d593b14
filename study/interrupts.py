"""Ctrl-C reaches every process of a terminal's group: only the driver decides what ends, and says so in one line."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Callable, Iterator
from multiprocessing import resource_tracker

INTERRUPTED = 130  # the exit code that shells know
_CTRL_C = frozenset({signal.SIGINT})


def until_ctrl_c(command: Callable[[], int]) -> int:
    """The exit code of a command; one that Ctrl-C ends says so in a line, without a traceback."""
    try:
        return command()
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return INTERRUPTED


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Processes that are started meanwhile never see Ctrl-C, from their first instruction on; this one does afterwards.

    A mask is inherited. A child that ignores the signal itself would die of one that comes before it gets that far.
    """
    resource_tracker.ensure_running()  # multiprocessing's first process starts it, and it lifts the mask of its parent
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _CTRL_C)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def let_through() -> None:
    """Undo in a child what `held` gave it: for one that has left the terminal's group."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _CTRL_C)
