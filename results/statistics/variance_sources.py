"""Variance of a score by source: seeds, training sentences and dev examples, each with an interval.

A run with seed i and the training sentences t, measured on dev example j, scores

    y_itj = mu + S_i + T_t + E_j + R_itj

and its mean over m examples has the variance s_S^2 + s_T^2 + (s_E^2 + s_R^2) / m. Runs that differ only in seed show
s_S^2 + s_R^2 / m, the part of the seeds; those whose sentences differ too show that and s_T^2; the examples' part is
s_E^2 / m, which the runs of a study share. A difference of two configurations has the same three parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike

from results.statistics.arrays import Float64, finite, probability
from results.statistics.differences import Interval


@dataclass(frozen=True)
class MeanSquare:
    """An estimate of a variance that is distributed like chi-square / df, in squared units of the score."""

    value: float
    df: float


@dataclass(frozen=True)
class VariancePart:
    """The part of a variance that one source has, with its interval and degrees of freedom; 0 of an estimate of 0."""

    value: float
    low: float
    high: float
    df: float

    @property
    def deviation(self) -> Interval:
        """The standard deviation with its interval."""
        return Interval(sqrt(self.value), sqrt(self.low), sqrt(self.high))


def mean_square_over_seeds(scores: ArrayLike) -> MeanSquare:
    """Return the variance of scores (seeds,) with n - 1 degrees of freedom.

    Raises:
        ValueError: there are fewer than two seeds, or a score is not finite.
    """
    values = finite(scores, "scores")
    if values.ndim != 1 or len(values) < 2:
        raise ValueError(f"a variance over seeds needs scores (seeds,) of at least 2, got shape {values.shape}")
    return MeanSquare(float(values.var(ddof=1)), len(values) - 1)


def from_mean_square(square: MeanSquare, level: float = 0.95) -> VariancePart:
    """Return a variance that is estimated directly: df V / chi-square at both ends, exact for normal scores."""
    high, low = (square.value / _over_infinity(p, square.df) for p in _ends(level))
    return VariancePart(square.value, low, high, square.df)


def from_difference(larger: MeanSquare, smaller: MeanSquare, level: float = 0.95) -> VariancePart:
    """Return the variance `larger` - `smaller`, at least 0, with the modified large-sample interval.

    With n_1, n_2 degrees of freedom, F = F(p; n_1, n_2) and F_i = F(p; n_i, infinity) at the upper p = 2.5 %:

        low  = V_1 - V_2 - sqrt(G_1^2 V_1^2 + H_2^2 V_2^2 + G_12 V_1 V_2)
        high = V_1 - V_2 + sqrt(H_1^2 V_1^2 + G_2^2 V_2^2 + H_12 V_1 V_2)

    G_i = 1 - 1 / F_i, H_i = 1 / F_i - 1 at the lower p, G_12 = ((F - 1)^2 - G_1^2 F^2 - H_2^2) / F, and H_12 =
    ((1 - F)^2 - H_1^2 F^2 - G_2^2) / F at the lower p (Ting, Burdick, Graybill, Jeyaratnam and Lu 1990, "Confidence
    intervals on linear combinations of variance components that are unrestricted in sign", Journal of Statistical
    Computation and Simulation 35; Burdick and Graybill 1992, section 3.3). Negative ends are 0. The two mean squares
    must be independent; if they correlate positively the interval is too wide. `df` is Satterthwaite's.
    """
    from scipy.special import fdtri

    (v1, n1), (v2, n2) = (larger.value, larger.df), (smaller.value, smaller.df)
    lower, upper = _ends(level)
    g1, g2 = (1 - 1 / _over_infinity(upper, n) for n in (n1, n2))
    h1, h2 = (1 / _over_infinity(lower, n) - 1 for n in (n1, n2))
    above, below = float(fdtri(n1, n2, upper)), float(fdtri(n1, n2, lower))
    g12 = ((above - 1) ** 2 - (g1 * above) ** 2 - h2**2) / above
    h12 = ((1 - below) ** 2 - (h1 * below) ** 2 - g2**2) / below
    down = sqrt(max((g1 * v1) ** 2 + (h2 * v2) ** 2 + g12 * v1 * v2, 0.0))
    up = sqrt(max((h1 * v1) ** 2 + (g2 * v2) ** 2 + h12 * v1 * v2, 0.0))
    spread = v1**2 / n1 + v2**2 / n2
    estimate = v1 - v2
    df = estimate**2 / spread if estimate > 0 else 0.0
    return VariancePart(max(estimate, 0.0), max(estimate - down, 0.0), max(estimate + up, 0.0), df)


def examples_part(tasks: Sequence[ArrayLike], level: float = 0.95) -> VariancePart:
    """Return s_E^2 / m of the mean over tasks of scores (seeds, examples), at least two of each.

    s_E^2 is the covariance over examples of the scores with two different seeds, averaged over all pairs of seeds: the
    mean over examples of

        c_j = ((sum_i d_ij)^2 - sum_i d_ij^2) / (n (n - 1))    d_ij = y_ij minus the mean of seed i

    The interval is Student's t over the c_j (a U-statistic; Arvesen 1969, "Jackknifing U-statistics", Annals of
    Mathematical Statistics 40), because right and wrong answers are far from normal: mean squares that are taken for
    chi-square cover 88 % where half the answers are right. The variances of T tasks, which have different examples, are
    summed and divided by T^2. Negative ends are 0; `df` are those of a chi-square with the same relative error.

    Raises:
        ValueError: there is no task, or one has fewer than two seeds or examples, or a value is not finite.
    """
    from scipy.special import stdtrit

    tables = [finite(task, "task") for task in tasks]
    if not tables or any(table.ndim != 2 or min(table.shape) < 2 for table in tables):
        raise ValueError(f"tasks must be (seeds, examples), at least two of each, got {[t.shape for t in tables]}")
    parts = [_covariances(table) / table.shape[1] / len(tables) ** 2 for table in tables]
    estimate = float(sum(part.mean() for part in parts))
    error = float(sum(part.var(ddof=1) / len(part) for part in parts))
    reach = float(stdtrit(min(len(part) for part in parts) - 1, _ends(level)[1])) * sqrt(error)
    df = 2 * estimate**2 / error if estimate > 0 and error > 0 else 0.0
    return VariancePart(max(estimate, 0.0), max(estimate - reach, 0.0), max(estimate + reach, 0.0), df)


def _ends(level: float) -> tuple[float, float]:
    outside = (1 - probability(level, "level")) / 2
    return outside, 1 - outside


def _over_infinity(p: float, df: float) -> float:
    """Return the quantile p of F with infinitely many degrees of freedom below: chi-square / df."""
    from scipy.special import gammaincinv

    return float(2 * gammaincinv(df / 2, p)) / df


def _covariances(table: Float64) -> Float64:
    """Return c_j of (seeds, examples), whose mean is the covariance of two seeds over examples."""
    seeds, examples = table.shape
    rest = table - table.mean(axis=1, keepdims=True)
    pairs = rest.sum(axis=0) ** 2 - (rest**2).sum(axis=0)
    return np.asarray(pairs / (seeds * (seeds - 1)) * examples / (examples - 1))
