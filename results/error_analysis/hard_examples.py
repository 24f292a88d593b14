"""Examples that are wrong with every seed, and examples that differ between two configurations. Arrays only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Counts = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class HardExamples:
    """Positions of the examples that are wrong with all seeds, and their expected number by chance."""

    positions: Counts
    by_chance: float


@dataclass(frozen=True, eq=False)
class Flips:
    """Positions of the examples that one configuration has right with all its seeds and the other with none.

    `crosstab` (seeds + 1, seeds + 1) counts the examples that the second has right with i seeds and the first with j.
    """

    gained: Counts
    lost: Counts
    crosstab: Counts


def hard_examples(right: ArrayLike) -> HardExamples:
    """Return the examples that are wrong with all seeds, from `right` (seeds, examples).

    Their expected number by chance is that for errors that are independent between seeds: the number of examples times
    the product over seeds of the error rate.

    Raises:
        ValueError: there are fewer than two seeds.
    """
    table = _checked(right)
    by_chance = table.shape[1] * float(np.prod(1 - table.mean(axis=1)))
    return HardExamples(np.flatnonzero(~table.any(axis=0)), by_chance)


def flips(right: ArrayLike, other: ArrayLike) -> Flips:
    """Compare `right` of the first configuration with `other` of the second: both (seeds, examples), with equal seeds.

    Raises:
        ValueError: the shapes differ, or there are fewer than two seeds.
    """
    first, second = _checked(right), _checked(other)
    if first.shape != second.shape:
        raise ValueError(f"both must have one shape (seeds, examples), got {first.shape} and {second.shape}")
    size = len(first) + 1
    crosstab = np.bincount(second.sum(axis=0) * size + first.sum(axis=0), minlength=size * size).reshape(size, size)
    return Flips(
        gained=np.flatnonzero(first.all(axis=0) & ~second.any(axis=0)),
        lost=np.flatnonzero(second.all(axis=0) & ~first.any(axis=0)),
        crosstab=crosstab,
    )


def _checked(right: ArrayLike) -> NDArray[np.bool_]:
    table = np.asarray(right, dtype=bool)
    if table.ndim != 2 or len(table) < 2:
        raise ValueError(f"right must have shape (seeds, examples) with at least 2 seeds, got {table.shape}")
    return table
