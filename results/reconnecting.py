"""A server that goes away and comes back: every transaction is tried again until it does.

A transaction whose answer was lost may have been carried out. Most can be carried out twice; of one that cannot, a
refusal after such a loss ("is complete already") says that it was done: the lease, which every transaction of a driver
asks for, keeps other writers away.
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


def lasting(method: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """The transaction, tried again while the server is away; `ConnectionLost` when it stays away."""
    return _again(method)


def lasting_once(method: Callable[Arguments, None]) -> Callable[Arguments, None]:
    """The same of a transaction that is refused the second time: refused after a loss, it had been carried out."""
    again = _again(method, refused_after_loss=True)

    @functools.wraps(method)
    def call(*arguments: Arguments.args, **named: Arguments.kwargs) -> None:
        again(*arguments, **named)

    return call


def lasting_if_there(method: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """As `lasting`, for what connects first: a server that never answered is not waited for, its name may be wrong."""
    return _again(method, if_there=True)


def _again(
    method: Callable[Arguments, Result], *, refused_after_loss: bool = False, if_there: bool = False
) -> Callable[Arguments, Result]:
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
