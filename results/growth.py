"""How much a growing set of points dominates: hypervolume after each point that adds to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from results.fronts import Direction, hypervolume


@dataclass(frozen=True)
class Step:
    """After `count` points, the last of which is number `count - 1`, they dominate `share` of what all of them do."""

    count: int
    share: float


def growth(points: ArrayLike, directions: Sequence[Direction]) -> list[Step]:
    """The steps of points (points, objectives) in the order given, each one that adds something; the last has share 1.

    Measured from the worst value of each objective that any point has, so that the share does not depend on units. A
    point with a NaN adds nothing. Empty where no point is better than the worst in every objective.
    """
    values = np.asarray(points, dtype=np.float64)
    known = np.flatnonzero(np.isfinite(values).all(axis=1)) if len(values) else np.array([], dtype=np.int64)
    if not len(known):
        return []
    worst = np.array(
        [
            column.min() if d == "maximize" else column.max()
            for column, d in zip(values[known].T, directions, strict=True)
        ]
    )
    better = values * np.array([1.0 if d == "maximize" else -1.0 for d in directions])
    kept: list[int] = []
    volumes: list[tuple[int, float]] = []
    for i in known:
        if (better[kept] >= better[i]).all(axis=1).any():
            continue
        kept = [j for j in kept if (better[j] > better[i]).any()] + [int(i)]
        volume = hypervolume(values[kept], worst, directions)
        if volume > (volumes[-1][1] if volumes else 0.0):
            volumes.append((int(i) + 1, volume))
    return [Step(count, volume / volumes[-1][1]) for count, volume in volumes]
