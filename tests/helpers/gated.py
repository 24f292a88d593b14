"""A trainer whose runs wait for the test: moments in the middle of a study that no busy machine shifts.

A launch has it by `--trainer gated:train --data FOLDER`.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

_HERE = Path(__file__).resolve()
PYTHONPATH = f"{_HERE.parents[2]}{os.pathsep}{_HERE.parent}"  # for launches: the packages, and this module


class Gate:
    """The folder at which runs wait for tickets, on whatever host or engine they are."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir()

    def arguments(self) -> tuple[str, ...]:
        """What a launch is told."""
        return "--trainer", f"{__name__}:train", "--data", str(self._folder)

    def let_through(self, runs: int) -> None:
        """So many more runs."""
        for _ in range(runs):
            (self._folder / f"ticket{time.monotonic_ns()}").touch()

    def open(self) -> None:
        """All that wait, and all that come."""
        (self._folder / "open").touch()


def train(configuration: dict[str, Any], seed: int, report: Any) -> dict[str, Any]:
    """Wait at the gate, then score."""
    while not _admitted(report.data):
        time.sleep(0.05)
    return {"scores": {"sst": 0.5 + seed % 7 / 100}}


def _admitted(folder: str) -> bool:
    names = os.listdir(folder)
    if "open" in names:
        return True
    for name in names:
        try:
            os.unlink(f"{folder}/{name}")
        except FileNotFoundError:  # another run was faster
            continue
        return True
    return False
