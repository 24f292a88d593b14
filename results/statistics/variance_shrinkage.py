"""Empirical Bayes shrinkage of the rows' seed variances towards the variance of the whole table.

Three seeds give a row only two degrees of freedom: after Holm's adjustment for twenty rows, it would need a difference
of some twenty standard errors. The other rows were trained with the same seeds on the same data, so the table's dozens
of runs say how much seeds deviate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike

from results.statistics.arrays import Float64, finite
from results.statistics.differences import Difference, paired_difference

Key = TypeVar("Key", str, int)  # a configuration: its digest, or its index in a table
CHANCE = 0.1  # probability that the smallest variance of a table is below the lower limit by chance


@dataclass(frozen=True)
class VariancePrior:
    """Scaled inverse chi-square prior of the seed variances of configurations, around `variance` with `df`.

    `df` is infinite if the variances differ no more than by chance. The prior was estimated from `count` sample
    variances with the mean `average` and `total_df` degrees of freedom in all.
    """

    variance: float
    df: float
    total_df: float
    average: float = 0.0
    count: int = 1

    def moderated(self, variance: float, df: float) -> tuple[float, float]:
        """Return a configuration's moderated variance and its degrees of freedom.

        (d0 s0^2 + d s^2) / (d0 + d) with d0 + d degrees of freedom, at most `total_df` (Smyth 2004, section 3).
        """
        if self.df == inf:
            return self.variance, self.total_df
        limited = max(variance, float(_lower_limit(self.average, self.count, df)))
        return (self.df * self.variance + df * limited) / (self.df + df), min(self.df + df, self.total_df)


def variance_prior(variances: ArrayLike, dfs: ArrayLike) -> VariancePrior:
    """Return the prior of sample variances, estimated by the moments of their logarithms.

    `variances` (configurations,), at least two, with `dfs` degrees of freedom. With e = log s^2 - digamma(d/2) +
    log(d/2), the variance of e in excess of the mean of trigamma(d/2) is trigamma(d0/2), and log s0^2 = mean(e) +
    digamma(d0/2) - log(d0/2): Smyth 2004, "Linear models and empirical Bayes methods for assessing differential
    expression in microarray experiments", Statistical Applications in Genetics 3(1), section 6.2. Without an excess, d0
    is infinite and s0^2 the average variance.

    Variances are raised to `_lower_limit`: accuracies on few examples tie by chance, and the logarithm of a variance
    near 0 would dominate the moments.

    Raises:
        ValueError: the shapes do not fit, there are fewer than two variances, or a degree of freedom is below 1.
    """
    from scipy.special import digamma, polygamma

    values, df = finite(variances, "variances"), finite(dfs, "dfs")
    if values.shape != df.shape or values.ndim != 1 or len(values) < 2 or not (df >= 1).all():
        raise ValueError(f"variances and dfs need at least two values each, dfs 1 or more, got {values} and {df}")
    total = float(df.sum())
    pooled = float(np.average(values, weights=df))
    if pooled == 0:
        return VariancePrior(0.0, inf, total)
    logs = np.log(np.maximum(values, _lower_limit(pooled, len(values), df))) - digamma(df / 2) + np.log(df / 2)
    excess = float(logs.var(ddof=1) - polygamma(1, df / 2).mean())
    if excess <= 0:
        return VariancePrior(pooled, inf, total)
    prior_df = 2 * _trigamma_inverse(excess)
    variance = float(np.exp(logs.mean() + digamma(prior_df / 2) - np.log(prior_df / 2)))
    return VariancePrior(variance, prior_df, total, pooled, len(values))


def _lower_limit(average: float, count: int, df: Float64 | float) -> Float64:
    """Return the value that the smallest of `count` sample variances is below with probability `CHANCE`.

    average x chi2_d(CHANCE / count) / d. A higher chance gives more power but too many errors if noise truly differs:
    0.5 errs in 5.7 % of tables of 20 null rows (3 seeds, log deviations spread by 0.5), 0.1 in 4.7 %, as
    without a limit.
    """
    from scipy.stats import chi2

    return np.asarray(average * chi2.ppf(CHANCE / count, df) / df, dtype=np.float64)


def moderated(
    differences: Sequence[Difference],
    weights: Sequence[Mapping[Key, float]],
    scores: Mapping[Key, ArrayLike],
) -> list[Difference]:
    """Return contrasts of configurations with their noise over seeds estimated from all configurations of a table.

    With s_c^2 the moderated variance over seeds of configuration c, a contrast with the weights w over n seeds has the
    variance sum_c w_c^2 s_c^2 / n. The weights sum to 0, so effects of a seed that configurations share can only make
    the contrast less noisy. The variance over examples is unchanged. This assumes that the variances of configurations
    are draws from one population: one whose training is far less stable than the others' gets too small a variance.

    Args:
        differences: the contrasts as measured, with n - 1 degrees of freedom over seeds.
        weights: the weight of each configuration in each contrast.
        scores: (seeds,) for every configuration, at least two, whether or not a contrast has it.
    """
    arrays = {key: finite(values, "scores") for key, values in scores.items()}
    variances = {key: (float(values.var(ddof=1)), len(values) - 1) for key, values in arrays.items()}
    prior = variance_prior([variance for variance, _ in variances.values()], [df for _, df in variances.values()])
    shrunk = {key: prior.moderated(variance, df) for key, (variance, df) in variances.items()}
    contrasts = []
    for difference, row in zip(differences, weights, strict=True):
        seeds = sum(weight**2 * shrunk[key][0] for key, weight in row.items()) / (difference.noise.seed_df + 1)
        df = min(shrunk[key][1] for key in row)
        contrasts.append(replace(difference, noise=replace(difference.noise, seeds=seeds, seed_df=df)))
    return contrasts


def moderated_differences(rows: Sequence[ArrayLike], best: ArrayLike) -> list[Difference]:
    """Return each row minus `best`, with the noise over seeds `moderated` by all rows, for `verdicts.judge`.

    `rows`: (seeds, examples) each; `best`: (seeds, examples), whose first seeds are those of the row.

    Raises:
        ValueError: a row has fewer than two seeds or more than `best`, or a value is NaN or infinite.
    """
    others, first = [finite(row, "row") for row in rows], finite(best, "best")
    counts = [len(row) for row in [first, *others]]
    if min(counts) < 2 or max(counts) > len(first):
        raise ValueError(f"rows must have 2 to {len(first)} seeds, no more than best, got {counts[1:]}")
    measured = [paired_difference(row, first[: len(row)]) for row in others]
    scores = {index: row.mean(axis=1) for index, row in enumerate([first, *others])}
    return moderated(measured, [{index: 1.0, 0: -1.0} for index in range(1, len(scores))], scores)


def _trigamma_inverse(value: float) -> float:
    """Return x with trigamma(x) = value, by Newton's method on 1 / trigamma from below (Smyth 2004, appendix)."""
    from scipy.special import polygamma

    x = 0.5 + 1 / value
    for _ in range(50):
        trigamma = float(polygamma(1, x))
        step = trigamma * (1 - trigamma / value) / float(polygamma(2, x))
        x += step
        if -step / x < 1e-10:
            break
    return x
