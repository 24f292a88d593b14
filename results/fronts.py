"""Fronts of points with several objectives: who is on it, how much it covers, how sure that is. Arrays only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from results.arrays import Float64, finite
from results.front_tolerance import tolerant_fronts

Direction = Literal["maximize", "minimize"]


def front(points: ArrayLike, directions: Sequence[Direction]) -> NDArray[np.bool_]:
    """Which of `points` (points, objectives) are on the front: a mask (points,).

    A point is off the front when another is at least as good in every objective and better in one; equal
    points stay together. A point with a NaN is never on it. ValueError when the shapes do not fit.
    """
    better = _larger_is_better(points, directions)
    known = np.isfinite(better).all(axis=1)
    mask: NDArray[np.bool_] = np.zeros(len(better), dtype=np.bool_)
    others = better[known]
    for i in np.flatnonzero(known):
        beaten = (others >= better[i]).all(axis=1) & (others > better[i]).any(axis=1)
        mask[i] = not beaten.any()
    return mask


def hypervolume(points: ArrayLike, reference: ArrayLike, directions: Sequence[Direction]) -> float:
    """How much of the space of objectives the points dominate, down to the `reference` point (Zitzler 1999).

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
    """How probably each configuration's expected objectives are on the front, given its noise: (configurations,).

    Each of `configurations` is (seeds, objectives), its runs. The expected objectives are drawn `resamples` times from
    what the runs tell of them, mean + L z sqrt(df / chi-square_df), with L L' the covariance of the mean and df = seeds
    - 1: multivariate t, the posterior of a normal mean under a vague prior (Gelman et al. 2013, "Bayesian Data
    Analysis", eq. 3.8). A single run has no spread and stands where it is; so does an objective without one, such as a
    count of parameters. The share of draws in which a configuration is on the front; with a `tolerance`, on the
    tolerant front of a cost and a score, which are the two objectives then (`front_tolerance.tolerant_front`).
    """
    runs = [finite(values, f"configuration {i}") for i, values in enumerate(configurations)]
    for i, values in enumerate(runs):
        if values.ndim != 2 or values.shape[1] != len(directions):
            raise ValueError(
                f"configuration {i} must have shape (seeds, {len(directions)}) for {len(directions)} directions, "
                f"got {values.shape}"
            )
    rng = np.random.default_rng(seed)
    drawn = np.stack([_means(values, resamples, rng) for values in runs], axis=1)  # (resamples, points, objectives)
    if tolerance:
        if tuple(directions) != ("minimize", "maximize"):
            raise ValueError(f"a tolerance needs a cost and a score (minimize, maximize), got {tuple(directions)}")
        masks = tolerant_fronts(drawn[..., 1], drawn[..., 0], tolerance)
    elif len(directions) == 2:
        masks = _fronts_of_two(drawn * _signs(directions))
    else:
        masks = np.array([front(points, directions) for points in drawn])
    found: Float64 = masks.mean(axis=0, dtype=np.float64)
    return found


def _fronts_of_two(better: Float64) -> NDArray[np.bool_]:
    """`front` of many sets of points at once, more being better in both: (sets, points, 2) -> (sets, points).

    With the points by their first objective, best first, one is beaten by a second objective that is at least its own
    among those before it, or more than its own among its equals in the first.
    """
    first, second = better[..., 0], better[..., 1]
    order = np.lexsort((-second, -first), axis=1)
    x, y = np.take_along_axis(first, order, 1), np.take_along_axis(second, order, 1)
    new = np.ones(x.shape, dtype=np.bool_)
    new[:, 1:] = x[:, 1:] != x[:, :-1]
    begins = np.maximum.accumulate(np.where(new, np.arange(x.shape[1]), 0), axis=1)  # where each point's equals begin
    highest = np.concatenate([np.full((len(x), 1), -np.inf), np.maximum.accumulate(y, axis=1)], axis=1)
    before, among_equals = np.take_along_axis(highest, begins, 1), np.take_along_axis(y, begins, 1)
    masks = np.empty(x.shape, dtype=np.bool_)
    np.put_along_axis(masks, order, (before < y) & (among_equals <= y), 1)
    return masks


def _means(runs: Float64, resamples: int, rng: np.random.Generator) -> Float64:
    """Draws of the expected objectives of one configuration: (resamples, objectives)."""
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
    """The volume of the union of boxes from 0 to each row, all entries above 0."""
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
    if values.ndim != 2 or values.shape[1] != len(directions) or not directions:
        raise ValueError(
            f"points must have shape (points, {len(directions)}) for {len(directions)} directions, got {values.shape}"
        )
    unknown = set(directions) - {"maximize", "minimize"}
    if unknown:
        raise ValueError(f"a direction is maximize or minimize, got {sorted(unknown)}")
    better: Float64 = values * _signs(directions)
    return better


def _signs(directions: Sequence[Direction]) -> Float64:
    return np.array([1.0 if direction == "maximize" else -1.0 for direction in directions])
