"""Validated arrays of finite float64 numbers, in the shapes that the statistics expect."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Float64 = NDArray[np.float64]


def finite(values: ArrayLike, name: str) -> Float64:
    """Return `values` as float64.

    Raises:
        ValueError: the array is empty, or a value is NaN or infinite; the message has its index.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.size == 0:
        raise ValueError(f"{name} must not be empty, got shape {array.shape}")
    if not np.isfinite(array).all():
        index = np.argwhere(~np.isfinite(array))[0].tolist()
        raise ValueError(f"{name} must be finite, got {array[tuple(index)]} at index {index}")
    return array


SHAPES = {1: "(seeds,)", 2: "(seeds, examples)"}


def difference(a: ArrayLike, b: ArrayLike, dimensions: Sequence[int] = (1, 2)) -> Float64:
    """Return a - b for two arrays of shape (seeds,) or (seeds, examples), whichever `dimensions` allow.

    Raises:
        ValueError: the shapes differ or are not allowed, or an array is empty or has NaN or infinities.
    """
    first, second = finite(a, "a"), finite(b, "b")
    if first.shape != second.shape or first.ndim not in dimensions:
        shapes = " or ".join(SHAPES[count] for count in dimensions)
        raise ValueError(f"a and b must have the same shape {shapes}, got {first.shape} and {second.shape}")
    return first - second


def probability(value: float, name: str) -> float:
    """Return `value`.

    Raises:
        ValueError: it is not strictly between 0 and 1.
    """
    if not 0 < value < 1:
        raise ValueError(f"0 < {name} < 1 must hold, got {value}")
    return value


def pooled_deviation(groups: Sequence[Float64]) -> tuple[float | None, int]:
    """Return the standard deviation within groups, pooled by degrees of freedom, and these; None without any."""
    df = sum(len(group) - 1 for group in groups if len(group))
    if df == 0:
        return None, 0
    squares = sum(float(((group - group.mean()) ** 2).sum()) for group in groups if len(group))
    return float(np.sqrt(squares / df)), df


def standardised(values: Float64) -> Float64:
    """Return values centred and scaled to unit deviation along the last axis, exactly 0 for constant ones."""
    centred = values - values.mean(axis=-1, keepdims=True)
    deviation = np.sqrt((centred**2).mean(axis=-1, keepdims=True))
    scale = np.abs(values).max(axis=-1, keepdims=True, initial=0.0)
    constant = deviation <= 1e-12 * scale  # the deviation of a constant is only rounding error
    return np.where(constant, 0.0, centred / np.where(constant, 1.0, deviation))
