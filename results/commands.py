"""Shared code of the commands `results.report` and `results.export`; heavy imports wait until arguments are parsed."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
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
    """Return a parser with the arguments that both commands share."""
    arguments = argparse.ArgumentParser(prog=f"python -m {name}", description=about)
    arguments.add_argument(
        "--name", required=True, action="append", help="name of the study; repeat to compare others with the first"
    )
    storage_help = f"URL of the database (default {DEFAULT_STORAGE}); one for all studies, or one per --name in order"
    arguments.add_argument("--storage", action="append", metavar="URL", help=storage_help)
    arguments.add_argument("--json", action="store_true", help="print the path written as one JSON object")
    arguments.add_argument("--debug", action="store_true", help="show tracebacks of errors")
    arguments.add_argument("--format", choices=formats, default=formats[0], help="default %(default)s")
    return arguments


def default_folder(name: str) -> Path:
    """Return the folder of a study's output without --out.

    Raises:
        StorageError: the name would be a path outside `runs`.
    """
    if name in ("", ".", "..") or set(name) & set("/\\\0"):
        from results.database.url import mask

        raise StorageError(f"'{mask(name)}' cannot be the name of a folder. Choose where to write with --out PATH.")
    return Path("runs") / name


def run(options: argparse.Namespace, write: Callable[[Sequence[Opened], Path], None], file: str) -> int:
    """Open the existing databases, write to --out, print the path, and return the exit code.

    The code is 2, with one message, for an error that the user can correct. `write` gets each study with its database,
    in the order of --name. Without --out, it writes to `file` in the folder of the first study.
    """
    output.alone(options.json)
    path: Path = Path("runs")
    try:
        path = options.out or default_folder(options.name[0]) / file
        with _opened(options) as studies:
            write(studies, path)
    except ResultsError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(plain(f"{path} cannot be written ({error.strerror}). Choose another place with --out."), file=sys.stderr)
        return 2
    studies_named = {"study": options.name[0]} if len(options.name) == 1 else {"studies": options.name}
    summary = {**studies_named, "format": options.format, "written": str(path)}
    output.print_object(json.dumps(summary, indent=2) if options.json else plain(str(path)))
    return 0


@contextmanager
def _opened(options: argparse.Namespace) -> Iterator[list[Opened]]:
    """Open the database of each named study."""
    from results.database.database import open_database
    from results.database.url import foreign_rows

    with ExitStack() as stack:
        databases: dict[str, Database] = {}
        studies: list[Opened] = []
        for name, url in zip(options.name, _storages(options), strict=True):
            if url not in databases:
                stack.enter_context(foreign_rows(url, debug=options.debug))
                databases[url] = stack.enter_context(open_database(url, create=False))
            databases[url].studies.require(name)
            studies.append((databases[url], name))
        yield studies


def _storages(options: argparse.Namespace) -> list[str]:
    """Return the URL of each study's database."""
    names, urls = options.name, options.storage or [DEFAULT_STORAGE]
    if len(urls) not in (1, len(names)):
        raise StorageError(
            f"There are {len(names)} --name and {len(urls)} --storage. Give one --storage for all studies, or one per "
            "--name in order."
        )
    urls = urls if len(urls) == len(names) else urls * len(names)
    (name, _), count = Counter(zip(names, urls, strict=True)).most_common(1)[0]
    if count > 1:
        raise StorageError(f"--name {name} was given twice, but a study is compared with others. Name each study once.")
    return list(urls)


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file atomically: a reader sees either the old content or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
