"""Retries of transactions while a server is unavailable.

A transaction whose response was lost may have been committed. Most can safely run twice. For the others, a refusal
("is already complete") means that it was committed, since the lease keeps other writers away.
"""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from results.errors import ConnectionLost, RecordError

log = logging.getLogger("study")

RECONNECT_SECONDS = 120.0  # a server restarts in seconds; a machine in a minute
PAUSE_SECONDS = 0.5

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def retried_if_known(method: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Retry as `retried`, but not for a server that never answered: its name may be wrong."""
    return retried(method, if_known=True)


def retried(
    method: Callable[Arguments, Result], *, refused_after_loss: bool = False, if_known: bool = False
) -> Callable[Arguments, Result]:
    """Retry the transaction while the server is unavailable, for up to `RECONNECT_SECONDS`.

    With `refused_after_loss`, a RecordError after a lost response means that the transaction was committed.

    Raises:
        ConnectionLost: the server is still unavailable.
    """

    @functools.wraps(method)
    def call(*arguments: Arguments.args, **named: Arguments.kwargs) -> Result:
        lost_at: float | None = None
        while True:
            try:
                return method(*arguments, **named)
            except ConnectionLost as loss:
                if lost_at is None:
                    if if_known and not loss.was_there:
                        raise
                    lost_at = time.monotonic()
                    log.warning("%s Retrying for %g s.", loss, RECONNECT_SECONDS)
                elif time.monotonic() - lost_at > RECONNECT_SECONDS:
                    raise
                time.sleep(PAUSE_SECONDS)
            except RecordError:
                if lost_at is None or not refused_after_loss:
                    raise
                return None  # type: ignore[return-value]

    return call
