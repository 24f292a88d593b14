"""What the rows of a table tell about each other's noise: seed variances moderated towards those of all rows.

Three seeds alone leave two degrees of freedom: after Holm's adjustment a row of twenty would need a difference of some
twenty standard errors. The other rows were trained with the same seeds on the same data; how much their seeds deviate
is known from dozens of runs.
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

Key = TypeVar("Key", str, int)  # a configuration: its digest, or its place in a table
CHANCE = 0.1  # that the smallest variance of a table lies below what it is lifted to


@dataclass(frozen=True)
class VariancePrior:
    """The seed variances of a population of configurations: scaled inverse chi-square around `variance` with `df`.

    `df` is infinite where they do not differ more than chance makes them. `seen_df`: the degrees of freedom they were
    estimated with; `average`: of the `among` sample variances that they were estimated from.
    """

    variance: float
    df: float
    seen_df: float
    average: float = 0.0
    among: int = 1

    def moderated(self, variance: float, df: float) -> tuple[float, float]:
        """Return a configuration's own variance and its degrees of freedom, moderated: (variance, degrees of freedom).

        (d0 s0^2 + d s^2) / (d0 + d) with d0 + d degrees of freedom, never more than were seen (Smyth 2004, section 3).
        """
        if self.df == inf:
            return self.variance, self.seen_df
        own = max(variance, float(_least(self.average, self.among, df)))
        moderate = (self.df * self.variance + df * own) / (self.df + df)
        return moderate, min(self.df + df, self.seen_df)


def variance_prior(variances: ArrayLike, dfs: ArrayLike) -> VariancePrior:
    """Return the population that sample variances come from, by moments of their logarithms.

    `variances` (configurations,), each with `dfs` degrees of freedom, at least two of them. With e = log s^2 -
    digamma(d/2) + log(d/2), the variance of e beyond the mean of trigamma(d/2) is trigamma(d0/2), and
    log s0^2 = mean(e) + digamma(d0/2) - log(d0/2): Smyth 2004, "Linear models and empirical Bayes methods for assessing
    differential expression in microarray experiments", Statistical Applications in Genetics 3(1), section 6.2. Where
    nothing is beyond, d0 is infinite and s0^2 the average variance.

    A variance below what chance makes the smallest of so many counts as that: accuracies on few examples tie by chance,
    and the logarithm of a variance of 0 tells nothing of how much the others differ.
    """
    from scipy.special import digamma, polygamma

    values, df = finite(variances, "variances"), finite(dfs, "dfs")
    if values.shape != df.shape or values.ndim != 1 or len(values) < 2 or not (df >= 1).all():
        raise ValueError(f"variances and dfs must be at least two of each, dfs 1 or more, got {values} and {df}")
    total = float(df.sum())
    pooled = float(np.average(values, weights=df))
    if pooled == 0:
        return VariancePrior(0.0, inf, total)
    logs = np.log(np.maximum(values, _least(pooled, len(values), df))) - digamma(df / 2) + np.log(df / 2)
    beyond = float(logs.var(ddof=1) - polygamma(1, df / 2).mean())
    if beyond <= 0:
        return VariancePrior(pooled, inf, total)
    prior = 2 * _trigamma_inverse(beyond)
    variance = float(np.exp(logs.mean() + digamma(prior / 2) - np.log(prior / 2)))
    return VariancePrior(variance, prior, total, pooled, len(values))


def _least(average: float, among: int, df: Float64 | float) -> Float64:
    """Return what the smallest of so many sample variances around one `average` comes below once in ten times.

    average x chi2_d(CHANCE / among) / d. More often would find more, and err too often where noise truly differs: at a
    chance of 0.5 in 5.7 % of the tables of `benchmarks/planted.py` (`moderated_error`, spread 0.5, 3 seeds), at 0.1 in
    4.7 %, as without any such limit.
    """
    from scipy.stats import chi2

    return np.asarray(average * chi2.ppf(CHANCE / among, df) / df, dtype=np.float64)


def moderated(
    differences: Sequence[Difference],
    weights: Sequence[Mapping[Key, float]],
    scores: Mapping[Key, ArrayLike],
) -> list[Difference]:
    """Return contrasts of configurations with their seed noise estimated from all configurations of a table.

    With s_c^2 the variance over seeds of configuration c, moderated by those of all in `scores`, a contrast with the
    weights w over n seeds has the seed noise sum_c w_c^2 s_c^2 / n. The weights sum to 0, so what configurations have
    in common through their seed makes a contrast less noisy than that, never more. The examples' part stays. It holds
    where the seed variances of configurations are alike or differ as draws of one population; a single configuration
    whose training is far less stable than the others' is taken for calmer than it is.

    Args:
        differences: the contrasts as measured, with n - 1 degrees of freedom of their seeds.
        weights: of each contrast.
        scores: (seeds,) of every configuration, at least two; those that no contrast has tell of the others' noise.
    """
    arrays = {key: finite(values, "scores") for key, values in scores.items()}
    variances = {key: (float(values.var(ddof=1)), len(values) - 1) for key, values in arrays.items()}
    prior = variance_prior([variance for variance, _ in variances.values()], [df for _, df in variances.values()])
    own = {key: prior.moderated(variance, df) for key, (variance, df) in variances.items()}
    found = []
    for difference, row in zip(differences, weights, strict=True):
        seeds = sum(weight**2 * own[key][0] for key, weight in row.items()) / (difference.noise.seed_df + 1)
        df = min(own[key][1] for key in row)
        found.append(replace(difference, noise=replace(difference.noise, seeds=seeds, seed_df=df)))
    return found


def moderated_differences(rows: Sequence[ArrayLike], best: ArrayLike) -> list[Difference]:
    """Return each row minus `best`, its seed noise `moderated` by that of all rows: for `verdicts.judge`.

    `rows`: (seeds, examples) each, at least two seeds; `best`: (seeds, examples) with at least as many seeds, the first
    of which are those of the row. The examples' part is that of `paired_difference`.

    Raises:
        ValueError: a row has fewer than two seeds or more than `best`; NaN, infinities.
    """
    others, first = [finite(row, "row") for row in rows], finite(best, "best")
    counts = [len(row) for row in [first, *others]]
    if min(counts) < 2 or max(counts) > len(first):
        raise ValueError(f"rows must have 2 to {len(first)} seeds, those of best, got {counts[1:]}")
    plain = [paired_difference(row, first[: len(row)]) for row in others]
    scores = {place: row.mean(axis=1) for place, row in enumerate([first, *others])}
    return moderated(plain, [{place: 1.0, 0: -1.0} for place in range(1, len(scores))], scores)


def _trigamma_inverse(value: float) -> float:
    """x with trigamma(x) = value: Newton's method on 1 / trigamma, from below (Smyth 2004, appendix)."""
    from scipy.special import polygamma

    x = 0.5 + 1 / value
    for _ in range(50):
        trigamma = float(polygamma(1, x))
        step = trigamma * (1 - trigamma / value) / float(polygamma(2, x))
        x += step
        if -step / x < 1e-10:
            break
    return x
