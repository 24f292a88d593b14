"""A place to launch studies in, in processes of their own, as a person would start them, on the tiny backbone."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SMALL = ("--backbone", "tiny", "--budget", "smoke", "--train-examples", "16")


class Place:
    """An empty folder to launch studies in; the storage and the output folder are the defaults below it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = folder / "runs" / "studies.db"

    def command(self, *arguments: str, module: str = "study.launch") -> list[str]:
        return [sys.executable, "-m", module, *arguments]

    def run(self, *arguments: str, module: str = "study.launch") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments, module=module), cwd=self.folder, capture_output=True, text=True, timeout=300
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with sqlite3.connect(self.database, timeout=30) as connection:
            return connection.execute(sql, parameters).fetchall()
