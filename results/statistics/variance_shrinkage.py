"""Empirical Bayes shrinkage of the seed variances of a table's rows towards each other.

Three seeds give a row only two degrees of freedom: after an adjustment for twenty rows, it would need a difference of
some twenty standard errors. The other rows were trained with the same seeds on the same data, so together they say how
much seeds deviate. What is moderated is q = v / r, the variance of a row's means over seeds (v) in units of what the
residual of seeds and examples alone would give (r, `paired_noise`): q is at least 1, and comparable between rows that
change much and rows that change little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import ArrayLike, NDArray

from results.statistics.arrays import Float64, finite
from results.statistics.correlations import Correlations
from results.statistics.differences import Difference
from results.statistics.paired_noise import PairedRow, paired_row
from results.statistics.shared_noise import OUTLIER, shared_noise

ALIKE = 4.0  # a row is pooled with rows whose r differs from its own by at most this factor
FEWEST = 3  # rows that can be pooled
CHANCE = 0.1  # probability that the smallest q of a table is below its lower limit by chance


@dataclass(frozen=True)
class Prior:
    """Scaled inverse chi-square prior of values q, around `value` with `df` degrees of freedom.

    `df` is infinite if the values differ no more than by chance.
    """

    value: float
    df: float

    def moderated(self, values: Float64, dfs: Float64) -> tuple[Float64, Float64]:
        """Return moderated values and their degrees of freedom: (d0 q0 + d q) / (d0 + d) with d0 + d."""
        if self.df == inf:
            return np.full_like(values, self.value), np.full_like(values, inf)
        return (self.df * self.value + dfs * values) / (self.df + dfs), self.df + dfs


def prior_of(values: ArrayLike, dfs: ArrayLike) -> Prior:
    """Return the prior of sample variances, or of their ratios q, estimated by the moments of their logarithms.

    `values` (rows,), at least two, with `dfs` degrees of freedom. With e = log q - digamma(d/2) + log(d/2), the
    variance of e in excess of the mean of trigamma(d/2) is trigamma(d0/2), and log q0 = mean(e) + digamma(d0/2) -
    log(d0/2): Smyth 2004, "Linear models and empirical Bayes methods for assessing differential expression in
    microarray experiments", Statistical Applications in Genetics 3(1), section 6.2. Without an excess, d0 is infinite
    and q0 the average.

    Values are raised to a limit that the smallest of so many is below with the probability `CHANCE`, average x
    chi2_d(CHANCE / rows) / d: accuracies on few examples tie by chance, and the logarithm of a variance near 0 would
    dominate the moments.

    Raises:
        ValueError: the shapes do not fit, there are fewer than two values, or a degree of freedom is below 1.
    """
    from scipy.special import digamma, polygamma
    from scipy.stats import chi2

    sampled, df = finite(values, "values"), finite(dfs, "dfs")
    if sampled.shape != df.shape or sampled.ndim != 1 or len(sampled) < 2 or not (df >= 1).all():
        raise ValueError(f"values and dfs need at least two numbers each, dfs 1 or more, got {sampled} and {df}")
    average = float(np.average(sampled, weights=df))
    if average == 0:
        return Prior(0.0, inf)
    limited = np.maximum(sampled, average * chi2.ppf(CHANCE / len(sampled), df) / df)
    logs = np.log(limited) - digamma(df / 2) + np.log(df / 2)
    excess = float(logs.var(ddof=1) - polygamma(1, df / 2).mean())
    if excess <= 0:
        return Prior(average, inf)
    prior_df = 2 * _trigamma_inverse(excess)
    return Prior(float(np.exp(logs.mean() + digamma(prior_df / 2) - np.log(prior_df / 2))), prior_df)


def moderated(rows: Sequence[PairedRow], also: Sequence[PairedRow] = ()) -> list[Difference]:
    """Return the rows' differences with their noise over seeds moderated over the table; `also`: rows that only tell.

    For a row, q is moderated over the rows that are like it, with r at most `ALIKE` times larger or smaller: with a
    noisy reference, rows that are almost identical to it would otherwise tell too small a q for the others. Rows whose
    q is an outlier (above the quantile `OUTLIER` of F times the median; Phipson et al. 2016, "Robust hyperparameter
    estimation protects against hypervariable genes", Annals of Applied Statistics 10) keep their own. The variance over
    seeds is then q r / n, and at least r / n (`Noise.floor`).

    All rows share one reference, and its part of their noise is estimated from few seeds. If it is no outlier among the
    rows' own parts, it is moderated, too (`shared_noise`). Otherwise the degrees of freedom are at most those of the
    mean of all q, which are correlated: with L rows, the sum of their d divided by 1 + (L - 1) rho^2, rho^2 the mean
    squared correlation between rows (`correlations`). A reference that is much noisier than the rows makes rho^2 almost
    1, and then the table tells no more than one row.

    Rows without examples have r = 1 in place of an unknown r. Rows that are identical to the reference tell nothing.
    """
    every = [*rows, *also]
    telling = [place for place, row in enumerate(every) if not row.difference.is_zero]
    noise = {place: (row.variance, float(row.df)) for place, row in enumerate(every)}
    for known in (True, False):
        kind = [place for place in telling if bool(every[place].residual) == known]
        for place, found in zip(kind, _moderated([every[place] for place in kind]), strict=True):
            noise[place] = found
    return [row.with_noise(*noise[place]) for place, row in enumerate(rows)]


def moderated_differences(rows: Sequence[ArrayLike], best: ArrayLike) -> list[Difference]:
    """Return each row minus `best` with noise `moderated` over the rows, for `verdicts.judge`.

    `rows`: (seeds, examples) each; `best`: (seeds, examples), whose first seeds are those of the row.

    Raises:
        ValueError: a row has fewer than two seeds or more than `best`, or a value is NaN or infinite.
    """
    others, first = [finite(row, "row") for row in rows], finite(best, "best")
    if any(not 2 <= len(row) <= len(first) for row in others):
        raise ValueError(f"rows must have 2 to {len(first)} seeds, no more than best, got {[len(r) for r in others]}")
    return moderated([paired_row([row - first[: len(row)]]) for row in others])


def _moderated(rows: Sequence[PairedRow]) -> list[tuple[float, float]]:
    """Return the moderated variance over seeds of rows, and its degrees of freedom; all have examples, or none has."""
    if len(rows) < FEWEST:
        return [(row.variance, float(row.df)) for row in rows]
    unit = np.array([row.residual or 1.0 for row in rows])
    correlations = Correlations(rows)
    pools: dict[bytes, tuple[Float64, Float64]] = {}
    found = []
    for place in range(len(rows)):
        alike = np.flatnonzero(np.abs(np.log(unit / unit[place])) <= np.log(ALIKE))
        pool = alike.tobytes()
        if pool not in pools:
            pools[pool] = _pooled(rows, unit, correlations, alike)
        (value, df), at = pools[pool], np.searchsorted(alike, place)
        found.append((float(value[at]) * float(unit[place]), float(df[at])))
    return found


def _pooled(
    rows: Sequence[PairedRow], unit: Float64, correlations: Correlations, alike: NDArray[np.intp]
) -> tuple[Float64, Float64]:
    """Return moderated q of the rows at `alike` and their degrees of freedom; outliers and small pools keep their own.

    `unit`: (rows,), in which variances are measured.
    """
    from scipy.stats import chi2, f

    values = np.array([rows[place].variance for place in alike]) / unit[alike]
    dfs = np.array([float(rows[place].df) for place in alike])

    def correlated(places: NDArray[np.bool_]) -> float:
        return float(dfs[places].sum() / (1 + (places.sum() - 1) * correlations.squared(alike[places])))

    scale = float(np.median(values / (chi2.ppf(0.5, dfs) / dfs)))  # of values whose medians are below their means
    most = max(correlated(np.ones(len(alike), dtype=np.bool_)), 1.0)
    inside = values <= scale * f.ppf(OUTLIER, dfs, most)
    shared = shared_noise(rows, alike, correlations)
    if shared is not None:  # tells outliers better
        inside[np.searchsorted(alike, shared.places)] = shared.inside
    if inside.sum() < FEWEST:
        return values, dfs
    factor, most = shared.moderated() if shared is not None and shared.usual else (1.0, correlated(inside))
    moderated_values, df = prior_of(values[inside], dfs[inside]).moderated(values, dfs)
    return np.where(inside, factor * moderated_values, values), np.where(inside, np.minimum(df, most), dfs)


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
