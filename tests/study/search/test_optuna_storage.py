"""Calls to Optuna's tables wait for a server that went away, and tell other faults as a person reads them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlite import migrated

from results.errors import ConnectionLost, StorageError
from study.search.optuna_storage import with_retries


@pytest.fixture
def storage(tmp_path: Path) -> RDBStorage:
    return RDBStorage(migrated(tmp_path, "o.db", optunas=True))


def failing(times: int, fault: Exception) -> Callable[[], str]:
    left = [fault] * times

    def call() -> str:
        if left:
            raise StorageInternalError("An exception is raised during the commit.") from left.pop()
        return "done"

    return call


def test_a_server_that_comes_back_is_waited_for(storage: RDBStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("results.database.retry.PAUSE_SECONDS", 0.0)
    gone = OperationalError("commit", {}, Exception("server closed the connection"))
    assert with_retries(failing(2, gone), storage) == "done"
    monkeypatch.setattr("results.database.retry.RECONNECT_SECONDS", 0.0)
    with pytest.raises(ConnectionLost):
        with_retries(failing(1000, gone), storage)


def test_another_fault_is_told_at_once(storage: RDBStorage) -> None:
    with pytest.raises(StorageError, match="cannot be used") as refused:
        with_retries(failing(1, ProgrammingError("insert", {}, Exception("no such column"))), storage)
    assert not isinstance(refused.value, ConnectionLost)


def test_a_fault_that_is_no_databases_passes(storage: RDBStorage) -> None:
    def call() -> None:
        raise StorageInternalError("of Optuna's own")

    with pytest.raises(StorageInternalError, match="of Optuna's own"):
        with_retries(call, storage)
