"""Scores over resampled examples: the bootstrap of means and of Pearson's r, and the noise of their average.

One task is one of two things: values whose mean is the score (accuracy), or predictions whose correlation with the
labels is (Pearson's r, computed anew in every resample). Their mean over tasks is the score of a run.
"""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from results.statistics.arrays import Float64, difference, finite, standardised
from results.statistics.differences import Difference, Noise, crossed_noise

_CHUNK = 200  # resamples turned into float64 weights at once: 200 x 3,000 examples are 5 MB


class AbstractTaskDifference(ABC):
    """The difference of two configurations on one task, seed by seed, on all examples or on resampled ones."""

    seeds: int
    examples: int

    @abstractmethod
    def values(self) -> Float64:
        """Return the difference on all examples: (seeds,)."""

    @abstractmethod
    def weighted(self, weights: Float64) -> Float64:
        """Return the difference where example j counts weights[k, j] times: (resamples, examples) -> (resamples,
        seeds).
        """

    def resampled(self, resamples: int, seed: int) -> Float64:
        """Return the difference on examples drawn with replacement, the same for every seed: (resamples, seeds)."""
        counts = resample_counts(self.examples, resamples, seed)
        found = np.empty((resamples, self.seeds))
        for start in range(0, resamples, _CHUNK):
            found[start : start + _CHUNK] = self.weighted(counts[start : start + _CHUNK].astype(np.float64))
        return found


class MeanDifference(AbstractTaskDifference):
    """mean(a) - mean(b) of values per example, (seeds, examples) both: right or wrong, for an accuracy."""

    def __init__(self, a: ArrayLike, b: ArrayLike) -> None:
        self._apart = difference(a, b, [2])
        self.seeds, self.examples = self._apart.shape

    def values(self) -> Float64:
        """Return the difference on all examples: (seeds,)."""
        found: Float64 = self._apart.mean(axis=1)
        return found

    def weighted(self, weights: Float64) -> Float64:
        """Return the difference of weighted means."""
        return weights @ self._apart.T / self.examples


class CorrelationDifference(AbstractTaskDifference):
    """Pearson's r of predictions `a` with the labels, minus that of `b`.

    `a`, `b`: (seeds, examples); `labels`: (examples,). Where predictions or labels do not vary, r does not exist and
    0 stands for it, in a resample as in the whole.
    """

    def __init__(self, a: ArrayLike, b: ArrayLike, labels: ArrayLike) -> None:
        self.seeds, self.examples = difference(a, b, [2]).shape
        truth = finite(labels, "labels")
        if truth.shape != (self.examples,):
            raise ValueError(f"labels must have shape ({self.examples},) as the predictions, got {truth.shape}")
        self._arms = [standardised(finite(a, "a")), standardised(finite(b, "b"))]
        self._labels = standardised(truth)

    def values(self) -> Float64:
        """Return the difference on all examples: (seeds,)."""
        found: Float64 = self.weighted(np.ones((1, self.examples)))[0]
        return found

    def weighted(self, weights: Float64) -> Float64:
        """Return the difference of correlations where examples have weights."""
        first, second = (_correlations(weights, arm, self._labels) for arm in self._arms)
        return first - second


def score_difference(tasks: Sequence[AbstractTaskDifference], *, resamples: int = 2000, seed: int = 0) -> Difference:
    """Return the difference of two configurations' scores, the mean over `tasks`, with the noise of seeds and examples.

    Seeds are those of the runs, the same in all tasks; each task has examples of its own. With t_i the score of seed
    i and t_i* that of resample *, over `resamples` draws of examples (the same for all seeds):

        seeds     var_i(t_i) / n                                           n - 1 degrees of freedom
        examples  E*[(mean_i t_i* - mean_i t_i)^2] - E*[var_i(t_i* - t_i)] / n, at least 0

    the second term of `examples` being what differs from seed to seed and is in `seeds` already. For means this is
    `paired_difference` but for the noise of resampling. `tasks` hold scores in 0..1; the result is in the same units.
    """
    if not tasks:
        raise ValueError("a score needs at least one task, got none")
    if resamples < 1:
        raise ValueError(f"resamples must be at least 1, got {resamples}")
    seeds = tasks[0].seeds
    if any(task.seeds != seeds for task in tasks):
        counts = ", ".join(str(task.seeds) for task in tasks)
        raise ValueError(f"all tasks must have the same seeds, got {counts} rows")
    scores = np.mean([task.values() for task in tasks], axis=0)  # (seeds,)
    drawn = np.mean([task.resampled(resamples, seed + 1 + i) for i, task in enumerate(tasks)], axis=0)
    moved = drawn - scores  # (resamples, seeds)
    shared = float((moved.mean(axis=1) ** 2).mean())
    example_df = min(task.examples for task in tasks) - 1
    if seeds == 1:
        return Difference(float(scores.mean()), Noise(0.0, shared, 0, max(example_df, 1)))
    residual = float(moved.var(axis=1, ddof=1).mean()) / seeds
    noise = crossed_noise(float(scores.var(ddof=1)) / seeds, shared, residual, seeds - 1, example_df)
    return Difference(float(scores.mean()), noise)


@functools.lru_cache(maxsize=8)
def resample_counts(size: int, resamples: int, seed: int) -> NDArray[np.uint8]:
    """Return how often each of `size` items is drawn in each of `resamples` draws of `size`: (resamples, size).

    Kept: the rows of one ablation table share their examples, so they share the draws too.
    """
    rng = np.random.default_rng([seed, size])
    counts = np.empty((resamples, size), dtype=np.uint8)
    for start in range(0, resamples, _CHUNK):
        rows = min(_CHUNK, resamples - start)
        drawn = rng.integers(0, size, size=(rows, size)) + np.arange(rows)[:, None] * size
        counts[start : start + rows] = np.bincount(drawn.ravel(), minlength=rows * size).reshape(rows, size)
    counts.flags.writeable = False
    return counts


def _correlations(weights: Float64, values: Float64, labels: Float64) -> Float64:
    """Weighted Pearson's r: weights (resamples, examples), values (seeds, examples) -> (resamples, seeds)."""
    total = weights.sum(axis=1, keepdims=True)
    mean, mean_label = weights @ values.T / total, weights @ labels[:, None] / total
    product = weights @ (values * labels).T / total - mean * mean_label
    variance = weights @ (values**2).T / total - mean**2
    label_variance = weights @ (labels**2)[:, None] / total - mean_label**2
    scale = np.sqrt(np.maximum(variance, 0.0) * np.maximum(label_variance, 0.0))
    exists = scale > 1e-12
    found: Float64 = np.where(exists, product / np.where(exists, scale, 1.0), 0.0)
    return found
