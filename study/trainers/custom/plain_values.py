"""What a trainer hands over, as plain Python: numbers, names, tables of them; or one message that says what is wrong.

Numbers may be of numpy, torch (any device), pandas, JAX, `decimal` or `fractions`. Nothing of these is imported here:
they are known by what they can do.
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
MOST_STEP = 2**31 - 1  # what a whole number in a table of Optuna's holds on PostgreSQL


class BadResult(ValueError):
    """What the function reported or returned is not what a study can use."""


def number(value: Any, what: str) -> float:
    """Return one number as a float, which may be NaN or infinite. BadResult, with `what` it is, for anything else."""
    found = _scalar(value)
    if found is None or isinstance(found, str | bytes | complex):
        raise BadResult(f"{what} must be a number, got {described(value)}")
    try:
        return float(found)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        raise BadResult(f"{what} must be a number, got {described(value)}") from None


def finite(value: Any, what: str) -> float:
    """Return one number that is finite. FloatingPointError for NaN and infinities, as of a training that diverged."""
    found = number(value, what)
    if not math.isfinite(found):
        raise FloatingPointError(f"{what} is not a finite number: {found}")
    return found


def count(value: Any, what: str) -> int:
    """Return a whole number from 0 that a table can hold."""
    found = number(value, what)
    if not 0 <= found < 2**63 or found != int(found):
        raise BadResult(f"{what} must be a whole number from 0, got {described(value)}")
    exact = _scalar(value)
    return int(exact) if isinstance(exact, int) else int(found)


def step(value: Any, what: str) -> int | float:
    """Return how far a run is, in epochs or fractions of them: above 0; a whole number is an int."""
    found = _scalar(value)
    if isinstance(found, bool | str | bytes):
        raise BadResult(
            f"{what} must be a number of epochs, 1, 2, ... or fractions such as 0.5, got {described(value)}"
        )
    told = number(value, what)
    if not 0 < told <= MOST_STEP:  # NaN is refused too
        raise BadResult(f"{what} must be a number of epochs above 0 and at most 2**31 - 1, got {described(value)}")
    return int(told) if told == int(told) else told


def resolution(value: Any) -> float:
    """Return the relative rounding error of a number's type: 1e-3 for float16, 1e-16 for a Python float."""
    kind = str(getattr(value, "dtype", "float64")).rpartition(".")[2]
    return {"bfloat16": 2.0**-8, "float16": 2.0**-11, "float32": 2.0**-24}.get(kind, 2.0**-53)


def numbers(values: Any, what: str) -> NDArray[np.float64]:
    """Return a column of finite numbers, (values,): a list, an array, a tensor, a Series, or one column of a table."""
    column = _array(values, what)
    if column.ndim == 2 and column.shape[1] == 1:
        column = column[:, 0]
    if column.ndim != 1 or not column.size or not np.isfinite(column).all():
        raise BadResult(f"{what} must be finite numbers, one for each example, got {_array_told(column, values)}")
    return column


def table(value: Any, what: str, wanted: str) -> dict[str, Any]:
    """Return what maps names to values: a dictionary or a Series. BadResult, with the shape that is `wanted`, for the
    rest.
    """
    if not isinstance(value, Mapping):
        if not _is_series(value):
            raise BadResult(f"{what} must be {wanted}, got {described(value)}")
        value = value.to_dict()
    found: dict[str, Any] = {}
    for key, each in value.items():
        given = name(key, what)
        if given in found:
            raise BadResult(f"{what} has the name '{given}' twice")
        found[given] = each
    return found


def name(value: Any, what: str) -> str:
    """Return the name of a task, metric or cost: a text that can be read and stored. Numbers and enum members have
    one.
    """
    if isinstance(value, enum.Enum):
        value = value.value if isinstance(value.value, str) else value.name
    if not isinstance(value, str):
        found = _scalar(value)
        if not isinstance(found, int) or isinstance(found, bool):
            raise BadResult(f"a name in {what} must be a text, got {described(value)}")
        value = str(found)
    told = str(value)  # a plain one of what numpy gives
    if not told.strip() or len(told) > LONGEST_NAME or not told.isprintable():
        raise BadResult(
            f"a name in {what} must have 1 to {LONGEST_NAME} characters that can be printed, got {told[:80]!r}"
        )
    return told


def described(value: Any) -> str:
    """Return what a value is, in few words: `'x' (str)`, `a list of 3 (tuple)`, `a DataFrame of shape (3, 2)`."""
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
    """Return the Python scalar within a value of one element; None where it is no single value."""
    if value is None or isinstance(value, bool | int | float | complex):
        return value if value is None else _plain(value)
    if isinstance(value, str | bytes):
        return value
    if value is np.ma.masked:
        return math.nan
    if getattr(getattr(value, "dtype", None), "kind", "") in ("m", "M"):
        return None  # times are no numbers
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
    except Exception:  # of another library: several elements, or none that is here
        return None


def _plain(value: complex) -> complex:
    """Without a class of its own, such as numpy's float64, which is a float."""
    for kind in (bool, int, float):
        if isinstance(value, kind):
            return kind(value)
    return value


def _array(values: Any, what: str) -> NDArray[np.float64]:
    """Return any of the things that hold numbers, as an array of floats; of tensors a copy on the processor."""
    if isinstance(values, Mapping | str | bytes | set | frozenset) or values is None:
        raise BadResult(f"{what} must be numbers, one for each example in the same order, got {described(values)}")
    if hasattr(values, "detach"):
        values = values.detach().cpu()
        values = values.double() if hasattr(values, "double") else values
    elif not hasattr(values, "__array__") and hasattr(values, "__iter__"):
        values = list(values)
    try:
        if hasattr(values, "dtype") or hasattr(values, "__array__"):
            found = np.asarray(values)
            if found.dtype.kind in "biuf":
                return found.astype(np.float64)
            values = found.tolist()
        elif set(map(type, values)) <= {bool, int, float}:
            return np.array(values, dtype=np.float64)
        return _from_list(list(values), what)
    except (TypeError, ValueError, RuntimeError) as error:
        if isinstance(error, BadResult):
            raise
        raise BadResult(f"{what} must be numbers, one for each example, got {described(values)}") from None


def _from_list(values: list[Any], what: str) -> NDArray[np.float64]:
    rows = [list(each) if isinstance(each, list | tuple) else [each] for each in values]
    nested = any(isinstance(each, list | tuple) for each in values)
    found = [[number(each, f"{what}[{i}]") for each in row] for i, row in enumerate(rows)]
    if len({len(row) for row in found}) > 1:
        raise BadResult(f"{what} must be numbers, one for each example, got lists of several lengths")
    return np.array(found if nested else [row[0] for row in found], dtype=np.float64)


def _array_told(column: NDArray[np.float64], values: Any) -> str:
    if column.ndim != 1 or not column.size:
        return f"shape {column.shape}" if column.size else f"none ({described(values)})"
    bad = int(np.flatnonzero(~np.isfinite(column))[0])
    return f"{column[bad]} at place {bad}"


def _is_series(value: Any) -> bool:
    return type(value).__name__ == "Series" and hasattr(value, "to_dict")


def listed(names: Iterable[str]) -> str:
    """Names for a message: "a, b and c"."""
    *first, last = list(names) or ["none"]
    return f"{', '.join(first)} and {last}" if first else last
