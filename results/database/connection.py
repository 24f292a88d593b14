"""Connection options: the parameters of a database's URL, and what all our connections have."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy.engine import URL

from results.database.url import shown
from results.errors import StorageError

BUSY_SECONDS = 60  # a reader of a report or Optuna's own connection never holds the lock for long
CONNECT_SECONDS = 10

# Of libpq: numbers, which people also write as yes and no.
WHOLE = (
    "connect_timeout", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout",
    "sslcompression", "sslsni",
)  # fmt: skip
WORDS = {"true": 1, "yes": 1, "on": 1, "false": 0, "no": 0, "off": 0}
# Of Python's sqlite3, as SQLAlchemy reads them; the rest belongs to a URI (`uri=true`).
SQLITE = (
    "timeout",
    "uri",
    "cached_statements",
    "detect_types",
    "check_same_thread",
    "isolation_level",
    "mode",
    "cache",
)


def plain_url(url: URL) -> URL:
    """Return the URL without the parameters that `engine_options` gives to the driver as numbers."""
    return url.difference_update_query([name for name in url.query if name in _ours(url)])


def engine_options(url: URL) -> dict[str, Any]:
    """Return the arguments of `create_engine` beside `plain_url`; for Optuna's engine too.

    On PostgreSQL nothing is prepared on the server (`prepare_threshold`): a pool such as pgbouncer may give every
    transaction another session. Text is sent as UTF-8, whatever encoding the database has. StorageError for a parameter
    that the driver does not know, or a value that is no number where one is wanted.
    """
    if url.get_backend_name() == "sqlite":
        _refuse_unknown(url, SQLITE if url.query.get("uri") is None else url.query)
        return {"connect_args": {"timeout": _seconds(url)}}
    arguments: dict[str, Any] = {"connect_timeout": CONNECT_SECONDS}
    if url.get_driver_name() == "psycopg":
        _refuse_unknown(url, (*_libpq(), "prepare_threshold"))
        arguments |= {"prepare_threshold": None, "client_encoding": "utf8"}
    arguments |= {name: _whole(url, name) for name in url.query if name in _ours(url) and name != "client_encoding"}
    return {"pool_pre_ping": True, "connect_args": arguments}


def _ours(url: URL) -> Collection[str]:
    if url.get_backend_name() == "sqlite":
        return ("timeout",)
    return (*WHOLE, "prepare_threshold", "client_encoding") if url.get_driver_name() == "psycopg" else WHOLE


def _whole(url: URL, name: str) -> int | None:
    """Return a parameter that is a whole number; None for a `prepare_threshold` of "none"."""
    value = _value(url.query, name).strip().lower()
    if name == "prepare_threshold" and value in ("none", ""):
        return None
    if value in WORDS:
        return WORDS[value]
    try:
        return int(value)
    except ValueError:
        raise StorageError(f"{name} of {shown(url)} takes a whole number, got '{value:.40}'.") from None


def _seconds(url: URL) -> float:
    """Return how long to wait for a locked SQLite file."""
    value = _value(url.query, "timeout") if "timeout" in url.query else str(BUSY_SECONDS)
    try:
        return float(value)
    except ValueError:
        raise StorageError(f"timeout of {shown(url)} takes seconds, got '{value:.40}'.") from None


def _value(query: Mapping[str, tuple[str, ...] | str], name: str) -> str:
    """Return a parameter's value, the last one if it is given twice."""
    value = query[name]
    return value if isinstance(value, str) else value[-1]


def _refuse_unknown(url: URL, known: Collection[str]) -> None:
    for name in url.query:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            raise StorageError(f"{shown(url)} has a parameter that is not known: '{name:.40}'.{hint}")


def _libpq() -> tuple[str, ...]:
    """Return the names of libpq's parameters; none without the driver, whose absence is an error when it is used."""
    try:
        from psycopg.pq import Conninfo
    except ImportError:
        return ()
    return tuple(option.keyword.decode() for option in Conninfo.get_defaults())
