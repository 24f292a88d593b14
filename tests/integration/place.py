"""A place to launch studies in, on the tiny backbone: in the test's process, or in one of their own as a user would."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

from in_process import InProcessEngine
from processes import until

from study.engines import choose
from study.engines.abstract import AbstractEngine

# The least that is training all the same.
SMALL = ("--backbone", "tiny", "--layers", "1", "--budget", "smoke", "--train-examples", "16", "--dev-examples", "16")

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
            mock.patch.object(choose, "LocalEngine", engine),
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

    def start(self, *arguments: str, module: str = "study.launch", output: Path | None = None) -> subprocess.Popen[str]:
        """Start the command without waiting for its end; its output goes to a pipe, or to a file."""
        with open(output or os.devnull, "w", encoding="utf-8") as file:
            return subprocess.Popen(
                self.command(*arguments, module=module),
                cwd=self.folder,
                stdout=file if output else subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )

    def kill_when(self, sql: str, *arguments: str) -> None:
        """Launch in a process of its own, and kill it as soon as the query has a row."""
        process = self.start(*arguments)
        self.wait(process, sql)
        process.kill()
        process.communicate(timeout=300)

    def wait(self, process: subprocess.Popen[str], sql: str) -> None:
        """Until the query has a row; fails when the launch ends before."""

        def there() -> bool:
            if process.poll() is not None or not self.database.exists():
                return process.poll() is not None
            try:
                return bool(self.rows(sql))
            except sqlite3.OperationalError:  # no such table yet
                return False

        until(there)
        assert process.poll() is None, process.communicate()

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with contextlib.closing(sqlite3.connect(self.database, timeout=30)) as connection, connection:
            return connection.execute(sql, parameters).fetchall()


class Finished(NamedTuple):
    """A place where the study `s` was launched, and what the launch said."""

    place: Place
    done: subprocess.CompletedProcess[str]
