"""When two measured costs count as equal, and the front of score and cost under that tolerance. Arrays only.

Times and memory differ between runs of the very same configuration. A configuration that is 1 % quicker than one with a
better score is no reason to choose it, and a front of all such is a front of noise.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from results.arrays import Float64

LEAST = 0.05  # machines drift by that much between one hour and the next, whatever seeds beside each other say
_NORMAL_975 = 1.96


def cost_noise(runs: Sequence[ArrayLike]) -> float | None:
    """How much runs of one configuration differ in a cost, as a share of it; None where none has two.

    `runs`: each configuration's costs, above 0. The deviation of the logarithms, pooled over configurations with their
    degrees of freedom: sqrt(sum of squares / sum of (runs - 1)).
    """
    logs = [np.log(np.asarray(values, dtype=np.float64)) for values in runs if len(np.atleast_1d(values)) > 1]
    freedom = sum(len(values) - 1 for values in logs)
    if not freedom:
        return None
    return float(np.sqrt(sum(((values - values.mean()) ** 2).sum() for values in logs) / freedom))


def tolerance_of(noise: float | None, seeds: float) -> float:
    """The relative difference of two means of so many runs up to which their costs count as equal.

    The half-width of a 95 % interval of the difference, 1.96 sqrt(2 / seeds) noise, and never less than 5 %.
    """
    return max(LEAST, 0.0 if noise is None else _NORMAL_975 * (2 / max(1.0, seeds)) ** 0.5 * noise)


def tolerant_front(scores: ArrayLike, costs: ArrayLike, tolerance: float) -> NDArray[np.bool_]:
    """Which points (points,) are on the front of a score, more being better, and a cost, less being better.

    Taken from the highest score down: a point is on the front unless one that is on it already costs at most
    (1 + `tolerance`) times as much and scores more, or scores the same and is cheaper by more than the tolerance. So
    every point off the front has one on it with a better score at no more cost, and with a tolerance of 0 it is
    `fronts.front`. A NaN is never on it.
    """
    score, cost = np.asarray(scores, dtype=np.float64), np.asarray(costs, dtype=np.float64)
    mask: NDArray[np.bool_] = np.zeros(len(score), dtype=np.bool_)
    known = np.flatnonzero(np.isfinite(score) & np.isfinite(cost))
    for i in known[np.lexsort((cost[known], -score[known]))]:
        kept = np.flatnonzero(mask)
        no_dearer = cost[kept] <= cost[i] * (1 + tolerance)
        better = (score[kept] > score[i]) | (cost[kept] * (1 + tolerance) < cost[i])
        mask[i] = not (no_dearer & better).any()
    return mask


def tolerant_fronts(scores: Float64, costs: Float64, tolerance: float) -> NDArray[np.bool_]:
    """`tolerant_front` of many sets of points at once, whose scores are all different: (sets, points) each."""
    order = np.argsort(-scores, axis=1)
    ordered = np.take_along_axis(costs, order, 1)
    least = np.full(len(scores), np.inf)  # of those on the front so far
    on = np.empty(scores.shape, dtype=np.bool_)
    for place in range(scores.shape[1]):
        on[:, place] = least > ordered[:, place] * (1 + tolerance)
        least = np.where(on[:, place], np.minimum(least, ordered[:, place]), least)
    masks = np.empty(scores.shape, dtype=np.bool_)
    np.put_along_axis(masks, order, on, 1)
    return masks
