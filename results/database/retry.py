"""A server that is away for a while: every transaction is tried again until it is back.

A transaction whose answer was lost may have been committed. Most can run twice; of one that cannot, a refusal after
such a loss ("is complete already") means that it was committed: the lease, which every transaction of a driver checks,
keeps other writers away.
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
    """Do as `retried` for what connects first: do not wait for a server that never answered, its name may be wrong."""
    return retried(method, if_there=True)


def retried(
    method: Callable[Arguments, Result], *, refused_after_loss: bool = False, if_there: bool = False
) -> Callable[Arguments, Result]:
    """Try the transaction again while the server is away; raise `ConnectionLost` when it stays away.

    With `refused_after_loss`, a RecordError after a lost answer is no error: the transaction had been committed.
    """

    @functools.wraps(method)
    def call(*arguments: Arguments.args, **named: Arguments.kwargs) -> Result:
        lost_at: float | None = None
        while True:
            try:
                return method(*arguments, **named)
            except ConnectionLost as loss:
                if lost_at is None:
                    if if_there and not loss.was_there:
                        raise
                    lost_at = time.monotonic()
                    log.warning("%s Trying again for %g s.", loss, RECONNECT_SECONDS)
                elif time.monotonic() - lost_at > RECONNECT_SECONDS:
                    raise
                time.sleep(PAUSE_SECONDS)
            except RecordError:
                if lost_at is None or not refused_after_loss:
                    raise
                return None  # type: ignore[return-value]

    return call
