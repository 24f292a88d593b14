"""Metrics on arrays of predictions and labels, and the two scores made from them; numpy only.

All take `predicted` and `labels` of shape (n,).

Raises:
    ValueError: n is 0, or the lengths differ.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray


def accuracy(predicted: ArrayLike, labels: ArrayLike) -> float:
    """Return the share of predictions that equal the label, 0..1."""
    p, y = _both(predicted, labels)
    return float((p == y).mean())


def precision(predicted: ArrayLike, labels: ArrayLike, positive: float = 1.0) -> float:
    """Return true positives over predicted positives, 0..1; 0.0 when nothing is predicted positive."""
    p, y = _both(predicted, labels)
    return _ratio(_hits(p, y, positive), int((p == positive).sum()))


def recall(predicted: ArrayLike, labels: ArrayLike, positive: float = 1.0) -> float:
    """Return true positives over labelled positives, 0..1; 0.0 when there is no positive label."""
    p, y = _both(predicted, labels)
    return _ratio(_hits(p, y, positive), int((y == positive).sum()))


def binary_f1(predicted: ArrayLike, labels: ArrayLike, positive: float = 1.0) -> float:
    """Return the harmonic mean of precision and recall, 2 TP / (2 TP + FP + FN), 0..1; 0.0 when that is 0 / 0."""
    p, y = _both(predicted, labels)
    return _ratio(2 * _hits(p, y, positive), int((p == positive).sum()) + int((y == positive).sum()))


def macro_f1(predicted: ArrayLike, labels: ArrayLike) -> float:
    """Return the mean F1 over the classes in labels or predictions, 0..1: scikit-learn's with zero_division=0."""
    p, y = _both(predicted, labels)
    return float(np.mean([binary_f1(p, y, float(value)) for value in np.union1d(p, y)]))


def macro_precision(predicted: ArrayLike, labels: ArrayLike) -> float:
    """Return the mean of precision over the classes of `macro_f1`, 0..1; a class that is never predicted counts 0."""
    p, y = _both(predicted, labels)
    return float(np.mean([precision(p, y, float(value)) for value in np.union1d(p, y)]))


def macro_recall(predicted: ArrayLike, labels: ArrayLike) -> float:
    """Return the mean of recall over the classes of `macro_f1`, 0..1; a class without examples counts 0."""
    p, y = _both(predicted, labels)
    return float(np.mean([recall(p, y, float(value)) for value in np.union1d(p, y)]))


def pearson(predicted: ArrayLike, labels: ArrayLike) -> float:
    """Return Pearson's correlation, -1..1.

    0.0 when either side is constant, where it is undefined: a model that predicts one number for everything has learned
    nothing, and a NaN could not be sorted. NaN in, NaN out.
    """
    p, y = _both(predicted, labels)
    if np.ptp(p) == 0 or np.ptp(y) == 0:
        return 0.0
    p, y = p - p.mean(), y - y.mean()
    # Scaled before squaring, so that very small or large numbers neither vanish nor overflow.
    p, y = p / np.abs(p).max(), y / np.abs(y).max()
    return float(np.clip((p * y).sum() / np.sqrt((p * p).sum() * (y * y).sum()), -1.0, 1.0))


def spearman(predicted: ArrayLike, labels: ArrayLike) -> float:
    """Return Pearson's correlation of the ranks, equal values sharing their average rank; 0.0 if constant."""
    p, y = _both(predicted, labels)
    if np.isnan(p).any() or np.isnan(y).any():
        return float("nan")  # a NaN has no rank
    return pearson(_ranks(p), _ranks(y))


def mean_squared_error(predicted: ArrayLike, labels: ArrayLike) -> float:
    """Return the mean of (prediction - label)^2, in label units squared."""
    p, y = _both(predicted, labels)
    return float(((p - y) ** 2).mean())


def score(per_task: Mapping[str, Mapping[str, float]], main: Mapping[str, str]) -> float:
    """Return the mean over tasks of the main metric: (SST + QQP + r) / 3 with the three tasks.

    `per_task` maps task to metric to value; `main` maps task to the name of its main metric.
    """
    return _mean([per_task[task][main[task]] for task in sorted(per_task)])


def leaderboard_score(per_task: Mapping[str, Mapping[str, float]], main: Mapping[str, str]) -> float:
    """Return the course's other formula: correlations count as (1 + r) / 2; (SST + QQP + (1 + r) / 2) / 3."""
    values = []
    for task in sorted(per_task):
        value = per_task[task][main[task]]
        values.append((1 + value) / 2 if main[task] == "pearson" else value)
    return _mean(values)


def _mean(values: list[float]) -> float:
    if not values:
        raise ValueError("a score needs at least one task, got none")
    return sum(values) / len(values)


def _both(predicted: ArrayLike, labels: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    p, y = np.asarray(predicted, dtype=np.float64), np.asarray(labels, dtype=np.float64)
    if p.ndim != 1 or p.shape != y.shape or not p.size:
        raise ValueError(f"a metric needs n >= 1 predictions and n labels, got {p.shape} and {y.shape}")
    return p, y


def _hits(p: NDArray[np.float64], y: NDArray[np.float64], positive: float) -> int:
    return int(((p == positive) & (y == positive)).sum())


def _ratio(numerator: int, denominator: int) -> float:
    return numerator / denominator if denominator else 0.0


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ranks from 1; equal values get the mean of their places."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[inverse], dtype=np.float64)
