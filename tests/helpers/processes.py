"""Waiting for other programs, and finding their processes, which may end at any moment."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import psutil


def until(condition: Callable[[], object], told: Callable[[], object] = str, seconds: float = 300.0) -> None:
    """Wait for what must come, however slow the machine is; `told` is what a failure shows."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, told()
        time.sleep(0.05)


def below(pid: int) -> list[psutil.Process]:
    """All processes that came of this one; none where it is gone."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return []


def command_line(process: psutil.Process) -> str:
    """The command line; empty where the process is gone, or ended and not yet waited for."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def titled(processes: Iterable[psutil.Process], title: str) -> list[psutil.Process]:
    """Those whose command line has this text."""
    return [process for process in processes if title in command_line(process)]
