"""Connection options: those in a database's URL, and the defaults of all connections."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from typing import Any

from sqlalchemy.engine import URL

from results.database.url import shown
from results.errors import StorageError

BUSY_SECONDS = 60  # readers and Optuna's own connection hold the lock only briefly
CONNECT_SECONDS = 10

# libpq's integer parameters, which people also write as yes and no.
INTEGERS = (
    "connect_timeout", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout",
    "sslcompression", "sslsni",
)  # fmt: skip
WORDS = {"true": 1, "yes": 1, "on": 1, "false": 0, "no": 0, "off": 0}
# Parameters of Python's sqlite3 that SQLAlchemy passes on; with `uri=true` SQLite checks all others.
SQLITE = (
    "timeout", "uri", "cached_statements", "detect_types", "check_same_thread", "isolation_level", "mode", "cache",
)  # fmt: skip


def plain_url(url: URL) -> URL:
    """Return the URL without the parameters that `engine_options` passes to the driver as numbers."""
    return url.difference_update_query([name for name in url.query if name in (*_numeric(url), "client_encoding")])


def engine_options(url: URL) -> dict[str, Any]:
    """Return the arguments of `create_engine` to use with `plain_url`, also for Optuna's engine.

    On PostgreSQL, prepared statements are off (`prepare_threshold`), since a pool such as pgbouncer may run each
    transaction in another session, and text is sent as UTF-8 whatever the database's encoding.

    Raises:
        StorageError: a parameter is unknown to the driver, or not a number where one is required.
    """
    if url.get_backend_name() == "sqlite":
        _refuse_unknown(url, SQLITE if url.query.get("uri") is None else url.query)
        return {"connect_args": {"timeout": _number(url, "timeout", float) if "timeout" in url.query else BUSY_SECONDS}}
    arguments: dict[str, Any] = {"connect_timeout": CONNECT_SECONDS}
    if url.get_driver_name() == "psycopg":
        _refuse_unknown(url, (*_libpq(), "prepare_threshold"))
        arguments |= {"prepare_threshold": None, "client_encoding": "utf8"}
    arguments |= {name: _number(url, name, int) for name in url.query if name in _numeric(url)}
    return {"pool_pre_ping": True, "connect_args": arguments}


def _numeric(url: URL) -> Collection[str]:
    """Return the names of the parameters that are passed to the driver as numbers."""
    if url.get_backend_name() == "sqlite":
        return ("timeout",)
    return (*INTEGERS, "prepare_threshold") if url.get_driver_name() == "psycopg" else INTEGERS


def _number(url: URL, name: str, kind: type[float]) -> float | None:
    """Return a numeric parameter, the last one if it is repeated; None for a `prepare_threshold` of "none"."""
    values = url.query[name]
    value = (values if isinstance(values, str) else values[-1]).strip().lower()
    if name == "prepare_threshold" and value in ("none", ""):
        return None
    try:
        return WORDS[value] if kind is int and value in WORDS else kind(value)
    except ValueError:
        expected = "a whole number" if kind is int else "a number of seconds"
        raise StorageError(f"{name} in {shown(url)} must be {expected}, got '{value:.40}'.") from None


def _refuse_unknown(url: URL, known: Collection[str]) -> None:
    for name in url.query:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            raise StorageError(f"{shown(url)} has an unknown parameter '{name:.40}'.{hint}")


def _libpq() -> tuple[str, ...]:
    """Return the names of libpq's parameters; none without the driver, whose absence fails on first use."""
    try:
        from psycopg.pq import Conninfo
    except ImportError:
        return ()
    return tuple(option.keyword.decode() for option in Conninfo.get_defaults())
