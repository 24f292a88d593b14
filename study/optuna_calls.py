"""Calls to Optuna's tables that wait while their server is away, as ours do (`results.reconnecting`)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from results.errors import ConnectionLost
from results.reconnecting import lasting
from results.sessions import connection_lost
from results.storage_url import opening_fault

Result = TypeVar("Result")
OPENINGS, OPENING_PAUSE_SECONDS = 10, 0.2


def opened(make: Callable[[], RDBStorage], url: URL) -> RDBStorage:
    """The storage that `make` opens, tried again while another launch writes Optuna's versions into the same database.

    Optuna looks whether they are there, and writes them then: of two that begin at once, one is refused.
    """
    for last in (False,) * OPENINGS + (True,):
        try:
            return make()
        except (DBAPIError, StorageInternalError) as fault:
            if last:
                raise opening_fault(
                    url, fault if isinstance(fault, DBAPIError) else fault.__cause__ or fault
                ) from fault
            time.sleep(OPENING_PAUSE_SECONDS)
    raise AssertionError("unreachable")


def waiting(call: Callable[[], Result], database: RDBStorage) -> Result:
    """What `call` returns; made again where the server went away meanwhile, so it must bear being made twice.

    `ConnectionLost` when the server stays away, `StorageError` for another fault of the database.
    """

    def told() -> Result:
        try:
            return call()
        except (DBAPIError, StorageInternalError) as fault:
            cause = fault if isinstance(fault, DBAPIError) else fault.__cause__
            if cause is None:
                raise
            if not connection_lost(cause):
                raise opening_fault(database.engine.url, cause) from fault
            database.remove_session()
            raise ConnectionLost("The database's server went away.") from fault

    return lasting(told)()
