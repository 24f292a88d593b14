"""What the rows of a table tell about each other's noise: seed variances moderated towards those of all rows.

Three seeds alone leave two degrees of freedom: after Holm's adjustment a row of twenty would need a difference of some
twenty standard errors. The other rows were trained with the same seeds on the same data; how much their seeds deviate
is known from dozens of runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf

import numpy as np
from numpy.typing import ArrayLike

from results.arrays import Float64, finite
from results.crossed import Difference, paired_difference

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
        """A configuration's own variance and its degrees of freedom, moderated: (variance, degrees of freedom).

        (d0 s0^2 + d s^2) / (d0 + d) with d0 + d degrees of freedom, never more than were seen (Smyth 2004, section 3).
        """
        if self.df == inf:
            return self.variance, self.seen_df
        own = max(variance, float(_least(self.average, self.among, df)))
        moderate = (self.df * self.variance + df * own) / (self.df + df)
        return moderate, min(self.df + df, self.seen_df)


def variance_prior(variances: ArrayLike, dfs: ArrayLike) -> VariancePrior:
    """The population that sample variances come from, by moments of their logarithms.

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
    """What the smallest of so many sample variances around one `average` comes below once in ten times.

    average x chi2_d(CHANCE / among) / d. More often would find more, and err too often where noise truly differs: at a
    chance of 0.5 in 5.7 % of the tables of `benchmarks/planted.py` (`moderated_error`, spread 0.5, 3 seeds), at 0.1 in
    4.7 %, as without any such limit.
    """
    from scipy.stats import chi2

    return np.asarray(average * chi2.ppf(CHANCE / among, df) / df, dtype=np.float64)


def moderated_differences(rows: Sequence[ArrayLike], best: ArrayLike) -> list[Difference]:
    """Each row minus `best`, the noise of its seeds moderated by that of all rows: for `verdicts.judge`.

    `rows`: (seeds, examples) each; `best`: (seeds, examples) with at least as many seeds, the first of which are those
    of the row. A configuration's variance over seeds is moderated, and that of the difference is the sum of both: what
    the two have in common through their seed makes the difference less noisy than that, never more. The examples' part
    is that of `paired_difference`. It holds where the seed variances of configurations are alike or differ as draws of
    one population; a single configuration whose training is far less stable than the others' is taken for calmer than
    it is. At least two seeds a row.
    """
    others, first = [finite(row, "row") for row in rows], finite(best, "best")
    counts = [len(row) for row in [first, *others]]
    if min(counts) < 2 or max(counts) > len(first):
        raise ValueError(f"rows must have 2 to {len(first)} seeds, those of best, got {counts[1:]}")
    plain = [paired_difference(row, first[: len(row)]) for row in others]
    return pooled(plain, [row.mean(axis=1) for row in others], first.mean(axis=1))


def pooled(differences: Sequence[Difference], rows: Sequence[ArrayLike], reference: ArrayLike) -> list[Difference]:
    """The same of differences that are known already, `moderated_differences` says how.

    `rows`: the scores of each one's configuration (seeds,), over the seeds it has in common with `reference`: at least
    two of these (seeds,).
    """
    scores, first = [finite(row, "row") for row in rows], finite(reference, "reference")
    every = [first, *scores]
    prior = variance_prior([float(one.var(ddof=1)) for one in every], [len(one) - 1 for one in every])
    of_reference, df_of_reference = prior.moderated(float(first.var(ddof=1)), len(first) - 1)
    found = []
    for difference, row in zip(differences, scores, strict=True):
        of_row, df = prior.moderated(float(row.var(ddof=1)), len(row) - 1)
        seeds = (of_row + of_reference) / len(row)
        found.append(
            replace(difference, noise=replace(difference.noise, seeds=seeds, seed_df=min(df, df_of_reference)))
        )
    return found


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
