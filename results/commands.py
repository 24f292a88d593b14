"""What `results.report` and `results.export` share; nothing heavy is imported before arguments are parsed."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from results.database.defaults import DEFAULT_STORAGE
from results.errors import ResultsError, StorageError
from search_spaces import output
from search_spaces.output import plain

if TYPE_CHECKING:
    from results.database.database import Database

    Opened = tuple[Database, str]  # an open database and the name of a study in it


def parser(name: str, about: str, formats: Sequence[str]) -> argparse.ArgumentParser:
    """Return a parser of the arguments that both commands have."""
    made = argparse.ArgumentParser(prog=f"python -m {name}", description=about)
    made.add_argument("--name", required=True, action="append", help="the study; several are compared with the first")
    made.add_argument(
        "--storage",
        action="append",
        metavar="URL",
        help=f"its database (default {DEFAULT_STORAGE}); of several studies one for all, or one each in their order",
    )
    made.add_argument("--json", action="store_true", help="print what was written as one JSON object")
    made.add_argument("--debug", action="store_true", help="show tracebacks of errors")
    made.add_argument("--format", choices=formats, default=formats[0], help="default %(default)s")
    return made


def default_folder(name: str) -> Path:
    """Return the folder of a study's output without --out; StorageError for a name that would leave `runs`."""
    if name in ("", ".", "..") or set(name) & set("/\\\0"):
        from results.database.url import mask

        raise StorageError(f"'{mask(name)}' is not the name of a folder. Say where to write: --out PATH")
    return Path("runs") / name


def run(given: argparse.Namespace, write: Callable[[Sequence[Opened], Path], None], file: str) -> int:
    """Open the databases (none is made), write to --out, say where, and return the exit code.

    It is 2, with one message, for what a person can correct. `write` gets each study with its database, in the order
    named. Without --out, it writes to `file` in the first one's folder.
    """
    output.alone(given.json)
    path: Path = Path("runs")
    try:
        path = given.out or default_folder(given.name[0]) / file
        with _opened(given) as studies:
            write(studies, path)
    except ResultsError as fault:
        print(fault, file=sys.stderr)
        return 2
    except OSError as fault:
        print(plain(f"{path} cannot be written ({fault.strerror}). Choose another place with --out."), file=sys.stderr)
        return 2
    named = {"study": given.name[0]} if len(given.name) == 1 else {"studies": given.name}
    summary = {**named, "format": given.format, "written": str(path)}
    output.print_object(json.dumps(summary, indent=2) if given.json else plain(str(path)))
    return 0


@contextmanager
def _opened(given: argparse.Namespace) -> Iterator[list[Opened]]:
    """Open the database of each named study; UnknownStudy, StorageError."""
    from results.database.database import open_database
    from results.database.url import foreign_rows

    with ExitStack() as stack:
        databases: dict[str, Database] = {}
        studies: list[Opened] = []
        for name, url in zip(given.name, _storages(given), strict=True):
            if url not in databases:
                stack.enter_context(foreign_rows(url, debug=given.debug))
                databases[url] = stack.enter_context(open_database(url, create=False))
            databases[url].studies.require(name)
            studies.append((databases[url], name))
        yield studies


def _storages(given: argparse.Namespace) -> list[str]:
    """Return the URL of each study's database."""
    names, urls = given.name, given.storage or [DEFAULT_STORAGE]
    if len(urls) not in (1, len(names)):
        raise StorageError(
            f"{len(names)} --name and {len(urls)} --storage were given. Give one --storage for all studies, or one for "
            "each in their order."
        )
    each = list(urls) if len(urls) == len(names) else list(urls) * len(names)
    twice = [name for place, name in enumerate(names) if (name, each[place]) in zip(names[:place], each, strict=False)]
    if twice:
        raise StorageError(f"--name {twice[0]} was given twice: a study is compared with others. Name each once.")
    return each


def write_text(path: Path, text: str) -> None:
    """Write a text file in one step: a reader sees the old one or the new one."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
