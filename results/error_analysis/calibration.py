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
    """Predictions in bins of equal width by confidence; `confidence` and `accuracy` of an empty bin are NaN.

    Shapes: `edges` (bins + 1,); `counts`, mean `confidence`, `accuracy` and `spread` (bins,). `spread` is the variance
    of the number of correct predictions under perfect calibration, the sum of c (1 - c).
    """

    edges: Float64
    counts: NDArray[np.int64]
    confidence: Float64
    accuracy: Float64
    spread: Float64

    @property
    def mean_confidence(self) -> float:
        """The mean confidence of all predictions."""
        return float(np.nansum(self.counts * self.confidence) / self.counts.sum())

    @property
    def mean_accuracy(self) -> float:
        """The accuracy of all predictions."""
        return float(np.nansum(self.counts * self.accuracy) / self.counts.sum())

    @property
    def error(self) -> float:
        """Expected calibration error: sum over bins of n_b / n |accuracy_b - confidence_b|, 0..1.

        Naeini, Cooper and Hauskrecht 2015, "Obtaining Well Calibrated Probabilities Using Bayesian Binning"; Guo et al.
        2017, equation 3.
        """
        return float(np.nansum(self.counts * np.abs(self.accuracy - self.confidence)) / self.counts.sum())

    @property
    def error_of_calibrated(self) -> float:
        """The error that a perfectly calibrated model would have on average, with the same number of predictions.

        A bin's gap is then about normal with mean 0 and variance spread_b / n_b^2, so its mean absolute value is
        sqrt(2 / pi) standard deviations. Predictions must be independent: use one seed, not several on the same
        examples.
        """
        return float(sqrt(2 / pi) * np.sqrt(self.spread).sum() / self.counts.sum())


def class_probabilities(outputs: ArrayLike, predictions: ArrayLike) -> Float64 | None:
    """Return the class probabilities (..., classes) for logits (..., k): softmax, or sigmoid for a single output.

    None if `predictions` (...) are not the argmax of the logits (or 1 above 0): the outputs are then not logits.
    """
    from scipy.special import softmax

    logits = np.asarray(outputs, dtype=np.float64)
    if logits.shape[-1] == 1:
        logits = np.concatenate([np.zeros_like(logits), logits], axis=-1)
    if not np.array_equal(logits.argmax(axis=-1), np.asarray(predictions, dtype=np.float64)):
        return None
    probabilities: Float64 = softmax(logits, axis=-1)
    return probabilities


def reliability(confidence: ArrayLike, right: ArrayLike, bins: int = BINS) -> Reliability:
    """Sort `confidence` (of the predicted class, 0..1) and `right` (bool), of one shape, into bins (lower, upper].

    Raises:
        ValueError: the shapes differ, or a confidence is not in 0..1.
    """
    sure, true = np.asarray(confidence, dtype=np.float64).ravel(), np.asarray(right, dtype=np.float64).ravel()
    if sure.shape != true.shape or not sure.size or not ((sure >= 0) & (sure <= 1)).all():
        raise ValueError(f"confidence must be in 0..1, one for each prediction, got {sure.shape} and {true.shape}")
    edges = np.linspace(0, 1, bins + 1)
    places = np.clip(np.searchsorted(edges, sure, side="left") - 1, 0, bins - 1)
    counts = np.bincount(places, minlength=bins)
    confidences, hits, spread = (
        np.bincount(places, weights=each, minlength=bins).astype(np.float64) for each in (sure, true, sure * (1 - sure))
    )
    with np.errstate(invalid="ignore"):
        return Reliability(edges, counts, confidences / counts, hits / counts, spread)
