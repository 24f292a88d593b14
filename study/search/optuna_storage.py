"""Optuna's storage: opened for a search or for reading, with retries while its server is away."""

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
    """A cursor of SQLite whose `CREATE` statements form one transaction until the next commit.

    Python's driver commits each of them separately. If a launch were killed between the table of studies and the unique
    index on their names, the next two launches could each write a study of the same name.
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
    """Open the storage at a URL, and create Optuna's tables if they do not exist, all or none.

    Raises:
        StorageError: the storage cannot be opened.
    """
    parsed = storage_url.parse_url(url)  # SQLAlchemy does not support postgres://
    text, options = _text(plain_url(parsed)), engine_options(parsed)
    once = {**options, "poolclass": NullPool}  # a refused attempt leaves no connection open
    if parsed.get_backend_name() == "sqlite":
        once["connect_args"] = {**options["connect_args"], "factory": _Connection}
    close(open_with_retries(lambda: RDBStorage(text, engine_kwargs=once), parsed))
    return open_with_retries(lambda: RDBStorage(text, engine_kwargs=options), parsed)


def existing_storage(url: str) -> RDBStorage | None:
    """Open the storage at a URL that `open_database` has opened, or return None if it has no tables of Optuna's.

    Raises:
        ConnectionLost: the server did not return in time.
    """
    parsed = storage_url.parse_url(url)
    text = _text(read_only.readable(parsed) if read_only.is_read_only(parsed) else plain_url(parsed))
    try:
        storage = RDBStorage(
            text, engine_kwargs=engine_options(parsed), skip_compatibility_check=True, skip_table_creation=True
        )
        with_retries(storage.get_all_studies, storage)
    except ConnectionLost:
        raise
    except (SQLAlchemyError, StorageInternalError, StorageError):  # such as a missing table
        return None
    return storage


@dataclass(frozen=True)
class StoredStudy:
    """A study in Optuna's database, with its storage, which reads and writes system attributes."""

    study: Study
    storage: RDBStorage

    @property
    def study_id(self) -> int:
        """Id of the study in the storage."""
        return self.storage.get_study_id_from_name(self.study.study_name)

    def attributes(self) -> dict[str, Any]:
        """Return the system attributes of the study."""
        return self.storage.get_study_system_attrs(self.study_id)

    def set_attribute(self, key: str, value: Any) -> None:
        """Write a system attribute of the study; `value` is JSON data."""
        self.storage.set_study_system_attr(self.study_id, key, value)


@contextlib.contextmanager
def stored_study(url: str, name: str) -> Iterator[StoredStudy | None]:
    """Open a study in Optuna's database and yield it, or None if it does not exist."""
    storage = existing_storage(url)
    if storage is None:
        yield None
        return
    with contextlib.ExitStack() as stack:
        stack.callback(close, storage)
        try:
            study = with_retries(lambda: optuna.load_study(study_name=name, storage=storage), storage)
        except KeyError:
            study = None
        yield None if study is None else StoredStudy(study, storage)


def close(storage: RDBStorage) -> None:
    """Close the connections of a storage."""
    storage.remove_session()
    storage.engine.dispose()


def trial_id(storage: optuna.storages.BaseStorage, study_id: int, number: int) -> int:
    """Return a storage's id of a trial, by the trial's number in its study."""
    return storage.get_trial_id_from_study_id_trial_number(study_id, number)


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def open_with_retries(make: Callable[[], RDBStorage], url: URL, attempts: int = OPENINGS) -> RDBStorage:
    """Return the storage that `make` opens, and retry while another launch creates Optuna's tables.

    Optuna checks whether they exist before it creates them: if two launches start at once, one fails.
    """
    try:
        return make()
    except (DBAPIError, StorageInternalError) as error:
        if attempts == 0:
            raise opening_fault(url, _cause(error) or error) from error
        time.sleep(OPENING_PAUSE_SECONDS)
    return open_with_retries(make, url, attempts - 1)


def with_retries(call: Callable[[], Result], storage: RDBStorage) -> Result:
    """Return the result of `call`, which must be safe to repeat: it is retried while the server is away.

    Raises:
        ConnectionLost: the server did not return in time.
        StorageError: another error of the database.
    """

    def attempt() -> Result:
        try:
            return call()
        except (DBAPIError, StorageInternalError) as error:
            cause = _cause(error)
            if cause is None:
                raise
            if not connection_lost(cause):
                raise opening_fault(storage.engine.url, cause) from error
            storage.remove_session()
            raise ConnectionLost("The database's server went away.") from error

    return retried(attempt)()


def _cause(error: Exception) -> BaseException | None:
    """Return the database's error, which Optuna may have wrapped."""
    return error if isinstance(error, DBAPIError) else error.__cause__
