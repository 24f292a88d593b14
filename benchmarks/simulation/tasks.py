"""Simulated tasks: what runs predict, example by example, where seeds and examples have the variances of a real study.

Run i (a seed) of configuration k on example j has the latent value

    z_kij = location_k + seed_i + own_seed_ki + example_j + own_example_kj + residual_ij + own_residual_kij

with independent normal effects. What configurations share cancels in a paired difference. A classification is right if
z > 0; a regression predicts z, its label times the location and the seed effects being the signal. The expected score
over new seeds and examples is exact: Phi(location / deviation of z), or Pearson's r averaged over the seeds' slopes.
"""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

Float = NDArray[np.float64]
LEVEL = 0.75  # score at which the variances below hold
DROP = 0.2  # by how much the score of a collapsed run is lower
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(60)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


class Variances(NamedTuple):
    """Variances of one task's scores per run and example, in squared shares, by effect."""

    seed: float
    own_seed: float
    own_example: float
    residual: float
    own_residual: float


def variances(pairing: float, own_examples: float, examples: int) -> Variances:
    """Return the variances of a task for which pairing removes the share `pairing` of a difference's seed variance.

    Measured per seed on the mean of three tasks (12 changes of trained heads, 10 seeds): a paired difference has the
    variance 1.61 points^2 at 200 examples per task, all of it residual, and 0.58 at 800, of which 0.40 is residual. So
    a difference on one task has 9 x 200 x 1.61e-4 / 3 = 0.096 per example and 3 x 0.18e-4 per seed, half of it from
    each configuration. The variance over examples that all seeds share, `own_examples` of the residual, was not
    measured apart. The shared residual is limited by the variance of a Bernoulli variable; beyond that, the seeds'
    effects are shared instead.
    """
    own_seed, own_residual = 0.27e-4, 0.048
    ratio = pairing / (1 - pairing)
    residual = min(0.067, ratio * own_residual)
    seed = ratio * (own_seed + own_residual / examples) - residual / examples
    return Variances(seed, own_seed, own_residual * own_examples, residual, own_residual)


@dataclass(frozen=True)
class Latent:
    """Variances of the latent effects; `own_seed`, `own_example` and `own_residual` for each configuration."""

    seed: float
    example: float
    residual: float
    own_seed: Float
    own_example: Float
    own_residual: Float


class Examples(NamedTuple):
    """Labels (examples,) and the effects of examples: shared (examples,), own (configurations, examples)."""

    labels: Float
    shared: Float
    own: Float


class Runs(NamedTuple):
    """Effects of seeds (configurations, seeds), noise (configurations, seeds, examples), and the labels."""

    seeds: Float
    noise: Float
    labels: Float


class AbstractTask(ABC):
    """One task for configurations whose own noise has `factors` times the deviation of an ordinary one.

    Above 1, a factor increases the deviation of a run's score over seeds; below 1, it reduces all effects of its own.
    """

    metric: str

    def __init__(self, of: Variances, factors: Float, examples: int) -> None:
        self.size = examples
        ordinary = of.own_seed + of.own_residual / examples
        self.latent = self._latent(of, np.maximum(factors**2 - 1, 0) * ordinary, np.minimum(factors, 1) ** 2)

    @abstractmethod
    def _latent(self, of: Variances, extra: Float, shrunk: Float) -> Latent:
        """Return the latent variances that give scores these variances, with `extra` own variance over seeds."""

    @abstractmethod
    def location(self, targets: Float) -> Float:
        """Return the locations at which runs have these expected scores, both (configurations, seeds)."""

    @abstractmethod
    def predictions(self, runs: Runs, location: Float) -> Float:
        """Return predictions (configurations, seeds, examples) from locations (configurations, seeds)."""

    @abstractmethod
    def scores(self, predictions: Float, labels: Float) -> Float:
        """Return the main metric of every run: (configurations, seeds)."""

    def examples(self, rng: np.random.Generator) -> Examples:
        """Draw dev examples, and their effects on all configurations."""
        latent = self.latent
        shared = np.sqrt(latent.example) * rng.standard_normal(self.size)
        own = np.sqrt(latent.own_example[:, None]) * rng.standard_normal((len(latent.own_example), self.size))
        return Examples(self._labels(rng), shared, own)

    def _labels(self, rng: np.random.Generator) -> Float:
        return rng.standard_normal(self.size)

    def runs(self, rng: np.random.Generator, examples: Examples, seeds: int) -> Runs:
        """Draw runs of all configurations with the same seeds on these examples."""
        latent, count = self.latent, len(examples.own)
        by_seed = np.sqrt(latent.seed) * rng.standard_normal(seeds)
        own = np.sqrt(latent.own_seed[:, None]) * rng.standard_normal((count, seeds))
        noise = np.sqrt(latent.own_residual[:, None, None]) * rng.standard_normal((count, seeds, self.size))
        noise += np.sqrt(latent.residual) * rng.standard_normal((seeds, self.size))
        return Runs(by_seed + own, noise + examples.shared + examples.own[:, None], examples.labels)


class Classification(AbstractTask):
    """Accuracy: a prediction is right, the label 1, if the latent value is above 0."""

    metric = "accuracy"

    def _latent(self, of: Variances, extra: Float, shrunk: Float) -> Latent:
        total = LEVEL * (1 - LEVEL)
        same_example = total - of.seed - of.own_seed - of.residual - of.own_residual
        seed, example = _correlation(of.seed), _correlation(same_example - of.own_example)
        own_seed, own_example = _correlation(of.seed + of.own_seed) - seed, _correlation(same_example) - example
        same_run = _correlation(total - of.own_seed - of.own_residual - of.own_example)
        residual = max(same_run - seed - example, 0.0)
        own_residual = 1 - seed - own_seed - example - own_example - residual
        share = np.array([_correlation(of.seed + of.own_seed + more) for more in extra])  # of a larger total
        own_seeds = (share * (1 - own_seed) - seed) / (1 - share)
        return Latent(seed, example, residual, own_seeds * shrunk, own_example * shrunk, own_residual * shrunk)

    def location(self, targets: Float) -> Float:
        """Return sqrt(variance of z) Phi^-1(target)."""
        latent = self.latent
        own = (latent.own_seed + latent.own_example + latent.own_residual)[:, None]
        return np.sqrt(latent.seed + latent.example + latent.residual + own) * ndtri(targets)

    def predictions(self, runs: Runs, location: Float) -> Float:
        """Return 1 for right, 0 for wrong."""
        return ((location + runs.seeds)[..., None] + runs.noise > 0).astype(np.float64)

    def scores(self, predictions: Float, labels: Float) -> Float:
        """Return accuracies."""
        return (predictions == labels).mean(axis=-1)

    def _labels(self, rng: np.random.Generator) -> Float:
        return np.ones(self.size)


class Regression(AbstractTask):
    """Pearson's r of predictions location x label + noise."""

    metric = "pearson"

    def _latent(self, of: Variances, extra: Float, shrunk: Float) -> Latent:
        """Predictions have the variance 1 at `LEVEL`; noise moves r by (label - r x prediction), variance 1 - r^2."""
        noise = 1 - LEVEL**2
        residual, own_residual, own_example = of.residual / noise, of.own_residual / noise, of.own_example / noise
        example = noise - residual - own_residual - own_example
        own_seeds = (of.own_seed + extra) / noise**2
        return Latent(
            of.seed / noise**2, example, residual, own_seeds * shrunk, own_example * shrunk, own_residual * shrunk
        )

    def location(self, targets: Float) -> Float:
        """Return the mean slopes, interpolated in a table."""
        latent = self.latent
        noise = latent.example + latent.residual + latent.own_example + latent.own_residual
        slopes = latent.seed + latent.own_seed
        return np.array([np.interp(t, *_expected_r(n, s)) for t, n, s in zip(targets, noise, slopes, strict=True)])

    def predictions(self, runs: Runs, location: Float) -> Float:
        """Return slope x label + noise."""
        return (location + runs.seeds)[..., None] * runs.labels + runs.noise

    def scores(self, predictions: Float, labels: Float) -> Float:
        """Return Pearson's r."""
        centred, truth = predictions - predictions.mean(axis=-1, keepdims=True), labels - labels.mean()
        return centred @ truth / np.sqrt((centred**2).sum(axis=-1) * (truth**2).sum())


@functools.cache
def _expected_r(noise: float, slope_variance: float) -> tuple[Float, Float]:
    """Return r, averaged over normal slopes, for a table of mean slopes."""
    means = np.linspace(0.05, 2.5, 4000)
    slopes = means[:, None] + np.sqrt(slope_variance) * _NODES
    return (slopes / np.sqrt(slopes**2 + noise)) @ _WEIGHTS, means


def _correlation(covariance: float) -> float:
    """Return the correlation of two normal variables whose events of probability `LEVEL` have this covariance."""
    covariances, correlations = _covariances()
    return float(np.interp(covariance, covariances, correlations))


@functools.cache
def _covariances() -> tuple[Float, Float]:
    """Return covariances of two events z > -Phi^-1(LEVEL) for a table of correlations of z."""
    correlations = np.concatenate([np.linspace(0, 0.02, 400, endpoint=False), np.linspace(0.02, 0.999, 4000)])
    nodes = np.linspace(-8, 8, 4001)
    weights = np.exp(-(nodes**2) / 2) / np.sqrt(2 * np.pi) * (nodes[1] - nodes[0])
    chances = ndtr((ndtri(LEVEL) + np.sqrt(correlations)[:, None] * nodes) / np.sqrt(1 - correlations)[:, None])
    return (chances**2) @ weights - LEVEL**2, correlations
