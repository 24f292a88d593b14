"""Power of a plan: the smallest difference that a number of seeds detects, and the seeds that decide a null row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import sqrt

import numpy as np

from results.statistics.arrays import Float64, probability
from results.statistics.differences import Difference, tail_probability

# A deviation to try `minimum_detectable_effect` with: that of the difference of two independent scores, each of which
# deviates by 0.7 points. Plans take measured components instead (`noise_components`).
PRIOR_DEVIATION = 0.007 * sqrt(2)
_NODES = 40


def noise_so_far(differences: Sequence[Difference]) -> tuple[float, float] | None:
    """Return the mean noise of paired differences: (deviation over seeds, variance due to examples).

    The variances are averaged, weighted by their degrees of freedom. None if no difference has two seeds.
    """
    noises = [difference.noise for difference in differences if difference.noise.seed_df > 0]
    if not noises:
        return None
    weights = np.array([noise.seed_df for noise in noises], dtype=np.float64)
    by_seed = np.array([noise.seeds * (noise.seed_df + 1) for noise in noises])
    examples = np.array([noise.examples for noise in noises])
    return sqrt(float(np.average(by_seed, weights=weights))), float(np.average(examples, weights=weights))


def minimum_detectable_effect(
    deviation: float,
    seeds: int,
    *,
    example_variance: float = 0.0,
    residual: float = 0.0,
    power: float = 0.8,
    level: float = 0.95,
    comparisons: float = 1,
    df: float | None = None,
) -> float:
    """Return the smallest true difference that is detected with probability `power`, in the units of `deviation`.

    Detected means p <= (1 - level) / comparisons: a table's strictest threshold (`gatekeeping.strictest`). With C(x)
    the critical distance if the estimated variance over seeds is x times the true one, x a chi-square over its degrees
    of freedom:

        power(d) = E_x[ P(|d + N(0, deviation^2 / seeds + example_variance)| > C(x)) ]

    Without `example_variance` this is the power of Student's t (noncentral t; Cohen 1988, section 2.3).

    Args:
        deviation: standard deviation over seeds of the paired difference; `PRIOR_DEVIATION` before any measurement.
        example_variance: variance that all seeds share through the dev examples (`Noise.examples`).
        residual: the part of deviation^2 that is known from many residuals (`Noise.floor`).
        df: degrees of freedom of the deviation; by default seeds - 1, as from the row alone. All rows together
            (`variance_shrinkage`) give those of `noise_components.moderated_df`.

    Raises:
        ValueError: an argument is out of range, or `power` is not above the error.
    """
    from scipy.optimize import brentq

    probability(power, "power")
    alpha = (1 - probability(level, "level")) / comparisons
    if not deviation >= 0 or not example_variance >= 0:
        raise ValueError(f"deviations must not be negative, got {deviation} and variance {example_variance}")
    if seeds < 2 or comparisons < 1:
        raise ValueError(f"seeds must be at least 2 and comparisons at least 1, got {seeds} and {comparisons}")
    if power <= alpha:
        raise ValueError(f"power must exceed the error {alpha:g}, got {power}")
    error, critical, masses = _errors(deviation, seeds, example_variance, residual, alpha, df)
    if error == 0:
        return 0.0
    high = 1.0
    while _power(high, critical, masses) < power:
        high *= 2
    return error * float(brentq(lambda d: _power(d, critical, masses) - power, 0.0, high, xtol=1e-9))


@dataclass(frozen=True)
class NullRow:
    """Probabilities of the verdicts on a row without any difference, by its margin.

    `equivalent`: that verdict; `one_sided`: "no gain" or "no loss" at least, that is, not open.
    """

    equivalent: float
    one_sided: float


@lru_cache(maxsize=256)  # both probabilities are asked for the same numbers of seeds
def null_row(
    margin: float,
    deviation: float,
    seeds: int,
    *,
    example_variance: float = 0.0,
    residual: float = 0.0,
    level: float = 0.95,
    df: float | None = None,
) -> NullRow:
    """Return how often the margin decides a row whose true difference is 0; arguments as `minimum_detectable_effect`.

    Both one-sided tests have the error 1 - level. With C(x) their critical distance and s the standard error, a gain of
    the margin is excluded if the estimate is below margin - C(x), a loss if it is above C(x) - margin:

        equivalent = E_x[ max(0, 2 Phi((margin - C(x)) / s) - 1) ]     one_sided = E_x[ min(1, 2 Phi(...)) ]

    Raises:
        ValueError: there are fewer than 2 seeds.
    """
    from scipy.special import ndtr

    if seeds < 2:
        raise ValueError(f"seeds must be at least 2, got {seeds}")
    error, critical, masses = _errors(deviation, seeds, example_variance, residual, 2 * (1 - level), df)
    if error == 0:
        return NullRow(1.0, 1.0)
    twice = 2 * ndtr(margin / error - critical)
    return NullRow(float((np.maximum(twice - 1, 0) * masses).sum()), float((np.minimum(twice, 1) * masses).sum()))


def _errors(
    deviation: float, seeds: int, example_variance: float, residual: float, alpha: float, df: float | None
) -> tuple[float, Float64, Float64]:
    """Return the standard error, the critical distances of a two-sided test in units of it, and their masses."""
    by_seed = deviation**2 / seeds
    error = sqrt(by_seed + example_variance)
    if error == 0:
        return 0.0, np.zeros(1), np.ones(1)
    least = residual / deviation**2 if deviation else 0.0
    return error, *_critical_distances(by_seed / error**2, df or seeds - 1, alpha, least)


def _power(effect: float, critical: Float64, masses: Float64) -> float:
    from scipy.special import ndtr

    return float(((ndtr(effect - critical) + ndtr(-effect - critical)) * masses).sum())


def _critical_distances(share: float, df: float, alpha: float, least: float) -> tuple[Float64, Float64]:
    """Return critical distances at the nodes, and their masses, for a total variance of 1, `share` of it by seeds.

    The variance by seeds is known to be at least `least` of its true value (`Noise.floor`).
    """
    from scipy.special import gammaincinv, stdtrit

    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    u = ((nodes + 1) / 2) ** 4
    masses: Float64 = 2 * weights * ((nodes + 1) / 2) ** 3
    variances = share * 2 * gammaincinv(df / 2, u) / df
    if share == 1 and not least:
        return float(stdtrit(df, 1 - alpha / 2)) * np.sqrt(variances), masses
    low, high = np.zeros(_NODES), np.ones(_NODES)

    def p(distance: Float64) -> Float64:
        # With this many examples, their variance is as good as known.
        return tail_probability(distance, variances, 1 - share, seed_df=df, example_df=10**9, floor=share * least)

    while (p(high) > alpha).any():
        high *= 2
    for _ in range(26):
        middle = (low + high) / 2
        over = p(middle) > alpha
        low, high = np.where(over, middle, low), np.where(over, high, middle)
    return high, masses
