"""Tests of a table whose primary rows come before its secondary ones: a graph of Bonferroni tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from results.statistics.arrays import finite

SECONDARY = 0.1  # the share of the error that secondary rows have from the start


@dataclass(frozen=True)
class Tested:
    """The test of one row: its adjusted p-value, and the `level` at which it was tested last.

    A row is rejected if its adjusted p is at most alpha, which is so if and only if its own p is at most `level`.
    """

    adjusted_p: float
    level: float


def gatekeeping(p: ArrayLike, primary: Sequence[bool], *, alpha: float = 0.05) -> list[Tested]:
    """Return the test of each row, such that any false rejection in the table has at most the probability `alpha`.

    A graphical procedure (Bretz, Maurer, Brannath and Posch 2009, "A graphical approach to sequentially rejective
    multiple test procedures", Statistics in Medicine 28): rows have weights that sum to 1, and row i is rejected if
    p_i <= w_i alpha. Its weight then passes on. At first, primary rows share 1 - `SECONDARY` of the weight equally, and
    secondary rows the rest. A rejected primary row passes half of its weight to the other primary rows and half to the
    secondary rows, a rejected secondary row all of it to the other secondary rows; what has no such receiver goes to
    the other kind. If all rows are of one kind, this is Holm's method.

    `p`: (rows,), each 0..1, in any order; `primary`: whether each row is primary.

    Raises:
        ValueError: the shapes do not fit, or a p-value is NaN or outside 0..1.
    """
    values = np.asarray(p, dtype=np.float64)
    first = np.asarray(primary, dtype=np.bool_)
    if values.shape != first.shape or values.ndim != 1:
        raise ValueError(f"p and primary must have the same shape (rows,), got {values.shape} and {first.shape}")
    if not values.size:
        return []
    if not ((finite(values, "p") >= 0) & (values <= 1)).all():
        raise ValueError(f"p-values must be between 0 and 1, got {values.min()} to {values.max()}")
    left = [np.flatnonzero(first).tolist(), np.flatnonzero(~first).tolist()]  # rows not rejected, by kind
    total = [1 - SECONDARY, SECONDARY] if all(left) else [float(bool(rows)) for rows in left]  # weight of each kind
    tests: dict[int, Tested] = {}
    reached, failed = 0.0, None
    while len(tests) < len(values):
        weights = [weight / len(rows) if rows else 0.0 for weight, rows in zip(total, left, strict=True)]
        ratio, kind, place = min((values[row] / weights[k], k, row) for k, rows in enumerate(left) for row in rows)
        reached = max(reached, min(float(ratio), 1.0))
        failed = weights if reached > alpha and failed is None else failed  # no weight passes on any more
        tests[place] = Tested(reached, (failed or weights)[kind] * alpha)
        left[kind].remove(place)
        total = _passed_on(total, weights[kind], kind, left)
    return [tests[place] for place in range(len(values))]


def strictest(primary: int, secondary: int) -> float:
    """Return by how much alpha is divided in the first test of a primary row; of a secondary row without primary ones.

    With both kinds, the primary rows share 1 - `SECONDARY` of alpha.
    """
    return (primary or secondary) / (1 - SECONDARY if primary and secondary else 1.0)


def _passed_on(total: Sequence[float], weight: float, kind: int, left: Sequence[Sequence[int]]) -> list[float]:
    """Return the weights of both kinds after a row of `kind` (0: primary) with `weight` was rejected."""
    other = 1 - kind
    half = weight / 2 if kind == 0 and left[other] else 0.0
    passed = half if left[kind] else total[kind]
    after = list(total)
    after[kind], after[other] = total[kind] - passed, total[other] + passed
    return after
