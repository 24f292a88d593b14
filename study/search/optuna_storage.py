"""Optuna's storage: opened for a search or for a reader, and called again while its server is away."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import optuna
from optuna import Study
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from results.database import read_only
from results.database import url as storage_url
from results.database.connection import engine_options, plain_url
from results.database.retry import retried
from results.database.sessions import connection_lost
from results.database.url import opening_fault
from results.errors import ConnectionLost, StorageError

Result = TypeVar("Result")
OPENINGS, OPENING_PAUSE_SECONDS = 10, 0.2


class _Cursor(sqlite3.Cursor):
    """A cursor of SQLite whose `CREATE` statements are one transaction, until the next commit.

    By itself Python's driver commits each alone. Killed between the table of studies and the index that keeps their
    names unique, the next two launches would each write a study of the same name.
    """

    def execute(self, sql: str, *arguments: Any) -> Any:
        """Execute a statement."""
        if sql.lstrip().lower().startswith("create") and not self.connection.in_transaction:
            super().execute("begin immediate")
        return super().execute(sql, *arguments)


class _Connection(sqlite3.Connection):
    def cursor(self, *_: object) -> Any:
        return super().cursor(_Cursor)


def storage_for_search(url: str) -> RDBStorage:
    """Open the storage at a URL; where it has no tables of Optuna's, create them, all or none."""
    parsed = storage_url.parse_url(url)  # SQLAlchemy itself does not know postgres://
    place, options = _place(plain_url(parsed)), engine_options(parsed)
    once = {**options, "poolclass": NullPool}  # a refused attempt leaves no connection open
    if parsed.get_backend_name() == "sqlite":
        once["connect_args"] = {**options["connect_args"], "factory": _Connection}
    close(opened(lambda: RDBStorage(place, engine_kwargs=once), parsed))
    return opened(lambda: RDBStorage(place, engine_kwargs=options), parsed)


def storage_there(url: str) -> RDBStorage | None:
    """Open the storage at a URL that `open_database` has opened, or return None where Optuna has no tables.

    Raises:
        ConnectionLost: the server is away for longer than it is waited for.
    """
    parsed = storage_url.parse_url(url)
    place = _place(read_only.readable(parsed) if read_only.is_read_only(parsed) else plain_url(parsed))
    try:
        found = RDBStorage(
            place, engine_kwargs=engine_options(parsed), skip_compatibility_check=True, skip_table_creation=True
        )
        waiting(found.get_all_studies, found)
    except ConnectionLost:
        raise
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError, StorageError):  # as no table of that name
        return None
    return found


@dataclass(frozen=True)
class StoredStudy:
    """A study in Optuna's database, with its storage, which alone reads and writes system attributes."""

    study: Study
    storage: RDBStorage

    @property
    def study_id(self) -> int:
        """The storage's id of the study."""
        return self.storage.get_study_id_from_name(self.study.study_name)

    def attributes(self) -> dict[str, Any]:
        """Return the system attributes of the study."""
        return self.storage.get_study_system_attrs(self.study_id)

    def set_attribute(self, key: str, value: Any) -> None:
        """Write a system attribute of the study: JSON data."""
        self.storage.set_study_system_attr(self.study_id, key, value)


@contextlib.contextmanager
def stored_study(url: str, name: str) -> Iterator[StoredStudy | None]:
    """Open a study as Optuna has it; None where it has no such study."""
    storage = storage_there(url)
    if storage is None:
        yield None
        return
    try:
        try:
            found = waiting(lambda: optuna.load_study(study_name=name, storage=storage), storage)
        except KeyError:
            yield None
        else:
            yield StoredStudy(found, storage)
    finally:
        close(storage)


def close(storage: RDBStorage) -> None:
    """Close the connections of a storage."""
    storage.remove_session()
    storage.engine.dispose()


def trial_id(storage: optuna.storages.BaseStorage, study_id: int, number: int) -> int:
    """Return the id that a storage has for a trial, by the trial's number in its study."""
    return storage.get_trial_id_from_study_id_trial_number(study_id, number)


def _place(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def opened(make: Callable[[], RDBStorage], url: URL) -> RDBStorage:
    """Return the storage that `make` opens, trying again while another launch creates Optuna's tables in it.

    Optuna checks whether they exist, and then creates them: of two launches that begin at once, one is refused.

    Raises:
        StorageError: the last attempt failed too.
    """
    for last in (False,) * OPENINGS + (True,):
        try:
            return make()
        except (DBAPIError, StorageInternalError) as fault:
            if last:
                raise opening_fault(url, _cause(fault) or fault) from fault
            time.sleep(OPENING_PAUSE_SECONDS)
    raise AssertionError("unreachable")


def waiting(call: Callable[[], Result], storage: RDBStorage) -> Result:
    """Return what `call` returns, calling again where the server went away; so `call` must be safe to repeat.

    Raises:
        ConnectionLost: the server is away for longer than it is waited for.
        StorageError: another fault of the database.
    """

    def attempt() -> Result:
        try:
            return call()
        except (DBAPIError, StorageInternalError) as fault:
            cause = _cause(fault)
            if cause is None:
                raise
            if not connection_lost(cause):
                raise opening_fault(storage.engine.url, cause) from fault
            storage.remove_session()
            raise ConnectionLost("The database's server went away.") from fault

    return retried(attempt)()


def _cause(fault: Exception) -> BaseException | None:
    """Return the database's own error: Optuna wraps it in one of its own."""
    return fault if isinstance(fault, DBAPIError) else fault.__cause__
