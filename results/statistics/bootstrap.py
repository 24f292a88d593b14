"""The bootstrap over examples: differences of means and of Pearson's r, and the noise of their average over tasks.

The score of a task is either a mean of values per example (accuracy) or the correlation of predictions with labels
(Pearson's r, recomputed in every resample). The score of a run is the mean over its tasks.
"""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from results.statistics.arrays import Float64, difference, finite, standardised
from results.statistics.differences import Difference, Noise, crossed_noise

_CHUNK = 200  # resamples per matrix of float64 weights: 200 x 3,000 examples are 5 MB


class AbstractTaskDifference(ABC):
    """Difference of two configurations on one task per seed, on all examples or on resampled ones."""

    seeds: int
    examples: int

    @abstractmethod
    def values(self) -> Float64:
        """Return the difference on all examples: (seeds,)."""

    @abstractmethod
    def weighted(self, weights: Float64) -> Float64:
        """Return the difference with weights[k, j] copies of example j: (resamples, examples) -> (resamples, seeds)."""

    def resampled(self, resamples: int, seed: int) -> Float64:
        """Return the difference on examples drawn with replacement, the same for every seed: (resamples, seeds)."""
        counts = resample_counts(self.examples, resamples, seed)
        starts = range(0, resamples, _CHUNK)
        return np.concatenate([self.weighted(counts[start : start + _CHUNK].astype(np.float64)) for start in starts])


class MeanDifference(AbstractTaskDifference):
    """mean(a) - mean(b) of values per example, both (seeds, examples): 0 or 1 for an accuracy."""

    def __init__(self, a: ArrayLike, b: ArrayLike) -> None:
        self._differences = difference(a, b, [2])
        self.seeds, self.examples = self._differences.shape

    def values(self) -> Float64:
        """Return the difference on all examples: (seeds,)."""
        return np.asarray(self._differences.mean(axis=1))

    def weighted(self, weights: Float64) -> Float64:
        """Return the difference of weighted means."""
        return weights @ self._differences.T / self.examples


class CorrelationDifference(AbstractTaskDifference):
    """Pearson's r between the predictions `a` and the labels, minus that of `b`.

    `a`, `b`: (seeds, examples); `labels`: (examples,). Where predictions or labels are constant, r is undefined and
    counts as 0, on all examples and in resamples.
    """

    def __init__(self, a: ArrayLike, b: ArrayLike, labels: ArrayLike) -> None:
        self.seeds, self.examples = difference(a, b, [2]).shape
        truth = finite(labels, "labels")
        if truth.shape != (self.examples,):
            raise ValueError(f"labels must have shape ({self.examples},) like the predictions, got {truth.shape}")
        self._predictions = [standardised(finite(a, "a")), standardised(finite(b, "b"))]
        self._labels = standardised(truth)

    def values(self) -> Float64:
        """Return the difference on all examples: (seeds,)."""
        return np.asarray(self.weighted(np.ones((1, self.examples)))[0])

    def weighted(self, weights: Float64) -> Float64:
        """Return the difference of weighted correlations."""
        first, second = (_correlations(weights, predictions, self._labels) for predictions in self._predictions)
        return first - second


def score_difference(tasks: Sequence[AbstractTaskDifference], *, resamples: int = 2000, seed: int = 0) -> Difference:
    """Return the mean difference over `tasks` of two configurations, with the noise of seeds and examples.

    All tasks share the seeds of the runs; each task has its own examples. With t_i the score of seed i and t_i* its
    score in a resample, over `resamples` draws of examples (the same for all seeds):

        seeds     var_i(t_i) / n                                           n - 1 degrees of freedom
        examples  E*[(mean_i t_i* - mean_i t_i)^2] - E*[var_i(t_i* - t_i)] / n, at least 0

    The second term of `examples` varies from seed to seed and is therefore already part of `seeds`. For means, the
    result equals `paired_difference` up to the noise of resampling. It is in the units of the scores.

    Raises:
        ValueError: there is no task, `resamples` is below 1, or the tasks have different seeds.
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
    """Return how often each of `size` items occurs in each of `resamples` draws of `size` items: (resamples, size).

    Cached, because the rows of an ablation table share their examples and therefore their draws.
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
    """Return weighted Pearson's r: weights (resamples, examples), values (seeds, examples) -> (resamples, seeds)."""
    total = weights.sum(axis=1, keepdims=True)
    mean, mean_label = weights @ values.T / total, weights @ labels[:, None] / total
    product = weights @ (values * labels).T / total - mean * mean_label
    variance = weights @ (values**2).T / total - mean**2
    label_variance = weights @ (labels**2)[:, None] / total - mean_label**2
    scale = np.sqrt(np.maximum(variance, 0.0) * np.maximum(label_variance, 0.0))
    exists = scale > 1e-12
    return np.where(exists, product / np.where(exists, scale, 1.0), 0.0)
