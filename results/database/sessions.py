"""Transactions on SQLite and PostgreSQL: how they begin, how long they wait, and which errors they raise.

The decorators `reads`, `writes` and `writes_once` run a method in one transaction and pass it the session.
"""

from __future__ import annotations

import functools
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError, StatementError
from sqlalchemy.orm import Session

from results.database import migrations, url
from results.database.column_types import note_encoding
from results.database.retry import retried, retried_if_known
from results.database.stored_values import BytesForNumber
from results.errors import ConnectionLost, RecordError, StorageError

_answered: set[URL] = set()  # servers that have answered this process: worth waiting for

PartT = TypeVar("PartT", bound="AbstractPart")
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
Transaction = Callable[Concatenate[PartT, Arguments], Result]


class Sessions:
    """Transactions on an engine; the database's errors become those of `results.errors`."""

    def __init__(self, engine: Engine, *, shown_url: str, read_only: bool = False) -> None:
        if engine.dialect.name == "sqlite":
            if not read_only:
                event.listen(engine, "connect", _set_up_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
        elif engine.dialect.driver == "psycopg":
            event.listen(engine, "connect", self._note_encoding)
        self._engine = engine
        self._writing = engine.execution_options(write=True)
        self.shown_url, self.read_only = shown_url, read_only
        self.guard: Callable[[Session], object] = lambda session: None  # called first in every guarded transaction

    def _note_encoding(self, connection: Any, record: object) -> None:
        note_encoding(self._engine.dialect, connection.info.parameter_status("server_encoding") or "UTF8")

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    @retried_if_known
    def version(self) -> str | None:
        """Return the version of the tables, or None without tables."""
        with self._our_errors(), self._engine.connect() as connection:
            version = migrations.current_version(connection)
        _answered.add(self._engine.url)
        return version

    @retried_if_known
    def upgrade(self, *, create: bool) -> None:
        """Migrate the tables to this release.

        Raises:
            StorageError: there are no tables, and not `create`; or a newer release wrote them.
        """
        version = self.version()
        if version == migrations.HEAD:
            return
        if version is None and not create:
            raise StorageError(f"{self.shown_url} holds no studies yet. Launch one: python -m study.launch")
        with self._our_errors(), self._writing.begin() as connection:
            migrations.upgrade(connection, self.shown_url)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a transaction that only reads."""
        try:
            with self._our_errors(), Session(self._engine) as session, session.begin():
                yield session
        except (ValueError, TypeError) as fault:  # raised by a column's type
            reason = url.one_line(fault)
            raise StorageError(f"{self.shown_url} has a value that this program does not write: {reason}.") from fault

    @contextmanager
    def write(self, *, guarded: bool = True) -> Iterator[Session]:
        """Open a transaction that writes; it is committed at the end, and rolled back on any error.

        Raises:
            LeaseHeld: another driver has taken over a study (checked by the guard, `lease.Leases`).
        """
        with self._our_errors(), Session(self._writing) as session, session.begin():
            if guarded:
                self.guard(session)
            yield session

    @contextmanager
    def _our_errors(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError as fault:
            raise RecordError(f"The database refused a row: {url.mask(str(fault.orig))}") from fault
        except DBAPIError as fault:
            error = url.opening_fault(self._engine.url, fault)
            if not connection_lost(fault):
                raise error from fault
            was_there = self._engine.url in _answered or _was_there(fault)
            raise ConnectionLost(str(error), was_there=was_there) from fault
        except BytesForNumber as fault:
            raise StorageError(
                f"{self.shown_url} has bytes in place of numbers ({url.one_line(fault)}), written by an older release. "
                f"Repair them: python -m study.doctor --name STUDY --storage {self.shown_url} --fix"
            ) from fault
        except StatementError as fault:  # a column's type refused the value
            name = re.search(r"(?:INTO|UPDATE|FROM)\s+(\w+)", fault.statement or "", re.IGNORECASE)
            table = f" in table '{name[1]}'" if name else ""
            raise RecordError(f"A value cannot be stored{table}: {url.one_line(fault.orig)}.") from fault


class AbstractPart:
    """A part of `Database`: the methods that read and write one kind of row."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def transaction(self, *, write: bool) -> AbstractContextManager[Session]:
        """Return a transaction; one that writes requires that all leases taken here are still held."""
        return self._sessions.write() if write else self._sessions.read()


def reads(method: Callable[Concatenate[PartT, Session, Arguments], Result]) -> Transaction[PartT, Arguments, Result]:
    """Run the method in a transaction that reads, with retries."""
    return retried(_transaction(method, write=False))


def writes(method: Callable[Concatenate[PartT, Session, Arguments], Result]) -> Transaction[PartT, Arguments, Result]:
    """Run the method in a transaction that writes, with retries."""
    return retried(_transaction(method, write=True))


def writes_once(method: Callable[Concatenate[PartT, Session, Arguments], None]) -> Transaction[PartT, Arguments, None]:
    """Run a method that refuses to write twice; refused after a lost response, it has been committed."""
    return retried(_transaction(method, write=True), refused_after_loss=True)


def _transaction(
    method: Callable[Concatenate[PartT, Session, Arguments], Result], *, write: bool
) -> Transaction[PartT, Arguments, Result]:
    @functools.wraps(method)
    def call(part: PartT, /, *arguments: Arguments.args, **named: Arguments.kwargs) -> Result:
        with part.transaction(write=write) as session:
            return method(part, session, *arguments, **named)

    return call


def connection_lost(fault: BaseException) -> bool:
    """Return whether a server closed the connection or accepts none, because it restarts or the network is down.

    SQLSTATE 08: connection exceptions; 57P: shut down, crashed, starting up; none: the server did not respond.
    """
    if not isinstance(fault, OperationalError | InterfaceError) or isinstance(fault.orig, sqlite3.Error):
        return isinstance(fault, DBAPIError) and fault.connection_invalidated
    state = getattr(fault.orig, "sqlstate", None)
    return fault.connection_invalidated or state is None or state.startswith(("08", "57P"))


def _was_there(fault: DBAPIError) -> bool:
    """Return whether a lost server exists: it had answered before, or is starting or stopping."""
    state = getattr(fault.orig, "sqlstate", None) or ""
    cut = re.search("^consuming input failed|the database system is (starting|shutting|in recovery)", str(fault.orig))
    return fault.connection_invalidated or state.startswith(("08", "57P")) or cut is not None


def _set_up_sqlite(connection: Any, record: object) -> None:
    """Use WAL, so that readers do not wait for the writer; `_begin_sqlite` replaces Python's transactions."""
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        connection.execute("PRAGMA journal_mode = WAL")


def _begin_sqlite(connection: Connection) -> None:
    """Begin a transaction; one that writes locks at once, since after a read SQLite cannot wait for the lock."""
    writes = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
