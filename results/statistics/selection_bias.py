"""Selection bias: by how much the best of many scores overstates its configuration's true score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike

from results.statistics.arrays import Float64, finite, pooled_deviation
from results.statistics.differences import Difference, Interval, Noise


@dataclass(frozen=True)
class SelectionGap:
    """Best score of a search and the mean score of the same configuration with fresh seeds, which is unbiased.

    `interval` is the interval of the confirmed mean over seeds, None with one seed.
    """

    searched: float
    confirmed: float
    interval: Interval | None

    @property
    def bias(self) -> float:
        """The search's score minus the confirmed mean."""
        return self.searched - self.confirmed

    @property
    def bias_interval(self) -> Interval | None:
        """`bias` with the interval that follows from that of the confirmed mean."""
        mean = self.interval
        return mean and Interval(self.bias, self.searched - mean.high, self.searched - mean.low)


@dataclass(frozen=True)
class SearchBias:
    """Spread of a search's scores, and the `expected` bias of the best of its `configurations`.

    `deviation`: standard deviation of scores over seeds, pooled over the confirmed configurations, with `df` degrees of
    freedom; None if none has two seeds, and then `expected` is None too. `spread`: standard deviation of the
    configurations' true scores, from the rest of the search's variance.
    """

    configurations: int
    deviation: float | None = None
    df: int = 0
    spread: float = 0.0
    expected: float | None = None


def expected_maximum(scores: ArrayLike, most: int | None = None) -> Float64:
    """Return the expected best of n runs for n = 1 .. N (at most `most`), from N scores: (N,) -> (N,).

    It is the mean of the maximum over all subsets of n of the N scores, unbiased for the expected maximum of n
    independent runs: with x_(1) <= ... <= x_(N),  sum_i x_(i) C(i-1, n-1) / C(N, n)  (Tang et al. 2020, "Showing your
    work doesn't always work", ACL, eq. 5; the estimator of Dodge et al. 2019 draws with replacement and is too low).
    """
    values = np.sort(_scores(scores, "scores"))
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
    """Return P(a run of a scores more than a run of b) over all pairs of runs, ties counting half: 0..1.

    `a` (seeds of a,), `b` (seeds of b,): scores of runs; or (seeds, examples), averaged first. It is the Mann-Whitney
    statistic divided by the number of pairs (Vargha and Delaney 2000, "A critique and improvement of the CL common
    language effect size", eq. 3).
    """
    first, second = (_scores(v, name, ("(seeds,)", "(seeds, examples)")) for v, name in ((a, "a"), (b, "b")))
    return float((first[:, None] > second).mean() + (first[:, None] == second).mean() / 2)


def selection_gap(searched: ArrayLike, confirmed: ArrayLike) -> SelectionGap:
    """Return the best score of a search and the mean of the same configuration's runs with fresh seeds.

    `searched`: (runs,), the scores from which the best was chosen; `confirmed`: (seeds,), runs not used for the choice,
    whose mean is therefore unbiased.
    """
    best = float(_scores(searched, "searched").max())
    fresh = _scores(confirmed, "confirmed")
    mean = float(fresh.mean())
    if len(fresh) < 2:
        return SelectionGap(best, mean, None)
    noise = Noise(float(fresh.var(ddof=1)) / len(fresh), 0.0, len(fresh) - 1, 0)
    return SelectionGap(best, mean, Difference(mean, noise).interval())


def search_bias(searched: Sequence[float], confirmed: Sequence[ArrayLike]) -> SearchBias:
    """Return the bias of the best of `searched`, one score per configuration.

    `confirmed`: scores over fresh seeds of each confirmed configuration, (seeds,). The variance of the search's scores
    is the variance over seeds plus that over configurations.
    """
    deviation, df = pooled_deviation([np.asarray(scores, dtype=np.float64) for scores in confirmed])
    if deviation is None:
        return SearchBias(len(searched))
    variance = float(np.var(searched, ddof=1)) if len(searched) > 1 else 0.0
    spread = float(np.sqrt(max(0.0, variance - deviation**2)))
    expected = expected_selection_bias(len(searched), deviation, spread)
    return SearchBias(len(searched), deviation, df, spread, expected)


def expected_selection_bias(runs: int, deviation: float, spread: float = 0.0) -> float:
    """Return the expected bias of the best of `runs` single runs, in the units of `deviation`.

    Observed scores are true scores (standard deviation `spread` over configurations) plus noise (standard deviation
    `deviation`), both normal. With E_n the expected maximum of n standard normal values (Gumbel 1958), the bias is

        deviation^2 / sqrt(deviation^2 + spread^2)  E_n

    Raises:
        ValueError: `runs` is below 1, or a standard deviation is negative.
    """
    if runs < 1 or not deviation >= 0 or not spread >= 0:
        raise ValueError(f"runs >= 1, deviation >= 0, spread >= 0 must hold, got {runs}, {deviation}, {spread}")
    if deviation == 0:
        return 0.0
    return deviation**2 / float(np.hypot(deviation, spread)) * _normal_maximum(runs)


def bias_of_best(means: Sequence[float], variance: float) -> float:
    """Return the expected bias of the best of these mean scores, in their units.

    `variance`: that of a difference of two of them, twice that of one. Any further variance of the means counts as true
    differences, which reduce the bias (`expected_selection_bias`).
    """
    own = variance / 2
    true_variance = max(float(np.var(means, ddof=1)) - own, 0.0)
    return expected_selection_bias(len(means), sqrt(own), sqrt(true_variance))


def _normal_maximum(count: int) -> float:
    """Return the expected maximum of `count` standard normal values: the integral of x n Phi(x)^(n-1) phi(x)."""
    from scipy.special import log_ndtr

    x = np.linspace(-12.0, 12.0, 24_001)
    density = count * np.exp((count - 1) * log_ndtr(x) - x**2 / 2) / np.sqrt(2 * np.pi)
    return float((x * density).sum() * (x[1] - x[0]))


def _scores(values: ArrayLike, name: str, shapes: Sequence[str] = ("(runs,)",)) -> Float64:
    """Return the scores of runs, averaged over examples if there are any."""
    array = finite(values, name)
    if not 1 <= array.ndim <= len(shapes):
        raise ValueError(f"{name} must have shape {' or '.join(shapes)}, got {array.shape}")
    return array if array.ndim == 1 else np.asarray(array.mean(axis=1))
