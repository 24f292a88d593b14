"""The calibration of a classifier: reliability in bins, and the expected calibration error."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from results.statistics.arrays import Float64

BINS = 15  # Guo et al. 2017, "On Calibration of Modern Neural Networks", section 5


@dataclass(frozen=True, eq=False)
class Reliability:
    """Predictions in bins of equal width by confidence; bins that hold none are NaN in `confidence` and `accuracy`.

    `edges` (bins + 1,), `counts` (bins,), mean `confidence` and `accuracy` (bins,), `spread` (bins,): the variance that
    the number of right ones would have if every confidence were true, sum of c (1 - c).
    """

    edges: Float64
    counts: NDArray[np.int64]
    confidence: Float64
    accuracy: Float64
    spread: Float64

    @property
    def mean_confidence(self) -> float:
        """The mean over all predictions."""
        return float(np.nansum(self.counts * self.confidence) / self.counts.sum())

    @property
    def mean_accuracy(self) -> float:
        """The mean over all predictions."""
        return float(np.nansum(self.counts * self.accuracy) / self.counts.sum())

    @property
    def error(self) -> float:
        """Expected calibration error: sum over bins of n_b / n |accuracy_b - confidence_b|, 0..1.

        Naeini, Cooper and Hauskrecht 2015, "Obtaining Well Calibrated Probabilities Using Bayesian Binning"; Guo et al.
        2017, equation 3.
        """
        filled = self.counts > 0
        gaps = np.abs(self.accuracy - self.confidence)[filled]
        return float((self.counts[filled] * gaps).sum() / self.counts.sum())

    @property
    def error_of_calibrated(self) -> float:
        """The error that a perfectly calibrated model is expected to show by chance, with as many predictions.

        A bin's gap is then about normal around 0 with variance spread_b / n_b^2, its mean size sqrt(2 / pi) of that.
        Independent predictions: for one seed, not for several on the same examples.
        """
        return float(sqrt(2 / pi) * np.sqrt(self.spread).sum() / self.counts.sum())


def class_probabilities(outputs: ArrayLike, predictions: ArrayLike) -> Float64 | None:
    """Return probabilities (..., classes) of logits (..., k): softmax, or of one output the logistic function.

    None where `predictions` (...) do not follow from such logits (the largest, or 1 above 0): then outputs are
    something else, and probabilities are not known.
    """
    from scipy.special import softmax

    logits, said = np.asarray(outputs, dtype=np.float64), np.asarray(predictions, dtype=np.float64)
    if logits.shape[-1] == 1:
        logits = np.concatenate([np.zeros_like(logits), logits], axis=-1)
    if not np.array_equal(logits.argmax(axis=-1), said):
        return None
    found: Float64 = softmax(logits, axis=-1)
    return found


def reliability(confidence: ArrayLike, right: ArrayLike, bins: int = BINS) -> Reliability:
    """Put `confidence` (of the predicted class, 0..1) and `right` (bool), one shape, into bins (lower, upper].

    Raises:
        ValueError: the shapes differ, or a confidence is not in 0..1.
    """
    sure, true = np.asarray(confidence, dtype=np.float64).ravel(), np.asarray(right, dtype=np.float64).ravel()
    if sure.shape != true.shape or not sure.size or not ((sure >= 0) & (sure <= 1)).all():
        raise ValueError(f"confidence must be in 0..1, one for each prediction, got {sure.shape} and {true.shape}")
    edges = np.linspace(0, 1, bins + 1)
    places = np.clip(np.searchsorted(edges, sure, side="left") - 1, 0, bins - 1)
    counts = np.bincount(places, minlength=bins)
    sums = [
        np.bincount(places, weights=each, minlength=bins).astype(np.float64) for each in (sure, true, sure * (1 - sure))
    ]
    with np.errstate(invalid="ignore"):
        return Reliability(edges, counts, sums[0] / counts, sums[1] / counts, sums[2])
