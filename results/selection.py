"""What choosing does to a score: the best of many runs, how much of it is luck, and what is left with fresh seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike

from results.arrays import Float64, finite
from results.crossed import Difference, Interval, Noise


@dataclass(frozen=True)
class SelectionGap:
    """A configuration that a search chose: its score there, its score with fresh seeds, and the gap.

    `luck` is `searched` minus the confirmed mean: what the search showed too much. Only the confirmed one is a result.
    """

    searched: float
    confirmed: Interval | float
    luck: float


def expected_maximum(scores: ArrayLike, most: int | None = None) -> Float64:
    """The expected best of n runs for n = 1 .. N, from N scores: (N,) -> (N,), entry n - 1 for n; up to `most`.

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
    """P(a run of a scores more than a run of b), ties counting half, over all pairs of runs: 0..1.

    `a` (seeds of a,), `b` (seeds of b,): scores of runs; or (seeds, examples), averaged to scores first. Vargha and
    Delaney 2000, "A critique and improvement of the CL common language effect size", eq. 3; the Mann-Whitney statistic
    over the number of pairs.
    """
    first, second = _run_scores(a, "a"), _run_scores(b, "b")
    more = (first[:, None] > second).mean() + (first[:, None] == second).mean() / 2
    return float(more)


def selection_gap(searched: ArrayLike, confirmed: ArrayLike) -> SelectionGap:
    """The best score of a search beside the mean of the same configuration's runs with fresh seeds.

    `searched`: (runs,), the scores the choice was made by; `confirmed`: (seeds,), runs that took no part in it and
    whose mean is therefore not biased by it. With two seeds or more the mean has its interval over seeds.
    """
    best = float(_scores(searched, "searched").max())
    fresh = _scores(confirmed, "confirmed")
    mean = float(fresh.mean())
    if len(fresh) < 2:
        return SelectionGap(best, mean, best - mean)
    noise = Noise(float(fresh.var(ddof=1)) / len(fresh), 0.0, len(fresh) - 1, 0)
    return SelectionGap(best, Difference(mean, noise).interval(), best - mean)


def expected_luck(runs: int, deviation: float, spread: float = 0.0) -> float:
    """How much too high the best of `runs` single runs is on average, in the units of `deviation`.

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


def luck_of_best(means: Sequence[float], difference: Difference) -> float:
    """How much too high the best of these mean scores is on average, in their units.

    A difference of two configurations has the noise of both: half its variance is one's own. What the means vary more
    than that is taken to be true, and makes the choice less a matter of luck (`expected_luck`).
    """
    own = difference.noise.error / sqrt(2)
    true = max(float(np.var(means, ddof=1)) - own**2, 0.0)
    return expected_luck(len(means), own, sqrt(true))


def _normal_maximum(count: int) -> float:
    """The expected maximum of `count` standard normal values: the integral of x n Phi(x)^(n-1) phi(x)."""
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
