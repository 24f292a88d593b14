"""A place to launch studies in, on the tiny backbone: in the test's process, or in one of their own as a user would."""

from __future__ import annotations

import contextlib
import importlib
import io
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

from in_process import InProcessEngine

from study.engines import making
from study.engines.abstract import AbstractEngine

SMALL = ("--backbone", "tiny", "--budget", "smoke", "--train-examples", "16")

# What the finished study of `Finished` was asked for.
FINISHED = (*SMALL, "--space", "pooling", "--trials", "3", "--seeds", "2", "--name", "s")


class Place:
    """An empty folder to launch studies in; the storage and the output folder are the defaults below it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = folder / "runs" / "studies.db"

    def command(self, *arguments: str, module: str = "study.launch") -> list[str]:
        return [sys.executable, "-m", module, *arguments]

    def call(
        self, *arguments: str, module: str = "study.launch", engine: type[AbstractEngine] = InProcessEngine
    ) -> subprocess.CompletedProcess[str]:
        """The command in this process, its runs too; with `LocalEngine` those have processes."""
        out, err = io.StringIO(), io.StringIO()
        with (
            mock.patch.object(making, "LocalEngine", engine),
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            mock.patch.object(sys, "argv", [module, *arguments]),
        ):
            try:
                code = importlib.import_module(module).main(list(arguments))
            except SystemExit as end:  # argparse refuses
                code = end.code
        return subprocess.CompletedProcess([module, *arguments], code, out.getvalue(), err.getvalue())

    def run(self, *arguments: str, module: str = "study.launch") -> subprocess.CompletedProcess[str]:
        """The command in a process of its own."""
        return subprocess.run(
            self.command(*arguments, module=module), cwd=self.folder, capture_output=True, text=True, timeout=300
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """The same without waiting for its end."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with contextlib.closing(sqlite3.connect(self.database, timeout=30)) as connection, connection:
            return connection.execute(sql, parameters).fetchall()


class Finished(NamedTuple):
    """A place where the study `s` was launched, and what the launch said."""

    place: Place
    done: subprocess.CompletedProcess[str]
