"""How a database is connected to: what its URL says beside its place, and what every connection of ours has."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy.engine import URL

from results.errors import StorageError
from results.storage_url import shown

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
    """The URL without what `engine_options` tells the driver as numbers."""
    return url.difference_update_query([name for name in url.query if name in _ours(url)])


def engine_options(url: URL) -> dict[str, Any]:
    """What `create_engine` needs to know of this database, its `plain_url` apart; also Optuna's.

    On PostgreSQL nothing is prepared on the server (`prepare_threshold`): a pool such as pgbouncer may give every
    transaction another session. Text travels as UTF-8, whatever the database keeps it in. StorageError for a parameter
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
    """A parameter that is a whole number; None for a `prepare_threshold` of "none"."""
    told = _value(url.query, name).strip().lower()
    if name == "prepare_threshold" and told in ("none", ""):
        return None
    if told in WORDS:
        return WORDS[told]
    try:
        return int(told)
    except ValueError:
        raise StorageError(f"{name} of {shown(url)} takes a whole number, got '{told:.40}'.") from None


def _seconds(url: URL) -> float:
    """How long a SQLite file that is locked is waited for."""
    told = _value(url.query, "timeout") if "timeout" in url.query else str(BUSY_SECONDS)
    try:
        return float(told)
    except ValueError:
        raise StorageError(f"timeout of {shown(url)} takes seconds, got '{told:.40}'.") from None


def _value(query: Mapping[str, tuple[str, ...] | str], name: str) -> str:
    """A parameter's value; of one that is given twice the last."""
    told = query[name]
    return told if isinstance(told, str) else told[-1]


def _refuse_unknown(url: URL, known: Collection[str]) -> None:
    for name in url.query:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            raise StorageError(f"{shown(url)} has a parameter that is not known: '{name:.40}'.{hint}")


def _libpq() -> tuple[str, ...]:
    """The names of libpq's own parameters; without the driver, none: that it is missing is told when it is used."""
    try:
        from psycopg.pq import Conninfo
    except ImportError:
        return ()
    return tuple(option.keyword.decode() for option in Conninfo.get_defaults())
