"""Pareto fronts of points with several objectives: membership, volume, probability, noisy costs. Arrays only.

Times and memory differ between runs of the same configuration. A configuration that is 1 % faster than one with a
better score is no reason to choose it, and a front of all such configurations is a front of noise. With a tolerance,
two costs that differ by no more than that count as equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from results.statistics.arrays import Float64, finite

Direction = Literal["maximize", "minimize"]
LEAST_TOLERANCE = 0.05  # machines drift by this much from one hour to the next, whatever neighbouring seeds say
_NORMAL_975 = 1.96


def front(points: ArrayLike, directions: Sequence[Direction], *, tolerance: float = 0.0) -> NDArray[np.bool_]:
    """Return which of `points` (points, objectives) are on the front: a mask (points,).

    A point is off the front when another is at least as good in every objective and better in one; equal
    points stay together. A point with a NaN is never on it.

    With a `tolerance`, of a cost and a score, points are taken from the highest score down. One is on the front unless
    another that is on it already costs at most (1 + `tolerance`) times as much and scores more, or scores the same and
    is cheaper by more than the tolerance. So every point off the front has one on it with a better score at no more
    cost.

    Raises:
        ValueError: the shapes do not fit, or there is a tolerance and the objectives are not a cost and a score.
    """
    mask: NDArray[np.bool_] = _fronts(_larger_is_better(points, directions)[None], directions, tolerance)[0]
    return mask


def hypervolume(points: ArrayLike, reference: ArrayLike, directions: Sequence[Direction]) -> float:
    """Return the volume of objectives that the points dominate, down to the `reference` point (Zitzler 1999).

    `points` (points, objectives), `reference` (objectives,), a point worse than all of interest: what is not better
    than it in every objective, or has a NaN, adds nothing. In the product of the objectives' units. Exact: slices along
    the last objective (While et al. 2006, "A faster algorithm for calculating hypervolume", HSO).
    """
    values = _larger_is_better(points, directions)
    corner = _larger_is_better(finite(reference, "reference")[None], directions)[0]
    sides = values - corner
    inside = sides[np.isfinite(sides).all(axis=1) & (sides > 0).all(axis=1)]
    return _dominated(inside)


def front_probability(
    configurations: Sequence[ArrayLike],
    directions: Sequence[Direction],
    *,
    resamples: int = 2000,
    seed: int = 0,
    tolerance: float = 0.0,
) -> Float64:
    """Return how probably each configuration's expected objectives are on the front: (configurations,).

    Each of `configurations` is (seeds, objectives), its runs. The expected objectives are drawn `resamples` times from
    what the runs tell of them, mean + L z sqrt(df / chi-square_df), with L L' the covariance of the mean and df = seeds
    - 1: multivariate t, the posterior of a normal mean under a vague prior (Gelman et al. 2013, "Bayesian Data
    Analysis", eq. 3.8). A single run has no spread and is drawn at its value; so is an objective without a spread, such
    as a count of parameters. The probability is the share of draws in which a configuration is on the front, which has
    the `tolerance` of `front`.

    Raises:
        ValueError: as `front`.
    """
    runs = [finite(values, f"configuration {i}") for i, values in enumerate(configurations)]
    for i, values in enumerate(runs):
        _check(values, directions, f"configuration {i}", "seeds")
    rng = np.random.default_rng(seed)
    drawn = np.stack([_means(values, resamples, rng) for values in runs], axis=1)  # (resamples, points, objectives)
    found: Float64 = _fronts(drawn * _signs(directions), directions, tolerance).mean(axis=0, dtype=np.float64)
    return found


def cost_noise(runs: Sequence[ArrayLike]) -> float | None:
    """Return how much runs of one configuration differ in a cost, as a share of it; None where none has two runs.

    `runs`: each configuration's costs, above 0. The deviation of the logarithms, pooled over configurations with their
    degrees of freedom: sqrt(sum of squares / sum of (runs - 1)).
    """
    logs = [np.log(np.asarray(values, dtype=np.float64)) for values in runs if len(np.atleast_1d(values)) > 1]
    freedom = sum(len(values) - 1 for values in logs)
    if not freedom:
        return None
    return float(np.sqrt(sum(((values - values.mean()) ** 2).sum() for values in logs) / freedom))


def tolerance_of(noise: float | None, seeds: float) -> float:
    """Return the relative difference up to which the means of `seeds` runs count as equal costs.

    The half-width of a 95 % interval of the difference, 1.96 sqrt(2 / seeds) noise, and never less than 5 %.
    """
    return max(LEAST_TOLERANCE, 0.0 if noise is None else _NORMAL_975 * (2 / max(1.0, seeds)) ** 0.5 * noise)


def _fronts(better: Float64, directions: Sequence[Direction], tolerance: float) -> NDArray[np.bool_]:
    """Return `front` of many sets of points at once: (sets, points, objectives) -> (sets, points)."""
    if tolerance and tuple(directions) != ("minimize", "maximize"):
        raise ValueError(f"a tolerance needs a cost and a score (minimize, maximize), got {tuple(directions)}")
    if len(directions) == 2:
        return _fronts_of_two(better[..., 1], -better[..., 0], tolerance)
    masks = np.zeros(better.shape[:2], dtype=np.bool_)
    for mask, points in zip(masks, better, strict=True):
        known = np.isfinite(points).all(axis=1)
        others = points[known]
        for i in np.flatnonzero(known):
            mask[i] = not ((others >= points[i]).all(axis=1) & (others > points[i]).any(axis=1)).any()
    return masks


def _fronts_of_two(scores: Float64, costs: Float64, tolerance: float) -> NDArray[np.bool_]:
    """Return `front` of many sets of a score, more being better, and a cost, less being better: (sets, points) each."""
    known = np.isfinite(scores) & np.isfinite(costs)
    score, cost = np.where(known, scores, -np.inf), np.where(known, costs, np.inf)
    order = np.lexsort((cost, -score), axis=1)
    score, cost = np.take_along_axis(score, order, 1), np.take_along_axis(cost, order, 1)
    # The least cost on the front so far of points with a higher score, and of those with the same score.
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
    return masks & known


def _means(runs: Float64, resamples: int, rng: np.random.Generator) -> Float64:
    """Draw the expected objectives of one configuration: (resamples, objectives)."""
    count = len(runs)
    middle = runs.mean(axis=0)
    if count < 2:
        return np.tile(middle, (resamples, 1))
    # The runs' own deviations span the covariance: no decomposition, and none that fails where one is constant.
    weights = rng.normal(size=(resamples, count))
    factors = np.sqrt(1 / rng.chisquare(count - 1, size=(resamples, 1)) / count)
    moved: Float64 = middle + weights @ (runs - middle) * factors
    return moved


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
    better: Float64 = values * _signs(directions)
    return better


def _signs(directions: Sequence[Direction]) -> Float64:
    return np.array([1.0 if direction == "maximize" else -1.0 for direction in directions])


def _check(values: Float64, directions: Sequence[Direction], name: str, rows: str) -> None:
    count = len(directions)
    if values.ndim != 2 or values.shape[1] != count or not count:
        raise ValueError(f"{name} must have shape ({rows}, {count}) for {count} directions, got {values.shape}")
    unknown = set(directions) - {"maximize", "minimize"}
    if unknown:
        raise ValueError(f"a direction is maximize or minimize, got {sorted(unknown)}")
