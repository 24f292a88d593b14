"""Confusion matrices of classes, and of scores in bins. Works on arrays only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from results.statistics.arrays import Float64

Counts = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Confusion:
    """Counts (true, predicted), summed over seeds."""

    counts: Counts

    @property
    def shares(self) -> Float64:
        """The share of each true class predicted as each class: rows sum to 1; 0 in a class without examples."""
        shares: Float64 = self.counts / np.maximum(self.counts.sum(axis=1, keepdims=True), 1)
        return shares


@dataclass(frozen=True, eq=False)
class ScoreBins:
    """Scores in bins: `edges` (bins + 1,), `confusion` (true bin, predicted bin).

    `outside` is the number of predictions beyond the first or last edge; they count in the outermost bins.
    """

    edges: Float64
    confusion: Confusion
    outside: int


def confusion(predictions: ArrayLike, labels: ArrayLike, classes: int) -> Confusion:
    """Count `predictions` (seeds, examples) by `labels` (examples,), whole numbers from 0 to `classes` - 1.

    Raises:
        ValueError: a class is negative or not below `classes`.
    """
    predicted = np.asarray(predictions, dtype=np.int64)
    true = np.broadcast_to(np.asarray(labels, dtype=np.int64), predicted.shape)
    lowest, highest = min(predicted.min(), true.min()), max(predicted.max(), true.max())
    if lowest < 0 or highest >= classes:
        raise ValueError(f"classes must be 0..{classes - 1}, got {lowest}..{highest}")
    counts = np.bincount((true * classes + predicted).ravel(), minlength=classes * classes)
    return Confusion(counts.reshape(classes, classes))


def score_bins(predictions: ArrayLike, labels: ArrayLike, width: float = 0.5) -> ScoreBins:
    """Count predicted and true scores in bins of `width` that cover the labels; the end edges are whole numbers.

    A bin includes its lower edge, the last one also its upper edge. `predictions` (seeds, examples), `labels`
    (examples,).
    """
    predicted, true = np.asarray(predictions, dtype=np.float64), np.asarray(labels, dtype=np.float64)
    low, high = float(np.floor(true.min())), float(np.ceil(true.max()))
    bins = max(1, round((high - low) / width))
    edges = low + width * np.arange(bins + 1, dtype=np.float64)
    places = [np.clip(((values - low) // width).astype(np.int64), 0, bins - 1) for values in (predicted, true)]
    outside = int(((predicted < low) | (predicted > edges[-1])).sum())
    return ScoreBins(edges, confusion(places[0], places[1], bins), outside)
