"""The database of studies. Every method of its parts is one transaction."""

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
    """Open the database at a SQLAlchemy URL and migrate its tables to this release.

    With `create=False` the tables must exist. Without `write` too, a read-only SQLite file is accepted; if it has an
    older release's tables, a temporary copy is migrated and read.

    Raises:
        StorageError: the URL is invalid, the server unreachable, the driver missing, the file no database or not
            writable, or the tables are missing or of a newer release. The message never has a password.
    """
    with ExitStack() as opened:
        sessions = opened.enter_context(closing(_sessions(url, create=create, write=write)))
        if sessions.read_only and migrations.is_older(sessions.version()):
            opened.close()
            sessions = opened.enter_context(closing(_sessions_on_copy(url)))
        sessions.upgrade(create=create)
        opened.pop_all()
    return Database(sessions)


def open_existing(url: str, *, upgrade: bool) -> Database | None:
    """Open a database that has tables of ours, or return None. Without `upgrade`, nothing is changed.

    Raises:
        StorageError: as for `open_database`, or an older release's tables would need the upgrade.
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
                f"The tables of {sessions.shown_url} were written by an older release (version {version}) and must be "
                "migrated before they can be read: python -m study.doctor --name STUDY --storage URL --fix"
            )
        sessions.upgrade(create=False)
        opened.pop_all()
    return Database(sessions)


def outdated(url: str) -> tuple[str | None, list[ByteColumn]]:
    """Return the tables' version if a migration is due (else None), and columns with bytes for numbers."""
    with closing(_sessions(url, create=False)) as sessions:
        version = sessions.version()
        with sessions.read() as session:
            columns = byte_numbers.byte_columns(session.connection())
    return None if version in (None, migrations.HEAD) else version, columns


def _sessions_on_copy(url: str) -> Sessions:
    """Open a temporary copy of a read-only file."""
    parsed = storage_url.parse_url(url)
    copy = read_only.copied(parsed)
    return Sessions(create_engine(copy, **engine_options(copy)), shown_url=storage_url.shown(parsed))


def _sessions(url: str, *, create: bool, write: bool = False) -> Sessions:
    parsed = storage_url.parse_url(url)
    if not create and not write and read_only.is_read_only(parsed):
        readable = read_only.readable(parsed)
        options = {**engine_options(parsed), "poolclass": NullPool}  # the file may be replaced while it is served
        return Sessions(create_engine(readable, **options), shown_url=storage_url.shown(parsed), read_only=True)
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
    """All studies behind one URL, opened by `open_database`; also a context manager."""

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
        """Convert numbers that are stored as bytes (`byte_numbers`) and return their count."""
        return byte_numbers.repair(session.connection())

    @reads
    def columns(self, session: Session, statement: Executable) -> dict[str, list[Any]]:
        """Return the rows of any SELECT as column -> values, the most compact form of many rows."""
        rows = session.execute(statement)
        names = list(rows.keys())
        values = [list(column) for column in zip(*rows, strict=True)]
        return dict(zip(names, values or [[] for _ in names], strict=True))

    @reads
    def select(self, session: Session, statement: Executable) -> list[dict[str, Any]]:
        """Return the rows of any SELECT as dictionaries, column -> value."""
        return [dict(row) for row in session.execute(statement).mappings()]
