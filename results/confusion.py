"""What is taken for what: confusion matrices of classes, how far off they are, and scores in bins. Arrays alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from results.arrays import Float64
from results.statistics import Difference, paired_difference

Counts = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Confusion:
    """Counts (true, predicted), all seeds together."""

    counts: Counts

    @property
    def shares(self) -> Float64:
        """Of each true class, the share predicted as each class: rows sum to 1; 0 in a class without examples."""
        totals = self.counts.sum(axis=1, keepdims=True)
        found: Float64 = self.counts / np.maximum(totals, 1)
        return found


@dataclass(frozen=True, eq=False)
class ScoreBins:
    """Scores in bins: `edges` (bins + 1,), `confusion` (true bin, predicted bin).

    `outside`: how many predictions lie beyond the first or last edge; the outermost bins hold them.
    """

    edges: Float64
    confusion: Confusion
    outside: int


def confusion(predictions: ArrayLike, labels: ArrayLike, classes: int) -> Confusion:
    """Counts over all seeds: `predictions` (seeds, examples), `labels` (examples,), whole numbers below `classes`."""
    predicted = np.asarray(predictions, dtype=np.int64)
    true = np.broadcast_to(np.asarray(labels, dtype=np.int64), predicted.shape)
    lowest, highest = min(predicted.min(), true.min()), max(predicted.max(), true.max())
    if lowest < 0 or highest >= classes:
        raise ValueError(f"classes must be 0..{classes - 1}, got {lowest}..{highest}")
    counts = np.bincount((true * classes + predicted).ravel(), minlength=classes * classes)
    return Confusion(counts.reshape(classes, classes))


def score_bins(predictions: ArrayLike, labels: ArrayLike, width: float = 0.5) -> ScoreBins:
    """Predicted and true scores in bins of `width` that cover the labels, whose whole numbers are the range's ends.

    A bin holds its lower edge, the last one its upper edge too. `predictions` (seeds, examples), `labels` (examples,).
    """
    found, true = np.asarray(predictions, dtype=np.float64), np.asarray(labels, dtype=np.float64)
    low, high = float(np.floor(true.min())), float(np.ceil(true.max()))
    bins = max(1, round((high - low) / width))
    edges = low + width * np.arange(bins + 1, dtype=np.float64)
    places = [np.clip(((values - low) // width).astype(np.int64), 0, bins - 1) for values in (found, true)]
    outside = int(((found < low) | (found > edges[-1])).sum())
    return ScoreBins(edges, confusion(places[0], places[1], bins), outside)


def distance_shares(predictions: ArrayLike, labels: ArrayLike, classes: int) -> Float64:
    """The share of predictions that are 0, 1, ... classes away from the label, in the classes' order: (classes,)."""
    away = np.abs(np.asarray(predictions, dtype=np.int64) - np.asarray(labels, dtype=np.int64))
    found: Float64 = np.bincount(away.ravel(), minlength=classes) / away.size
    return found


def distance_difference(first: ArrayLike, second: ArrayLike, labels: ArrayLike, distance: int) -> Difference:
    """How much larger the share of predictions `distance` classes away is in `first` than in `second`.

    Both (seeds, examples), paired by seed and example.
    """
    truth = np.asarray(labels, dtype=np.int64)
    at = [np.abs(np.asarray(each, dtype=np.int64) - truth) == distance for each in (first, second)]
    return paired_difference(at[0].astype(np.float64), at[1].astype(np.float64))
