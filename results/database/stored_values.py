"""Conversion of values to those that a database stores: numpy's, torch's and decimal's become Python's own.

sqlite3 writes types that it does not know as bytes, and psycopg refuses them: every value is converted or refused here.
Text is never read as a number.
"""

from __future__ import annotations

import math
import operator
import os
from decimal import Decimal
from typing import Any, SupportsFloat, SupportsIndex

import numpy as np

EPOCH_DIGITS = 5  # of a fraction of an epoch: 0.1 + 0.2 and 0.3 are the same one


class BytesForNumber(ValueError):
    """A number was stored as bytes, as older releases did on SQLite with numpy's numbers."""


def whole(value: object, bits: int) -> int:
    """Return the value as a whole number of at most `bits` bits with its sign; ValueError for any other value."""
    try:
        found = operator.index(value) if isinstance(value, SupportsIndex) else None
    except TypeError:  # an array of several numbers
        found = None
    if found is None:
        wide = number(value, "a whole number")
        found = int(wide) if math.isfinite(wide) and wide.is_integer() else None
    if found is None:
        raise ValueError(f"a whole number was expected, got {value!r:.80}")
    if not -(1 << (bits - 1)) <= found < 1 << (bits - 1):
        raise ValueError(f"a whole number of at most {bits} bits was expected, got {value!r:.80}")
    return found


def number(value: object, wanted: str = "a number") -> float:
    """Return the value as a double; ValueError for text, bytes and what is not one number."""
    if not isinstance(value, str | bytes | bytearray) and isinstance(value, SupportsFloat):
        try:
            return float(value)
        except (TypeError, ValueError, OverflowError, RuntimeError):  # arrays, tensors; integers beyond a double
            pass
    raise ValueError(f"{wanted} was expected, got {value!r:.80}")


def truth(value: object) -> bool:
    """Return a truth value, also of 0 and 1; ValueError for any other value."""
    if isinstance(value, bool | int | np.bool_ | np.integer) and value in (0, 1):
        return bool(value)
    raise ValueError(f"yes or no was expected, got {value!r:.80}")


def text(value: object) -> str:
    """Return text, and a path as text; ValueError for any other value."""
    if isinstance(value, str):
        return str(value)
    path = os.fspath(value) if isinstance(value, os.PathLike) else None
    if not isinstance(path, str):
        raise ValueError(f"text was expected, got {value!r:.80}")
    return path


def json_value(value: object) -> Any:
    """Return a value of JSON for a type that `json.dumps` does not know; TypeError where there is none."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(f"a JSON value was expected, got {value!r:.80}")


def epoch_number(value: float) -> float:
    """Return an epoch in the form that all runs have: a whole one as `int`, a fraction with `EPOCH_DIGITS` decimals."""
    rounded = round(number(value, "an epoch"), EPOCH_DIGITS)
    return int(rounded) if rounded.is_integer() else rounded
