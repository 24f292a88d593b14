"""Selection bias: how much too high the best of many scores is, and what is left of it with fresh seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike

from results.statistics.arrays import Float64, finite
from results.statistics.differences import Difference, Interval, Noise


@dataclass(frozen=True)
class SelectionGap:
    """A configuration that a search chose: its score there, and its mean score with fresh seeds, which is a result.

    `interval` is that of the confirmed mean over seeds, None with one seed.
    """

    searched: float
    confirmed: float
    interval: Interval | None

    @property
    def bias(self) -> float:
        """How much too high the search's score was."""
        return self.searched - self.confirmed

    @property
    def bias_interval(self) -> Interval | None:
        """`bias` with the interval that the confirmed mean gives it."""
        mean = self.interval
        return mean and Interval(self.bias, self.searched - mean.high, self.searched - mean.low)


@dataclass(frozen=True)
class SearchBias:
    """How a search's scores are spread, and how much too high the best of them is on average.

    `configurations`: how many the best was chosen from. `deviation`: of scores over seeds, pooled over the confirmed
    configurations, with `df` degrees of freedom; None where none has two seeds. `spread`: of the configurations' true
    scores, what is left of the search's variance; `expected` is None without a deviation.
    """

    configurations: int
    deviation: float | None = None
    df: int = 0
    spread: float = 0.0
    expected: float | None = None


def expected_maximum(scores: ArrayLike, most: int | None = None) -> Float64:
    """Return the expected best of n runs for n = 1 .. N, from N scores: (N,) -> (N,), entry n - 1 for n; up to `most`.

    The mean of the maximum over all subsets of n of the N scores, unbiased for the expected maximum of n independent
    runs: with x_(1) <= ... <= x_(N),  sum_i x_(i) C(i-1, n-1) / C(N, n)  (Tang et al. 2020, "Showing your work doesn't
    always work", ACL, eq. 5; the estimator of Dodge et al. 2019 draws with replacement and is too low).
    """
    values = _scores(scores, "scores")
    values = np.sort(values)
    count = len(values)
    weights = np.full(count, 1 / count)  # of x_(i) for n = 1
    curve = np.empty(count if most is None else min(most, count))
    for n in range(1, len(curve) + 1):
        curve[n - 1] = values @ weights
        # C(i-1, n) / C(N, n+1) from C(i-1, n-1) / C(N, n)
        if n < count:
            weights = weights * (np.arange(count) - n + 1) / n * (n + 1) / (count - n)
    return curve


def probability_of_superiority(a: ArrayLike, b: ArrayLike) -> float:
    """Return P(a run of a scores more than a run of b), ties counting half, over all pairs of runs: 0..1.

    `a` (seeds of a,), `b` (seeds of b,): scores of runs; or (seeds, examples), averaged to scores first. Vargha and
    Delaney 2000, "A critique and improvement of the CL common language effect size", eq. 3; the Mann-Whitney statistic
    over the number of pairs.
    """
    first, second = _run_scores(a, "a"), _run_scores(b, "b")
    more = (first[:, None] > second).mean() + (first[:, None] == second).mean() / 2
    return float(more)


def selection_gap(searched: ArrayLike, confirmed: ArrayLike) -> SelectionGap:
    """Return the best score of a search beside the mean of the same configuration's runs with fresh seeds.

    `searched`: (runs,), the scores the choice was made by; `confirmed`: (seeds,), runs that took no part in it and
    whose mean is therefore not biased by it.
    """
    best = float(_scores(searched, "searched").max())
    fresh = _scores(confirmed, "confirmed")
    mean = float(fresh.mean())
    if len(fresh) < 2:
        return SelectionGap(best, mean, None)
    noise = Noise(float(fresh.var(ddof=1)) / len(fresh), 0.0, len(fresh) - 1, 0)
    return SelectionGap(best, mean, Difference(mean, noise).interval())


def search_bias(searched: Sequence[float], confirmed: Sequence[ArrayLike]) -> SearchBias:
    """Return the bias of the best of `searched`, a score per configuration.

    `confirmed`: for each confirmed configuration its scores over fresh seeds, (seeds,). The variance of the search's
    scores is that of the seeds plus that of the configurations.
    """
    deviation, df = pooled_deviation([np.asarray(scores, dtype=np.float64) for scores in confirmed])
    if deviation is None:
        return SearchBias(len(searched))
    variance = float(np.var(searched, ddof=1)) if len(searched) > 1 else 0.0
    spread = float(np.sqrt(max(0.0, variance - deviation**2)))
    expected = expected_selection_bias(len(searched), deviation, spread)
    return SearchBias(len(searched), deviation, df, spread, expected)


def pooled_deviation(groups: Sequence[Float64]) -> tuple[float | None, int]:
    """Return the standard deviation within groups, pooled by degrees of freedom, and their degrees of freedom."""
    df = sum(len(group) - 1 for group in groups if len(group))
    if df == 0:
        return None, 0
    squares = sum(float(((group - group.mean()) ** 2).sum()) for group in groups if len(group))
    return float(np.sqrt(squares / df)), df


def expected_selection_bias(runs: int, deviation: float, spread: float = 0.0) -> float:
    """Return how much too high the best of `runs` single runs is on average, in the units of `deviation`.

    Observed scores are true score plus noise of standard deviation `deviation`; the true scores of the configurations
    have the standard deviation `spread`; both normal. With E_n the expected maximum of n standard normal values
    (Gumbel 1958), the noise's share of it is

        deviation^2 / sqrt(deviation^2 + spread^2)  E_n
    """
    if runs < 1 or not deviation >= 0 or not spread >= 0:
        raise ValueError(f"runs >= 1, deviation >= 0, spread >= 0 must hold, got {runs}, {deviation}, {spread}")
    if deviation == 0:
        return 0.0
    return deviation**2 / float(np.hypot(deviation, spread)) * _normal_maximum(runs)


def bias_of_best(means: Sequence[float], difference: Difference) -> float:
    """Return how much too high the best of these mean scores is on average, in their units.

    A difference of two configurations has the noise of both: half its variance is that of one. Variance of the means
    beyond that is taken to be true, which makes the bias smaller (`expected_selection_bias`).
    """
    own = difference.noise.error / sqrt(2)
    true = max(float(np.var(means, ddof=1)) - own**2, 0.0)
    return expected_selection_bias(len(means), own, sqrt(true))


def _normal_maximum(count: int) -> float:
    """Return the expected maximum of `count` standard normal values: the integral of x n Phi(x)^(n-1) phi(x)."""
    from scipy.special import log_ndtr

    x = np.linspace(-12.0, 12.0, 24_001)
    density = count * np.exp((count - 1) * log_ndtr(x) - x**2 / 2) / np.sqrt(2 * np.pi)
    return float((x * density).sum() * (x[1] - x[0]))


def _scores(values: ArrayLike, name: str) -> Float64:
    array = finite(values, name)
    if array.ndim != 1:
        raise ValueError(f"{name} must have shape (runs,), got {array.shape}")
    return array


def _run_scores(values: ArrayLike, name: str) -> Float64:
    array = finite(values, name)
    if array.ndim not in (1, 2):
        raise ValueError(f"{name} must have shape (seeds,) or (seeds, examples), got {array.shape}")
    scores: Float64 = array.reshape(len(array), -1).mean(axis=1)
    return scores
