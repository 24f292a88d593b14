"""Correlations over seeds between the rows of a table: how much of their noise is that of the shared reference."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from results.statistics.arrays import Float64
from results.statistics.paired_noise import PairedRow

ROWS = 300  # at most so many rows, evenly spaced, are correlated
SHARED = 0.25  # squared correlation of two rows if reference and rows are equally noisy: that of a - c and b - c


class Correlations:
    """Correlations over seeds between rows, of their means and of their residuals, of at most `ROWS` of them."""

    def __init__(self, rows: Sequence[PairedRow]) -> None:
        chosen_places = np.unique(np.linspace(0, len(rows) - 1, min(len(rows), ROWS)).astype(int))
        self._chosen: NDArray[np.intp] = chosen_places
        self._rows = [rows[place] for place in self._chosen]
        self._of_means, self._expected = _of_means(self._rows)
        self._of_residuals = _of_residuals(self._rows)

    def squared(self, places: NDArray[np.intp]) -> float:
        """Return the mean squared correlation between different rows at these places: 0..1.

        It is the larger of two: that of the residuals, estimated from many values, and that of the means over seeds.
        The latter is freed of its bias: uncorrelated means of n seeds have a squared correlation of 1 / (n - 1) on
        average. Means of two seeds tell nothing. Without residuals, it is at least `SHARED`.
        """
        where = np.flatnonzero(np.isin(self._chosen, places))
        means, expected, residuals = (
            _apart(table, where) for table in (self._of_means, self._expected, self._of_residuals**2)
        )
        known = ~np.isnan(means)
        found = float(np.nanmean(residuals)) if not np.isnan(residuals).all() else SHARED
        if known.any() and expected[known].mean() < 1:
            bias = float(expected[known].mean())
            found = max(found, (float(means[known].mean()) - bias) / (1 - bias))
        return min(found, 1.0)

    def of_residuals(self, places: NDArray[np.intp]) -> tuple[NDArray[np.intp], Float64]:
        """Return those of `places` whose rows have the same seeds and examples, and their residuals' correlations.

        Where there are several kinds of rows, it is the most frequent one. Correlations: (rows, rows).
        """
        where = np.flatnonzero(np.isin(self._chosen, places))
        known = ~np.isnan(self._of_residuals[np.ix_(where, where)])
        if not known.any():
            return self._chosen[:0], np.empty((0, 0))
        same = where[known[known.sum(axis=1).argmax()]]
        return self._chosen[same], self._of_residuals[np.ix_(same, same)]


def _apart(table: Float64, where: NDArray[np.intp]) -> Float64:
    """Return the entries of a square table between different rows of `where`; one NaN if there are none."""
    part = table[np.ix_(where, where)][~np.eye(len(where), dtype=np.bool_)]
    return part if part.size else np.array([np.nan])


def _of_means(rows: Sequence[PairedRow]) -> tuple[Float64, Float64]:
    """Return squared correlations of the rows' means over the seeds that two rows share, and their bias.

    NaN where two rows share fewer than three seeds, or one of them does not vary.
    """
    seeds: dict[Hashable, int] = {}
    for row in rows:
        for seed in row.seeds:
            seeds.setdefault(seed, len(seeds))
    values, has = np.zeros((len(rows), len(seeds))), np.zeros((len(rows), len(seeds)))
    for place, row in enumerate(rows):
        columns = [seeds[seed] for seed in row.seeds]
        values[place, columns] = row.by_seed - row.by_seed.mean()
        has[place, columns] = 1.0
    shared = has @ has.T
    scale = (values**2) @ has.T  # of a row's values on the other's seeds
    with np.errstate(divide="ignore", invalid="ignore"):
        squared = (values @ values.T) ** 2 / (scale * scale.T)
        squared = np.where((shared >= 3) & (scale > 0) & (scale.T > 0), squared, np.nan)
        return squared, np.where(np.isnan(squared), np.nan, 1 / (shared - 1))


def _of_residuals(rows: Sequence[PairedRow]) -> Float64:
    """Return correlations of residuals of rows on the same seeds and examples; NaN for other pairs."""
    found = np.full((len(rows), len(rows)), np.nan)
    groups: dict[Hashable, list[int]] = {}
    for place, row in enumerate(rows):
        if row.residuals is not None and row.residuals.any():
            groups.setdefault((row.seeds, row.residuals.shape), []).append(place)
    for places in groups.values():
        flat = np.stack([np.asarray(rows[place].residuals).ravel() for place in places])
        flat /= np.linalg.norm(flat, axis=1, keepdims=True)
        found[np.ix_(places, places)] = flat @ flat.T
    return found
