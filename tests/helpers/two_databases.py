"""A new database of each kind for one test: a SQLite file in a folder, and one on the PostgreSQL server."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from postgres import own_database

KINDS = ("sqlite", "postgresql")


@contextlib.contextmanager
def database_of(kind: str, folder: Path) -> Iterator[str]:
    """The URL of an empty database of a kind, dropped afterwards; the file lies in the folder."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'new.db'}"
        return
    with own_database() as url:
        yield url


def kinds() -> tuple[str, ...]:
    """The kinds that can be had here: without a server, SQLite alone."""
    return KINDS if os.environ.get("STUDY_TEST_POSTGRES") else KINDS[:1]
