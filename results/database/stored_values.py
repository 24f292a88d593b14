"""Conversion of numpy's, torch's and decimal's values to Python's types, which a database stores.

sqlite3 would write other types as bytes, and psycopg refuses them. Text is never converted to a number.
"""

from __future__ import annotations

import operator
import os
from decimal import Decimal
from typing import Any, SupportsFloat, SupportsIndex, cast

import numpy as np

EPOCH_DIGITS = 5  # decimals of a fractional epoch: 0.1 + 0.2 equals 0.3


class BytesForNumber(ValueError):
    """A number was stored as bytes, as older releases did with numpy's numbers on SQLite."""


def whole(value: object, bits: int) -> int:
    """Return the value as a signed integer of at most `bits` bits.

    Raises:
        ValueError: the value is not a whole number, or too large.
    """
    try:
        integer = operator.index(cast(SupportsIndex, value))
    except TypeError:  # a float, or no number at all
        wide = number(value, "a whole number")
        if not wide.is_integer():
            raise ValueError(f"a whole number was expected, got {value!r:.80}") from None
        integer = int(wide)
    if not -(1 << (bits - 1)) <= integer < 1 << (bits - 1):
        raise ValueError(f"a whole number of at most {bits} bits was expected, got {value!r:.80}")
    return integer


def number(value: object, expected: str = "a number") -> float:
    """Return the value as a float.

    Raises:
        ValueError: the value is text, bytes, or not a single number.
    """
    if not isinstance(value, str | bytes | bytearray) and isinstance(value, SupportsFloat):
        try:
            return float(value)
        except (TypeError, ValueError, OverflowError, RuntimeError):  # arrays, tensors; integers too large for a double
            pass
    raise ValueError(f"{expected} was expected, got {value!r:.80}")


def truth(value: object) -> bool:
    """Return the truth value of a bool, 0 or 1.

    Raises:
        ValueError: the value is anything else.
    """
    if isinstance(value, bool | int | np.bool_ | np.integer) and value in (0, 1):
        return bool(value)
    raise ValueError(f"true or false was expected, got {value!r:.80}")


def text(value: object) -> str:
    """Return text, or a path as text.

    Raises:
        ValueError: the value is anything else.
    """
    plain = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(plain, str):
        raise ValueError(f"text was expected, got {value!r:.80}")
    return str(plain)


def json_value(value: object) -> Any:
    """Return the JSON value of a type unknown to `json.dumps`.

    Raises:
        TypeError: the value has none.
    """
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(f"a JSON value was expected, got {value!r:.80}")


def epoch_number(value: float) -> float:
    """Return a whole epoch as an int, and a fractional one rounded to `EPOCH_DIGITS`."""
    rounded = round(number(value, "an epoch"), EPOCH_DIGITS)
    return int(rounded) if rounded.is_integer() else rounded
