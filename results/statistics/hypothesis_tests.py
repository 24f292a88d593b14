"""Tests of one difference, of the many differences in a table, and of differences with interim analyses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from results.statistics.arrays import Float64, difference, finite, probability
from results.statistics.differences import paired_difference


def permutation_test(a: ArrayLike, b: ArrayLike, *, resamples: int = 20_000, seed: int = 0) -> float:
    """Return the two-sided p of "a and b are equal" by exchanging a and b within pairs (sign flips, Fisher 1935).

    `a`, `b`: (seeds,) or (seeds, examples), where row i of both has the same seed. Whole runs are exchanged: all
    examples share the noise of their seed, so exchanging single examples would take it for an effect. All 2^n exchanges
    of n seeds are tried if there are at most `resamples`, else that many random ones. Thus p is at least 2^(1-n), 0.25
    with 3 seeds and 0.0625 with 5: with fewer than 6 seeds this test cannot reject at 5 %. (`Difference.p_value` can,
    by assuming normal seed effects.) With one seed, examples are exchanged, and p does not generalise to other seeds.

    Raises:
        ValueError: the shapes differ, a value is NaN or infinite, or there is only one pair.
    """
    from scipy import stats

    values = difference(a, b)
    if values.size == 1:
        raise ValueError("a permutation test needs at least 2 pairs, got 1")
    pairs = values[0] if len(values) == 1 else values.reshape(len(values), -1).mean(axis=1)
    result = stats.permutation_test(
        (pairs,),
        lambda values, axis: values.mean(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=resamples,
        batch=max(1, 2_000_000 // len(pairs)),
        rng=np.random.default_rng(seed),
    )
    return float(result.pvalue)


def holm(p: ArrayLike) -> Float64:
    """Return adjusted p-values, in the given order, that control the family-wise error (Holm 1979, Scand. J. Stat. 6).

    With p sorted ascending, adjusted_(i) = max over k <= i of min(1, (m - k + 1) p_(k)). If the rows with an adjusted p
    of at most alpha are rejected, the probability of any false rejection among the m rows is at most alpha, whatever
    their dependence. `p`: (rows,), each 0..1; an empty table gives an empty array.

    Raises:
        ValueError: `p` has another shape, or a value is NaN or outside 0..1.
    """
    values = np.asarray(p, dtype=np.float64)
    if values.ndim != 1:
        raise ValueError(f"p must have shape (rows,), got {values.shape}")
    if not values.size:
        return values
    if not ((finite(values, "p") >= 0) & (values <= 1)).all():
        raise ValueError(f"p-values must be between 0 and 1, got {values.min()} to {values.max()}")
    order = np.argsort(values, kind="stable")
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1)), 1.0)
    return adjusted


def tost(a: ArrayLike, b: ArrayLike, margin: float) -> float:
    """Return p of "mean(a) and mean(b) differ by at least `margin`": small means equivalent (Schuirmann 1987).

    `a`, `b`: (seeds,) for Student's t over seeds, or (seeds, examples) for both (`paired_difference`). `margin` is
    above 0, in the units of the scores: 0.005 is half a point.
    """
    return paired_difference(a, b).equivalence_p(margin)


def spending(seeds: Sequence[int], *, exponent: float = 2.0) -> Float64:
    """Return the share of the error that each interim analysis may spend; the shares sum to 1.

    `seeds`: the number of seeds at each analysis, ascending. With t_k = seeds at analysis k / seeds at the last one,
    analysis k may spend t_k^exponent - t_(k-1)^exponent of alpha (Kim and DeMets 1987, "Design and analysis of group
    sequential tests based on the type I error spending rate function", Biometrika 74, alpha t^rho). The shares are
    fixed before the first analysis and do not depend on the data.

    Raises:
        ValueError: `seeds` is not ascending, or `exponent` is not above 0.
    """
    counts = np.asarray(seeds, dtype=np.float64)
    if counts.ndim != 1 or not counts.size or counts[0] <= 0 or (np.diff(counts) <= 0).any():
        raise ValueError(f"seeds of interim analyses must be ascending numbers above 0, got {list(seeds)}")
    if not exponent > 0:
        raise ValueError(f"exponent must be above 0, got {exponent}")
    return np.diff((counts / counts[-1]) ** exponent, prepend=0.0)


def sequential_p(p: Sequence[float], shares: ArrayLike) -> float:
    """Return one p-value for all interim analyses so far: min over k of p_k / share_k, at most 1.

    P(min_k p_k / share_k <= u) <= sum_k u share_k = u by Bonferroni's inequality, whatever the dependence of the
    analyses and the rule for stopping. It is therefore a valid p-value, to which Holm's method applies. `p` may have
    fewer entries than `shares`: later analyses have not happened yet.

    Raises:
        ValueError: there is no p, or there are more than shares; the shares are not above 0 or exceed 1 in sum.
    """
    spent = validated_shares(shares, len(p))
    return min(1.0, *(value / float(share) for value, share in zip(p, spent, strict=False)))


def sequential_level(level: float, shares: ArrayLike, analysis: int) -> float:
    """Return the confidence level of the interval at interim analysis `analysis` (from 0).

    1 - (1 - level) share: the intervals of all analyses together contain the true value with probability `level` or
    more (Jennison and Turnbull 1989, "Interim analyses: the repeated confidence interval approach", JRSS B 51).
    """
    return 1 - (1 - probability(level, "level")) * float(validated_shares(shares)[analysis])


def validated_shares(shares: ArrayLike, analyses: int = 1) -> Float64:
    """Return the shares of the error of interim analyses, of which there were `analyses` so far.

    Raises:
        ValueError: there was no analysis, or more than shares; the shares are not above 0 or exceed 1 in sum.
    """
    values = finite(shares, "shares")
    if values.ndim != 1 or not (values > 0).all() or values.sum() > 1 + 1e-9:
        raise ValueError(f"shares must be above 0 and sum to at most 1, got {values.tolist()}")
    if not 0 < analyses <= len(values):
        raise ValueError(f"there must be 1 to {len(values)} interim analyses, got {analyses}")
    return values
