"""Column types that mean the same on SQLite and on PostgreSQL.

Values are converted to the column's type when written (`stored_values`) and checked when read, since SQLite stores
anything in any column. A value that does not fit raises a ValueError.
"""

from __future__ import annotations

import codecs
import json
import math
import re
from datetime import UTC, datetime
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import BigInteger, Boolean, DateTime, Double, Integer, Text
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from results.database import stored_values
from results.database.stored_values import BytesForNumber

_CODECS: WeakKeyDictionary[Dialect, str] = WeakKeyDictionary()  # of servers whose encoding lacks some of Unicode
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def note_encoding(dialect: Dialect, server_encoding: str) -> None:
    """Limit text for this server to its encoding; one unknown to Python is treated as ASCII."""
    if server_encoding.upper() in ("UTF8", "SQL_ASCII"):  # the latter stores bytes unchanged
        return
    name = re.sub("^win", "cp", server_encoding.lower().replace("koi8", "koi8_"))
    try:
        _CODECS[dialect] = codecs.lookup(name).name
    except LookupError:
        _CODECS[dialect] = "ascii"


class UtcTime(TypeDecorator[datetime]):
    """A moment, with a time zone in Python and in UTC in the database; on SQLite, which has no zones, without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the time in UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a stored time needs a time zone, got {value!r}; use datetime.now(UTC)")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the same moment, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class PlainText(TypeDecorator[str]):
    """Text with U+FFFD for NUL and lone surrogates; characters missing from a server's encoding are escaped."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Return the text with unstorable characters replaced."""
        if value is None:
            return None
        text, codec = _UNSTORABLE.sub("\ufffd", stored_values.text(value)), _CODECS.get(dialect)
        return text if codec is None else text.encode(codec, "backslashreplace").decode(codec)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Return the text."""
        if value is not None and not isinstance(value, str):
            raise ValueError(f"text was expected, got {value!r:.80}")
        return value


class JsonText(TypeDecorator[Any]):
    """A JSON object as text, which keeps the order of keys such as factors; NaN is refused."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Return strict JSON; numpy's numbers and arrays become Python's."""
        try:
            return None if value is None else json.dumps(value, allow_nan=False, default=stored_values.json_value)
        except TypeError as fault:
            raise ValueError(str(fault)) from fault

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Return the parsed object."""
        if value is None:
            return None
        try:
            parsed = json.loads(value)
        except RecursionError:
            parsed = None
        if not isinstance(parsed, dict):
            raise ValueError(f"a JSON object was expected, got {value!r:.80}")
        return parsed


class Number(TypeDecorator[float]):
    """A double, or NULL for NaN: SQLite would convert NaN to NULL silently, PostgreSQL would not."""

    impl = Double
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> float | None:
        """Return a Python float; NaN becomes NULL."""
        if value is None:
            return None
        number = stored_values.number(value)
        return None if math.isnan(number) else number

    def process_result_value(self, value: float | None, dialect: Dialect) -> float | None:
        """Return the number."""
        return value if value is None or isinstance(value, float | int) else _no_number(value)


class EpochNumber(TypeDecorator[float]):
    """A whole or fractional epoch: a double in the database, an int or a float in Python."""

    impl = Double
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> float | None:
        """Return the rounded epoch (`stored_values.epoch_number`)."""
        return None if value is None else float(stored_values.epoch_number(value))

    def process_result_value(self, value: float | None, dialect: Dialect) -> float | None:
        """Return the epoch."""
        if value is None or type(value) is int:
            return value
        if not isinstance(value, float):
            return _no_number(value)
        return int(value) if value.is_integer() else value


class Whole(TypeDecorator[int]):
    """A whole number of 32 bits, or of 64 (`big`), with the same limits on both databases."""

    impl = Integer
    cache_ok = True

    def __init__(self, big: bool = False) -> None:
        super().__init__()
        self.big = big

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return INTEGER or BIGINT."""
        return dialect.type_descriptor(BigInteger() if self.big else Integer())

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:
        """Return a Python int."""
        return None if value is None else stored_values.whole(value, 64 if self.big else 32)

    def process_result_value(self, value: int | None, dialect: Dialect) -> int | None:
        """Return the number."""
        return value if value is None or isinstance(value, int) else int(_no_number(value))


class Truth(TypeDecorator[bool]):
    """A truth value."""

    impl = Boolean
    cache_ok = True

    def process_bind_param(self, value: bool | None, dialect: Dialect) -> bool | None:
        """Return a Python bool."""
        return None if value is None else stored_values.truth(value)


def _no_number(value: object) -> float:
    """Raise the ValueError for a stored value that is not a number."""
    if isinstance(value, bytes):
        raise BytesForNumber(f"a number was expected, got the bytes {value!r:.80}")
    raise ValueError(f"a number was expected, got {value!r:.80}")
