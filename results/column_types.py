"""Column types that mean the same on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Double, Text
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.types import TypeDecorator

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class UtcTime(TypeDecorator[datetime]):
    """A point in time, always with a time zone in Python and always UTC in the database.

    SQLite has no time zones: there the clock time of UTC is stored and the zone put back on reading.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """UTC; a time without a zone is a bug of the caller, not a guess for us."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a stored time needs a time zone, got {value!r}; use datetime.now(UTC)")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The same moment, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class PlainText(TypeDecorator[str]):
    """Text in which what no database can hold (NUL, half a surrogate pair) became U+FFFD.

    Messages quote the user's files, and those hold anything.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """The text with unstorable characters replaced."""
        return None if value is None else _UNSTORABLE.sub("\ufffd", value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """The text; ValueError for bytes and numbers, which SQLite keeps anywhere."""
        if value is not None and not isinstance(value, str):
            raise ValueError(f"text was expected, got {value!r:.80}")
        return value


class JsonText(TypeDecorator[Any]):
    """JSON as text, keys in the order given (the order of the factors is worth keeping); NaN is refused."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Strict JSON."""
        return None if value is None else json.dumps(value, allow_nan=False)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """The parsed object; ValueError for anything else."""
        if value is None:
            return None
        try:
            found = json.loads(value)
        except RecursionError:
            found = None
        if not isinstance(found, dict):
            raise ValueError(f"a JSON object was expected, got {value!r:.80}")
        return found


class Number(TypeDecorator[float]):
    """A double, or NULL for "not a number": SQLite would turn NaN into NULL silently and PostgreSQL not.

    Also takes numpy scalars, which sqlite3 would otherwise store as blobs.
    """

    impl = Double
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> float | None:
        """A Python float; NaN becomes NULL."""
        if value is None:
            return None
        number = float(value)
        return None if math.isnan(number) else number

    def process_result_value(self, value: float | None, dialect: Dialect) -> float | None:
        """The number; ValueError for text and bytes, which SQLite keeps anywhere."""
        if value is not None and not isinstance(value, float | int):
            raise ValueError(f"a number was expected, got {value!r:.80}")
        return value
