"""Pareto fronts of points with several objectives: membership, hypervolume, probability, tolerance for noisy costs.

Time and memory vary between runs of the same configuration. Nobody chooses a configuration because it is 1 % faster
than one with a better score, and a front of such configurations would be a front of noise. With a tolerance, two costs
that differ by no more than the tolerance count as equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from results.statistics.arrays import Float64, finite, pooled_deviation

Direction = Literal["maximize", "minimize"]
LEAST_TOLERANCE = 0.05  # a machine's speed drifts this much within hours, even if consecutive runs agree
_NORMAL_975 = 1.96


def front(points: ArrayLike, directions: Sequence[Direction], *, tolerance: float = 0.0) -> NDArray[np.bool_]:
    """Return a mask (points,) of the `points` (points, objectives) on the Pareto front.

    A point is dominated by another that is at least as good in every objective and better in one; equal points are
    both on the front. A point with a NaN never is.

    With a `tolerance`, for a cost and a score, points are considered from the highest score down. A point is on the
    front unless one already on it scores more and costs at most (1 + `tolerance`) times as much, or scores the same and
    is cheaper by more than the tolerance. Every point off the front thus has one on it with a better score at no more
    cost.

    Raises:
        ValueError: the shapes do not fit, or there is a tolerance and the objectives are not a cost and a score.
    """
    return np.asarray(_fronts(_larger_is_better(points, directions)[None], directions, tolerance)[0])


def hypervolume(points: ArrayLike, reference: ArrayLike, directions: Sequence[Direction]) -> float:
    """Return the volume between the points and the `reference` point (Zitzler 1999), in the product of their units.

    `points` (points, objectives); `reference` (objectives,), worse than every point of interest. Points that have a NaN
    or are not better than it in every objective add nothing. Exact, by slices along the last objective (While et al.
    2006, "A faster algorithm for calculating hypervolume", HSO).
    """
    corner = _larger_is_better(finite(reference, "reference")[None], directions)[0]
    sides = _larger_is_better(points, directions) - corner
    return _dominated(sides[np.isfinite(sides).all(axis=1) & (sides > 0).all(axis=1)])


def front_probability(
    configurations: Sequence[ArrayLike],
    directions: Sequence[Direction],
    *,
    resamples: int = 2000,
    seed: int = 0,
    tolerance: float = 0.0,
) -> Float64:
    """Return the probability that each configuration's expected objectives are on the front: (configurations,).

    Each of `configurations` has the objectives of its runs, (seeds, objectives). The expected objectives are drawn
    `resamples` times as mean + L z sqrt(df / chi-square_df), with L L' the covariance of the mean and df = seeds - 1:
    multivariate t, the posterior of a normal mean under a vague prior (Gelman et al. 2013, "Bayesian Data Analysis",
    eq. 3.8). A single run and an objective without spread, such as a parameter count, keep their value. The result is
    the share of draws in which a configuration is on the front. `tolerance` and errors: see `front`.
    """
    runs = [finite(values, f"configuration {i}") for i, values in enumerate(configurations)]
    for i, values in enumerate(runs):
        _check(values, directions, f"configuration {i}", "seeds")
    rng = np.random.default_rng(seed)
    drawn = np.stack([_means(values, resamples, rng) for values in runs], axis=1)  # (resamples, points, objectives)
    return np.asarray(_fronts(drawn * _signs(directions), directions, tolerance).mean(axis=0, dtype=np.float64))


def cost_noise(runs: Sequence[ArrayLike]) -> float | None:
    """Return the relative deviation of a cost between runs of one configuration; None if none has two runs.

    `runs`: each configuration's costs, above 0. It is the standard deviation of the logarithms within configurations,
    pooled by degrees of freedom: sqrt(sum of squares / sum of (runs - 1)).
    """
    logs = [np.log(np.asarray(values, dtype=np.float64)) for values in runs if len(np.atleast_1d(values)) > 1]
    return pooled_deviation(logs)[0]


def tolerance_of(noise: float | None, seeds: float) -> float:
    """Return the relative difference up to which mean costs of `seeds` runs count as equal.

    It is the half-width of a 95 % interval of the difference, 1.96 sqrt(2 / seeds) noise, and at least 5 %.
    """
    return max(LEAST_TOLERANCE, 0.0 if noise is None else _NORMAL_975 * (2 / max(1.0, seeds)) ** 0.5 * noise)


def _fronts(better: Float64, directions: Sequence[Direction], tolerance: float) -> NDArray[np.bool_]:
    """Return the fronts of many sets of points at once: (sets, points, objectives) -> masks (sets, points)."""
    if tolerance and tuple(directions) != ("minimize", "maximize"):
        raise ValueError(f"a tolerance needs a cost and a score (minimize, maximize), got {tuple(directions)}")
    if len(directions) == 2:
        return _fronts_of_two(better[..., 1], -better[..., 0], tolerance)
    masks = np.zeros(better.shape[:2], dtype=np.bool_)
    for mask, points in zip(masks, better, strict=True):
        is_finite = np.isfinite(points).all(axis=1)
        others = points[is_finite]
        for i in np.flatnonzero(is_finite):
            mask[i] = not ((others >= points[i]).all(axis=1) & (others > points[i]).any(axis=1)).any()
    return masks


def _fronts_of_two(scores: Float64, costs: Float64, tolerance: float) -> NDArray[np.bool_]:
    """Return the fronts of many sets of scores (higher is better) and costs (lower is better): (sets, points) each."""
    is_finite = np.isfinite(scores) & np.isfinite(costs)
    score, cost = np.where(is_finite, scores, -np.inf), np.where(is_finite, costs, np.inf)
    order = np.lexsort((cost, -score), axis=1)
    score, cost = np.take_along_axis(score, order, 1), np.take_along_axis(cost, order, 1)
    # The lowest cost on the front so far, among points with a higher score and among those with the same score.
    higher = same = np.full(len(score), np.inf)
    on = np.empty(score.shape, dtype=np.bool_)
    for place in range(score.shape[1]):
        is_lower = score[:, place] < score[:, max(0, place - 1)]
        higher = np.where(is_lower, np.minimum(higher, same), higher)
        same = np.where(is_lower, np.inf, same)
        reach = cost[:, place] * (1 + tolerance)
        on[:, place] = (higher > reach) & (same * (1 + tolerance) >= cost[:, place])
        same = np.where(on[:, place], np.minimum(same, cost[:, place]), same)
    masks = np.empty(score.shape, dtype=np.bool_)
    np.put_along_axis(masks, order, on, 1)
    return masks & is_finite


def _means(runs: Float64, resamples: int, rng: np.random.Generator) -> Float64:
    """Draw the expected objectives of one configuration: (resamples, objectives)."""
    count, mean = len(runs), runs.mean(axis=0)
    if count < 2:
        return np.tile(mean, (resamples, 1))
    # Weighting the runs' deviations needs no decomposition of the covariance, which fails for a constant objective.
    weights = rng.normal(size=(resamples, count))
    factors = np.sqrt(1 / rng.chisquare(count - 1, size=(resamples, 1)) / count)
    return np.asarray(mean + weights @ (runs - mean) * factors)


def _dominated(sides: Float64) -> float:
    """Return the volume of the union of boxes from 0 to each row, all entries above 0."""
    if not len(sides):
        return 0.0
    if sides.shape[1] == 1:
        return float(sides.max())
    ordered = sides[np.argsort(-sides[:, -1], kind="stable")]
    heights = ordered[:, -1]
    below = np.append(heights[1:], 0.0)
    return sum(
        float(top - bottom) * _dominated(ordered[: i + 1, :-1])
        for i, (top, bottom) in enumerate(zip(heights, below, strict=True))
        if top > bottom
    )


def _larger_is_better(points: ArrayLike, directions: Sequence[Direction]) -> Float64:
    values = np.asarray(points, dtype=np.float64)
    _check(values, directions, "points", "points")
    return values * _signs(directions)


def _signs(directions: Sequence[Direction]) -> Float64:
    return np.array([1.0 if direction == "maximize" else -1.0 for direction in directions])


def _check(values: Float64, directions: Sequence[Direction], name: str, rows: str) -> None:
    count = len(directions)
    if values.ndim != 2 or values.shape[1] != count or not count:
        raise ValueError(f"{name} must have shape ({rows}, {count}) for {count} directions, got {values.shape}")
    unknown = set(directions) - {"maximize", "minimize"}
    if unknown:
        raise ValueError(f"directions must be 'maximize' or 'minimize', got {sorted(unknown)}")
