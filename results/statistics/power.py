"""Power of a plan: the smallest difference that so many seeds find with a given probability."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np

from results.statistics.arrays import Float64, probability
from results.statistics.differences import Difference, tail_probability

# Before anything was measured: seeds of one configuration deviate by 0.7 points, a difference of two by sqrt(2) times.
PRIOR_DEVIATION = 0.007 * sqrt(2)
_NODES = 100


def noise_so_far(differences: Sequence[Difference]) -> tuple[float, float] | None:
    """Return the noise seen so far: (deviation over seeds of a paired difference, variance that its examples share).

    The variances are averaged, each with the weight of its degrees of freedom. None before anything has two seeds.
    """
    seen = [(found.noise, found.noise.seed_df) for found in differences if found.noise.seed_df > 0]
    if not seen:
        return None
    weights = np.array([df for _, df in seen], dtype=np.float64)
    by_seed = np.array([noise.seeds * (df + 1) for noise, df in seen])
    shared = np.array([noise.examples for noise, _ in seen])
    return sqrt(float(np.average(by_seed, weights=weights))), float(np.average(shared, weights=weights))


def minimum_detectable_effect(
    deviation: float,
    seeds: int,
    *,
    example_variance: float = 0.0,
    power: float = 0.8,
    level: float = 0.95,
    comparisons: int = 1,
    df: float | None = None,
) -> float:
    """Return the smallest true difference that is found with probability `power`, in the units of `deviation`.

    Found: its p-value is at most (1 - level) / comparisons, Holm's hurdle for the first of so many rows. `deviation` is
    the standard deviation over seeds of the paired difference of scores (`PRIOR_DEVIATION` where nothing is known),
    `example_variance` the variance that all seeds share through the dev examples (`Noise.examples`).

    `df`: with how many degrees of freedom the deviation will be known, seeds - 1 where only the row's own seeds tell;
    about configurations x (seeds - 1) where all rows do (`moderation`).

    With C(x) the distance that is needed when the seeds' variance comes out as x of its true value:
    power(d) = E_x[ P(|d + N(0, deviation^2 / seeds + example_variance)| > C(x)) ], x a chi-square over its degrees of
    freedom; without `example_variance` this is the power of Student's t (noncentral t; Cohen 1988, section 2.3).
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
    by_seed = deviation**2 / seeds
    error = sqrt(by_seed + example_variance)
    if error == 0:
        return 0.0
    needed, masses = _hurdles(by_seed / (by_seed + example_variance), df or seeds - 1, alpha)
    high = 1.0
    while _power(high, needed, masses) < power:
        high *= 2
    return error * float(brentq(lambda d: _power(d, needed, masses) - power, 0.0, high, xtol=1e-9))


def _power(effect: float, needed: Float64, masses: Float64) -> float:
    from scipy.special import ndtr

    return float(((ndtr(effect - needed) + ndtr(-effect - needed)) * masses).sum())


def _hurdles(share: float, df: float, alpha: float) -> tuple[Float64, Float64]:
    """Return distances that reject, for a total variance of 1 with the seeds' `share`: (nodes,), and their masses."""
    from scipy.special import gammaincinv, stdtrit

    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    u = ((nodes + 1) / 2) ** 4
    masses: Float64 = 2 * weights * ((nodes + 1) / 2) ** 3
    variances = share * 2 * gammaincinv(df / 2, u) / df
    if share == 1:
        return float(stdtrit(df, 1 - alpha / 2)) * np.sqrt(variances), masses
    low, high = np.zeros(_NODES), np.ones(_NODES)
    others = np.full(_NODES, 1 - share)
    normal = 10**9  # so many examples that their part is known

    def p(distance: Float64) -> Float64:
        return tail_probability(distance, variances, others, seed_df=df, example_df=normal)

    while (p(high) > alpha).any():
        high *= 2
    for _ in range(45):
        middle = (low + high) / 2
        over = p(middle) > alpha
        low, high = np.where(over, middle, low), np.where(over, high, middle)
    return high, masses
