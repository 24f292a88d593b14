"""Tests of a difference, of many differences in one table, and of differences that are looked at again and again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from results.statistics.arrays import Float64, difference, finite, probability
from results.statistics.differences import paired_difference


def permutation_test(a: ArrayLike, b: ArrayLike, *, resamples: int = 20_000, seed: int = 0) -> float:
    """Two-sided p of "a and b are the same", by exchanging a and b within pairs (Fisher 1935, sign flips).

    `a`, `b`: (seeds,) or (seeds, examples), row i of both from one seed. What is exchanged is a whole run: a seed's
    noise is common to all its examples, so exchanging single examples would take it for an effect. With n seeds there
    are 2^n exchanges, all of them tried up to `resamples`, else as many random ones; so p is at least 2^(1-n), 0.25
    with 3 seeds and 0.0625 with 5: below 6 seeds this test cannot reject at 5 % (`Difference.p_value` can, for the
    price of assuming that seed effects are normal). With one seed and examples, examples are exchanged, and nothing
    is said about other seeds. Sign flips are scipy's; ValueError for NaN, infinities and unequal shapes.
    """
    from scipy import stats

    apart = difference(a, b)
    if apart.shape == (1,) or apart.shape == (1, 1):
        raise ValueError("a permutation test needs at least 2 pairs, got 1")
    pairs = apart[0] if len(apart) == 1 else apart.reshape(len(apart), -1).mean(axis=1)
    found = stats.permutation_test(
        (pairs,),
        lambda values, axis: values.mean(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=resamples,
        batch=max(1, 2_000_000 // len(pairs)),
        rng=np.random.default_rng(seed),
    )
    return float(found.pvalue)


def holm(p: ArrayLike) -> Float64:
    """Adjusted p-values, in the order given, that hold the family-wise error (Holm 1979, Scand. J. Statistics 6).

    With p sorted ascending, adjusted_(i) = max over k <= i of min(1, (m - k + 1) p_(k)): rejecting what is at most
    alpha makes any false rejection at all among the m rows at most as probable as alpha, whatever their dependence.
    `p`: (rows,), each 0..1; an empty table gives an empty array. ValueError for others and for NaN.
    """
    values = np.asarray(p, dtype=np.float64)
    if values.ndim != 1:
        raise ValueError(f"p must have shape (rows,), got {values.shape}")
    if not values.size:
        return values
    if not ((finite(values, "p") >= 0) & (values <= 1)).all():
        raise ValueError(f"a p-value lies in 0..1, got {values.min()} to {values.max()}")
    order = np.argsort(values, kind="stable")
    hurdles = np.arange(len(values), 0, -1)
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(np.maximum.accumulate(values[order] * hurdles), 1.0)
    return adjusted


def tost(a: ArrayLike, b: ArrayLike, margin: float) -> float:
    """p of "mean(a) and mean(b) are `margin` or more apart": small means equivalent (Schuirmann 1987).

    `a`, `b`: (seeds,), Student's t over seeds; or (seeds, examples), seeds and examples (`paired_difference`).
    `margin` above 0, in the units of the scores: 0.005 is half a point.
    """
    return paired_difference(a, b).equivalence_p(margin)


def spending(looks: Sequence[int], *, exponent: float = 2.0) -> Float64:
    """Return what share of the error each look at the data may spend; they sum to 1.

    `looks`: how many seeds there are at each look, ascending. With t_k = seeds at look k / seeds at the last one, look
    k may spend t_k^exponent - t_(k-1)^exponent of alpha (Kim and DeMets 1987, "Design and analysis of group sequential
    tests based on the type I error spending rate function", Biometrika 74, alpha t^rho). Fixed before the first look,
    so that it does not depend on what is seen.
    """
    seeds = np.asarray(looks, dtype=np.float64)
    if seeds.ndim != 1 or not seeds.size or seeds[0] <= 0 or (np.diff(seeds) <= 0).any():
        raise ValueError(f"looks must be ascending numbers of seeds, got {list(looks)}")
    if not exponent > 0:
        raise ValueError(f"exponent must be above 0, got {exponent}")
    shares: Float64 = np.diff((seeds / seeds[-1]) ** exponent, prepend=0.0)
    return shares


def sequential_p(p: Sequence[float], shares: ArrayLike) -> float:
    """Return one p-value of all looks so far: min over k of p_k / share_k, at most 1.

    P(min_k p_k / share_k <= u) <= sum_k u share_k = u by Bonferroni's inequality, whatever the dependence of the looks
    and whatever made one stop or go on. So it is a p-value, and Holm's method over a table of such holds its error.
    `p` may have fewer entries than `shares`: the later looks have not been taken.
    """
    parts = _checked_shares(shares)
    if not 0 < len(p) <= len(parts):
        raise ValueError(f"there must be 1 to {len(parts)} looks, got {len(p)}")
    return min(1.0, *(value / float(share) for value, share in zip(p, parts, strict=False)))


def sequential_level(level: float, shares: ArrayLike, look: int) -> float:
    """Return the level of the interval at look number `look` (0 is the first), so that all of them hold together.

    1 - (1 - level) share: all looks' intervals hold the true value together with probability `level` or more
    (Jennison and Turnbull 1989, "Interim analyses: the repeated confidence interval approach", JRSS B 51).
    """
    return 1 - (1 - probability(level, "level")) * float(_checked_shares(shares)[look])


def _checked_shares(shares: ArrayLike) -> NDArray[np.float64]:
    parts = finite(shares, "shares")
    if parts.ndim != 1 or not (parts > 0).all() or parts.sum() > 1 + 1e-9:
        raise ValueError(f"shares must be above 0 and sum to at most 1, got {parts.tolist()}")
    return parts
