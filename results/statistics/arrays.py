"""Numbers that were checked: arrays of finite float64, in the shapes that statistics ask for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Float64 = NDArray[np.float64]


def finite(values: ArrayLike, name: str) -> Float64:
    """`values` as float64; ValueError, with the place, where one is NaN or infinite, and for an empty array."""
    array = np.asarray(values, dtype=np.float64)
    if array.size == 0:
        raise ValueError(f"{name} must not be empty, got shape {array.shape}")
    if not np.isfinite(array).all():
        where = np.argwhere(~np.isfinite(array))[0].tolist()
        raise ValueError(f"{name} must be finite, got {array[tuple(where)]} at index {where}")
    return array


SHAPES = {1: "(seeds,)", 2: "(seeds, examples)"}


def difference(a: ArrayLike, b: ArrayLike, dimensions: Sequence[int] = (1, 2)) -> Float64:
    """Return a - b of two arrays (seeds,) or (seeds, examples), of these dimensions.

    Raises:
        ValueError: the shapes differ or are others; NaN, infinities, empty arrays.
    """
    first, second = finite(a, "a"), finite(b, "b")
    if first.shape != second.shape or first.ndim not in dimensions:
        shapes = " or ".join(SHAPES[each] for each in dimensions)
        raise ValueError(f"a and b must have one shape {shapes}, got {first.shape} and {second.shape}")
    apart: Float64 = first - second
    return apart


def probability(value: float, name: str) -> float:
    """`value`; ValueError unless 0 < value < 1."""
    if not 0 < value < 1:
        raise ValueError(f"0 < {name} < 1 must hold, got {value}")
    return value


def standardised(values: Float64) -> Float64:
    """Centred and divided by the standard deviation along the last axis; exactly 0 where nothing varies."""
    centred = values - values.mean(axis=-1, keepdims=True)
    deviation = np.sqrt((centred**2).mean(axis=-1, keepdims=True))
    scale = np.abs(values).max(axis=-1, keepdims=True, initial=0.0)
    constant = deviation <= 1e-12 * scale  # what rounding leaves of a constant
    result: Float64 = np.where(constant, 0.0, centred / np.where(constant, 1.0, deviation))
    return result
