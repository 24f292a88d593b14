"""The database of studies: the only code that opens it. Every method of its parts is one transaction."""

from __future__ import annotations

from contextlib import ExitStack, closing
from typing import Any

from sqlalchemy import Executable, create_engine
from sqlalchemy.exc import NoSuchModuleError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from results.database import byte_numbers, migrations, read_only
from results.database import url as storage_url
from results.database.byte_numbers import ByteColumn
from results.database.connection import engine_options, plain_url
from results.database.lease import Leases
from results.database.metrics import Metrics
from results.database.runs import Runs
from results.database.sessions import AbstractPart, Sessions, reads, writes
from results.database.studies import Studies
from results.errors import StorageError


def open_database(url: str, *, create: bool = True, write: bool = False) -> Database:
    """Open the database at a SQLAlchemy URL and bring its tables to this release's version.

    `create=False` opens only a database that has studies: it makes no file and no tables. A SQLite file that may only
    be read is then read, one with an older release's tables as a copy, unless it is to `write`. StorageError,
    without a password, for a bad URL, an unreachable server, a missing driver, a file that is no database, a
    folder that cannot be written, and tables written by a newer release.
    """
    with ExitStack() as opened:
        sessions = opened.enter_context(closing(_sessions(url, create=create, write=write)))
        if sessions.read_only and migrations.is_older(sessions.version()):
            opened.close()
            sessions = opened.enter_context(closing(_sessions_of_copy(url)))
        sessions.upgrade(create=create)
        opened.pop_all()
    return Database(sessions)


def open_existing(url: str, *, upgrade: bool) -> Database | None:
    """Open a database that has studies; return None where there is no file, or none of our tables in it.

    It makes neither. Without `upgrade` nothing is changed at all: StorageError for tables of an older release, which
    cannot be read as they are. Other StorageErrors as of `open_database`.
    """
    file = storage_url.sqlite_file(storage_url.parse_url(url))
    if file is not None and not file.exists():
        return None
    with ExitStack() as opened:
        sessions = opened.enter_context(closing(_sessions(url, create=False)))
        version = sessions.version()
        if version is None:
            return None
        if not upgrade and migrations.is_older(version):
            raise StorageError(
                f"The tables of {sessions.shown_url} were written by an older release (version {version}): reading "
                "them would change them. Bring them up to date first: "
                "python -m study.doctor --name STUDY --storage URL --fix"
            )
        sessions.upgrade(create=False)
        opened.pop_all()
    return Database(sessions)


def outdated(url: str) -> tuple[str | None, list[ByteColumn]]:
    """Return the version of an older release that wrote the tables (else None), and columns with bytes for numbers.

    Changes nothing.
    """
    with closing(_sessions(url, create=False)) as sessions:
        version = sessions.version()
        with sessions.read() as session:
            columns = byte_numbers.found(session.connection())
    return None if version in (None, migrations.HEAD) else version, columns


def _sessions_of_copy(url: str) -> Sessions:
    """Open a copy of a file that may only be read; what is written into it is lost."""
    parsed = storage_url.parse_url(url)
    copy = read_only.copied(parsed)
    return Sessions(create_engine(copy, **engine_options(copy)), shown_url=storage_url.shown(parsed))


def _sessions(url: str, *, create: bool, write: bool = False) -> Sessions:
    parsed = storage_url.parse_url(url)
    if not create and not write and read_only.is_read_only(parsed):
        place = read_only.readable(parsed)
        options = {**engine_options(parsed), "poolclass": NullPool}  # a file may be replaced by a newer one
        return Sessions(create_engine(place, **options), shown_url=storage_url.shown(parsed), read_only=True)
    storage_url.require_writable(parsed)
    if create:
        storage_url.make_folder(parsed)
    else:
        storage_url.require_file(parsed)
    try:
        engine = create_engine(plain_url(parsed), **engine_options(parsed))
    except (NoSuchModuleError, ModuleNotFoundError) as fault:
        raise StorageError(
            f"{storage_url.shown(parsed)} needs a driver that is not installed ({fault}). "
            "Install it: pip install 'mtbert-study[postgres]'"
        ) from fault
    return Sessions(engine, shown_url=storage_url.shown(parsed))


class Database(AbstractPart):
    """The rows of all studies behind one URL. Made by `open_database`; also a context manager."""

    def __init__(self, sessions: Sessions) -> None:
        super().__init__(sessions)
        self.studies, self.leases = Studies(sessions), Leases(sessions)
        self.runs, self.metrics = Runs(sessions), Metrics(sessions)
        self.shown_url, self.read_only = sessions.shown_url, sessions.read_only

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._sessions.close()

    @writes
    def repair_bytes(self, session: Session) -> int:
        """Make numbers of the bytes that are stored in their place (`byte_numbers`); return how many."""
        return byte_numbers.repair(session.connection())

    @reads
    def columns(self, session: Session, statement: Executable) -> dict[str, list[Any]]:
        """Return the columns of any SELECT over our tables, column -> values: the smallest form of many rows."""
        found = session.execute(statement)
        names = list(found.keys())
        values = [list(column) for column in zip(*found, strict=True)]
        return dict(zip(names, values or [[] for _ in names], strict=True))

    @reads
    def select(self, session: Session, statement: Executable) -> list[dict[str, Any]]:
        """Return the rows of any SELECT over `results.database.schema`, as dictionaries column -> value."""
        return [dict(row) for row in session.execute(statement).mappings()]
