"""Conversion of a trainer's values to plain Python: numbers, names, tables of them; or a message about the fault.

Numbers may be of numpy, torch (any device), pandas, JAX, `decimal` or `fractions`. These libraries are not imported:
their values are recognized by their methods.
"""

from __future__ import annotations

import enum
import math
import operator
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

LONGEST_NAME = 200
MOST_STEP = 2**31 - 1  # the largest integer of Optuna's tables on PostgreSQL


class BadResult(ValueError):
    """A reported or returned value that a study cannot use."""


def number(value: Any, what: str) -> float:
    """Return a number as a float, which may be NaN or infinite; `what` names it in messages.

    Raises:
        BadResult: the value is not one number.
    """
    scalar = _scalar(value)
    try:
        if scalar is not None and not isinstance(scalar, str | bytes | complex):
            return float(scalar)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        pass
    raise BadResult(f"{what} must be a number, got {described(value)}")


def finite(value: Any, what: str) -> float:
    """Return a finite number.

    Raises:
        FloatingPointError: the number is NaN or infinite, as after a training that diverged.
        BadResult: the value is not one number.
    """
    result = number(value, what)
    if not math.isfinite(result):
        raise FloatingPointError(f"{what} is not a finite number: {result}")
    return result


def count(value: Any, what: str) -> int:
    """Return a whole number from 0 that fits a table.

    Raises:
        BadResult: the value is negative, too large or not a whole number.
    """
    result = number(value, what)
    if not 0 <= result < 2**63 or result != int(result):
        raise BadResult(f"{what} must be a whole number from 0, got {described(value)}")
    exact = _scalar(value)
    return int(exact) if isinstance(exact, int) else int(result)


def step(value: Any, what: str) -> int | float:
    """Return a number of epochs above 0, as an int where it is whole.

    Raises:
        BadResult: the value is not such a number.
    """
    if isinstance(_scalar(value), bool | str | bytes):
        raise BadResult(
            f"{what} must be a number of epochs, 1, 2, ... or fractions such as 0.5, got {described(value)}"
        )
    epochs = number(value, what)
    if not 0 < epochs <= MOST_STEP:  # false for NaN too
        raise BadResult(f"{what} must be a number of epochs above 0 and at most 2**31 - 1, got {described(value)}")
    return int(epochs) if epochs == int(epochs) else epochs


def resolution(value: Any) -> float:
    """Return the relative rounding error of a number's type: 1e-3 for float16, 1e-16 for a Python float."""
    kind = str(getattr(value, "dtype", "float64")).rpartition(".")[2]
    return {"bfloat16": 2.0**-8, "float16": 2.0**-11, "float32": 2.0**-24}.get(kind, 2.0**-53)


def numbers(values: Any, what: str) -> NDArray[np.float64]:
    """Return a list, array, tensor, Series or one-column table as finite numbers, (values,).

    Raises:
        BadResult: these are not numbers, not one column, or not finite.
    """
    column = _array(values, what)
    if column.ndim == 2 and column.shape[1] == 1:
        column = column[:, 0]
    if column.ndim != 1 or not column.size or not np.isfinite(column).all():
        raise BadResult(f"{what} must be finite numbers, one per example, got {_array_fault(column, values)}")
    return column


def table(value: Any, what: str, shape: str) -> dict[str, Any]:
    """Return a dictionary or Series as a dictionary with plain names.

    Raises:
        BadResult: the value is neither, or a name is unusable or appears twice; `shape` is for its message.
    """
    if not isinstance(value, Mapping):
        if type(value).__name__ != "Series" or not hasattr(value, "to_dict"):
            raise BadResult(f"{what} must be {shape}, got {described(value)}")
        value = value.to_dict()
    result: dict[str, Any] = {}
    for key, each in value.items():
        plain_name = name(key, what)
        if plain_name in result:
            raise BadResult(f"{what} has the name '{plain_name}' twice")
        result[plain_name] = each
    return result


def name(value: Any, what: str) -> str:
    """Return the name of a task, metric or cost as printable text; numbers and enum members have names too.

    Raises:
        BadResult: the value has no name, or one that is empty, too long or not printable.
    """
    if isinstance(value, enum.Enum):
        value = value.value if isinstance(value.value, str) else value.name
    if not isinstance(value, str):
        scalar = _scalar(value)
        if not isinstance(scalar, int) or isinstance(scalar, bool):
            raise BadResult(f"a name in {what} must be a string, got {described(value)}")
        value = str(scalar)
    text = str(value)  # a plain string in place of numpy's
    if not text.strip() or len(text) > LONGEST_NAME or not text.isprintable():
        raise BadResult(f"a name in {what} must have 1 to {LONGEST_NAME} printable characters, got {text[:80]!r}")
    return text


def described(value: Any) -> str:
    """Return a short description of a value: `'x' (str)`, `a list of 3 (tuple)`, `a DataFrame of shape (3, 2)`."""
    kind = type(value).__name__
    if value is None or isinstance(value, bool | int | float | str | bytes | complex):
        shown = repr(value)
        shown = shown if len(shown) <= 60 else shown[:57] + "..."
        return shown if value is None else f"{shown} ({kind})"
    if isinstance(value, Mapping):
        inside = ", ".join(f"{key!r:.40}: {type(each).__name__}" for key, each in list(value.items())[:4])
        return f"{{{inside}{', ...' if len(value) > 4 else ''}}}" if value else "an empty dictionary"
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and shape:
        return f"{_article(kind)} of shape {tuple(shape)}"
    if isinstance(value, list | tuple | set | frozenset):
        kinds = ", ".join(dict.fromkeys(type(each).__name__ for each in value))
        return f"{_article(kind)} of {len(value)}{f' ({kinds})' if kinds else ''}"
    try:
        shown = repr(value)
    except Exception:  # the user's own class
        shown = ""
    return f"{shown} ({kind})" if shown and len(shown) <= 60 and "\n" not in shown else _article(kind)


def _article(kind: str) -> str:
    return f"{'an' if kind[:1].lower() in 'aeiou' else 'a'} {kind}"


def _scalar(value: Any) -> Any:
    """Return the Python scalar of a value with one element; None for any other value."""
    if value is None or isinstance(value, bool | int | float | complex):
        return value if value is None else _plain(value)
    if isinstance(value, str | bytes):
        return value
    if value is np.ma.masked:
        return math.nan
    if getattr(getattr(value, "dtype", None), "kind", "") in ("m", "M"):
        return None  # dates and durations
    try:
        if hasattr(value, "item"):
            inner = value.item()
            if isinstance(inner, np.floating):  # of more than 64 bits
                return float(inner)
            return None if hasattr(inner, "item") else _scalar(inner)
        if hasattr(value, "numpy"):
            return _scalar(value.numpy())
        if hasattr(value, "__index__"):
            return operator.index(value)
        return float(value) if hasattr(value, "__float__") else None
    except Exception:  # of another library: several elements, or none on this device
        return None


def _plain(value: complex) -> complex:
    """Return a number of Python's own type: numpy's float64 is a subclass of float."""
    for kind in (bool, int, float):
        if isinstance(value, kind):
            return kind(value)
    return value


def _array(values: Any, what: str) -> NDArray[np.float64]:
    """Return any container of numbers as an array of floats; tensors are copied to the processor."""
    if isinstance(values, Mapping | str | bytes | set | frozenset) or values is None:
        raise BadResult(f"{what} must be numbers, one per example in the same order, got {described(values)}")
    if hasattr(values, "detach"):
        values = values.detach().cpu()
        values = values.double() if hasattr(values, "double") else values
    elif not hasattr(values, "__array__") and hasattr(values, "__iter__"):
        values = list(values)
    try:
        if hasattr(values, "dtype") or hasattr(values, "__array__"):
            array = np.asarray(values)
            if array.dtype.kind in "biuf":
                return array.astype(np.float64)
            values = array.tolist()
        elif set(map(type, values)) <= {bool, int, float}:
            return np.array(values, dtype=np.float64)
        return _from_list(list(values), what)
    except BadResult:
        raise
    except (TypeError, ValueError, RuntimeError):
        raise BadResult(f"{what} must be numbers, one per example, got {described(values)}") from None


def _from_list(values: list[Any], what: str) -> NDArray[np.float64]:
    rows = [list(each) if isinstance(each, list | tuple) else [each] for each in values]
    nested = any(isinstance(each, list | tuple) for each in values)
    columns = [[number(each, f"{what}[{i}]") for each in row] for i, row in enumerate(rows)]
    if len({len(row) for row in columns}) > 1:
        raise BadResult(f"{what} must be numbers, one per example, got lists of different lengths")
    return np.array(columns if nested else [row[0] for row in columns], dtype=np.float64)


def _array_fault(column: NDArray[np.float64], values: Any) -> str:
    if column.ndim != 1 or not column.size:
        return f"shape {column.shape}" if column.size else f"none ({described(values)})"
    bad = int(np.flatnonzero(~np.isfinite(column))[0])
    return f"{column[bad]} at index {bad}"


def listed(names: Iterable[str]) -> str:
    """Return names for a message: "a, b and c"."""
    *first, last = list(names) or ["none"]
    return f"{', '.join(first)} and {last}" if first else last
