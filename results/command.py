"""What the commands `results.report` and `results.export` share; nothing heavy before arguments are read."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from results import DEFAULT_STORAGE
from results.errors import ResultsError, StorageError
from results.plain import plain

if TYPE_CHECKING:
    from results.records import Database


def parser(name: str, about: str, formats: Sequence[str]) -> argparse.ArgumentParser:
    """The arguments that both commands have."""
    made = argparse.ArgumentParser(prog=f"python -m {name}", description=about)
    made.add_argument("--name", required=True, help="the study")
    made.add_argument("--storage", default=DEFAULT_STORAGE, metavar="URL", help="its database (default %(default)s)")
    made.add_argument("--debug", action="store_true", help="show tracebacks of errors")
    made.add_argument("--format", choices=formats, default=formats[0], help="default %(default)s")
    return made


def default_folder(name: str) -> Path:
    """Where a study's output goes unless --out says otherwise; a name that leaves `runs` has no such place."""
    if name in ("", ".", "..") or set(name) & set("/\\\0"):
        from results.storage_url import mask

        raise StorageError(f"'{mask(name)}' is no name of a folder. Say where to write: --out PATH")
    return Path("runs") / name


def run(given: argparse.Namespace, write: Callable[[Database, Path], None], file: str) -> int:
    """Open the database (none is made), write to --out, say where; 2 and one message for what a person can mend.

    Without --out, to `file` in the study's folder.
    """
    from results.foreign import foreign_rows
    from results.records import open_database

    path: Path = Path("runs")
    try:
        path = given.out or default_folder(given.name) / file
        with open_database(given.storage, create=False) as database, foreign_rows(given.storage, debug=given.debug):
            write(database, path)
    except ResultsError as fault:
        print(fault, file=sys.stderr)
        return 2
    except OSError as fault:
        print(plain(f"{path} cannot be written ({fault.strerror}). Choose another place with --out."), file=sys.stderr)
        return 2
    print(plain(str(path)))
    return 0


def write_text(path: Path, text: str) -> None:
    """Write a text file in one step: a reader sees the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_text(text, encoding="utf-8", newline="\n")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
