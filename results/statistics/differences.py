"""Differences of two configurations over several seeds on one set of examples: noise, intervals and p-values.

Every seed is scored on the same examples, so the difference D of seed i on example j has three sources of noise:

    D_ij = delta + S_i + E_j + R_ij        seeds crossed with examples, delta the true difference

The mean over both has the variance (s_S^2 + s_R^2 / m) / n  +  s_E^2 / m  with n seeds and m examples. The first term
is estimated from few values (the seeds), the second from many. A two-level bootstrap counts s_R^2 twice, and its
intervals are too wide; Student's t over the seeds omits the second term, and its intervals are too narrow;
Satterthwaite's approximation of the sum rejects a true null up to nine times too often at the small levels that many
comparisons need (3 seeds, p < 0.0025). Therefore the two terms are kept separate: see `tail_probability`.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from math import inf, sqrt

import numpy as np
from numpy.typing import ArrayLike

from results.statistics.arrays import Float64, difference, probability

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)
# Gauss-Legendre over the quantiles u of a chi-square, u = v^6: dense at small u, which make the heavy tails.
_LEVELS = ((_NODES + 1) / 2) ** 6
_MASSES = 3 * _WEIGHTS * ((_NODES + 1) / 2) ** 5


@dataclass(frozen=True)
class Interval:
    """Estimate with the interval `low <= high` around it, all in the same unit."""

    estimate: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether zero is outside the interval; an end of exactly zero counts as inside."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Noise:
    """Variance of an estimate by source, in squared units of the estimate.

    `seeds`: (s_S^2 + s_R^2 / m) / n, which varies between seeds, with `seed_df` = n - 1 degrees of freedom. `examples`:
    s_E^2 / m, which all seeds share, with `example_df`. With a single seed, `seed_df` is 0 and only the variance over
    examples is known: the estimate does not generalise to other seeds.

    `floor`: the part s_R^2 / (m n) of `seeds`, if it is known from many residuals. An estimate from the seeds alone may
    be below it by chance: `sampled`, if it differs from `seeds`.
    """

    seeds: float
    examples: float
    seed_df: float
    example_df: int
    floor: float = 0.0
    sampled: float | None = None

    @property
    def error(self) -> float:
        """The standard error of the estimate."""
        return sqrt(self.seeds + self.examples)

    def calibrated_df(self) -> float:
        """Return the seeds' degrees of freedom for an interval: n - 1 plus half the examples' share of the variance.

        With n - 1, intervals are exact or too wide: a 95 % interval covers up to 97.7 % (3 seeds, examples two thirds
        of the variance). With this correction they cover 94.8 to 97 % for every share, by numerical integration for 3,
        5 and 10 seeds. p-values, whose small levels matter, use n - 1; so do intervals with two seeds.
        """
        if self.seed_df < 2 or self.examples == 0:
            return self.seed_df
        return self.seed_df + 0.5 * self.examples / (self.seeds + self.examples)


@dataclass(frozen=True)
class Difference:
    """Score of one configuration minus that of another, in score units, with its noise."""

    estimate: float
    noise: Noise

    def times(self, factor: float) -> Difference:
        """Return `factor` times the difference."""
        noise = replace(self.noise, seeds=factor**2 * self.noise.seeds, examples=factor**2 * self.noise.examples)
        return Difference(factor * self.estimate, noise)

    def interval(self, level: float = 0.95) -> Interval:
        """Return the confidence interval of `level` for new seeds and new examples."""
        reach = _reach(probability(level, "level"), self.noise, self.noise.calibrated_df())
        return Interval(self.estimate, self.estimate - reach, self.estimate + reach)

    def p_value(self, against: float = 0.0) -> float:
        """Return the two-sided p-value of the hypothesis that the true difference is `against`."""
        return _two_sided(self.estimate - against, self.noise)

    @property
    def is_zero(self) -> bool:
        """Whether there is neither a difference nor any noise: chance would have left some."""
        return self.estimate == 0 and self.noise.error == 0

    def p_below(self, limit: float) -> float:
        """Return the one-sided p-value of "the true difference is at least `limit`"; small if it is below."""
        p = _two_sided(limit - self.estimate, self.noise)
        return p / 2 if self.estimate <= limit else 1 - p / 2

    def p_above(self, limit: float) -> float:
        """Return the one-sided p-value of "the true difference is at most `limit`"; small if it is above."""
        return replace(self, estimate=-self.estimate).p_below(-limit)

    def equivalence_p(self, margin: float) -> float:
        """Return p of "the true difference is at least `margin` in size": two one-sided tests (Schuirmann 1987).

        It is the larger of the two one-sided p-values; a small value means that the difference is within the margin.

        Raises:
            ValueError: `margin` is not above 0.
        """
        if not margin > 0:
            raise ValueError(f"margin must be above 0, got {margin}")
        return max(self.p_below(margin), self.p_above(-margin))

    def test_interval(self, level: float = 0.95) -> Interval:
        """Return the values that a two-sided test at 1 - `level` does not reject.

        It has the degrees of freedom of `p_value`, so it excludes 0 if and only if p is below 1 - level; `interval` is
        a little narrower (`Noise.calibrated_df`).
        """
        reach = _reach(probability(level, "level"), self.noise, self.noise.seed_df)
        return Interval(self.estimate, self.estimate - reach, self.estimate + reach)


def paired_difference(a: ArrayLike, b: ArrayLike) -> Difference:
    """Return mean(a) - mean(b) with its noise in closed form: two-way analysis of variance without replication.

    `a`, `b`: (seeds, examples), where row i of both has the same seed and column j the same example; or (seeds,),
    averaged scores, whose difference does not generalise to other examples. With D = a - b and the mean squares
    MS_seeds, MS_examples, MS_rest (Searle, Casella and McCulloch 1992, "Variance Components", section 4.3):

        seeds = MS_seeds / (n m)        examples = max(MS_examples - MS_rest, 0) / (n m)

    Raises:
        ValueError: the shapes differ, a value is NaN or infinite, or there is one seed and no examples.
    """
    values = difference(a, b)
    seeds, estimate = len(values), float(values.mean())
    if values.ndim == 1 or values.shape[1] == 1:
        if seeds < 2:
            raise ValueError(f"a difference of scores needs at least 2 seeds, got {seeds}")
        return Difference(estimate, Noise(float(values.reshape(seeds).var(ddof=1)) / seeds, 0.0, seeds - 1, 0))
    examples = values.shape[1]
    if seeds == 1:
        return Difference(estimate, Noise(0.0, float(values[0].var(ddof=1)) / examples, 0, examples - 1))
    seed_variance = float(values.mean(axis=1).var(ddof=1)) / seeds
    return Difference(estimate, crossed_noise(seed_variance, *_variances_of_mean(values), seeds - 1, examples - 1))


def examples_and_rest(values: Float64) -> tuple[float, Float64]:
    """Return the variance of the mean over examples, and the residuals, of (seeds, examples)."""
    columns = values.mean(axis=0)
    rest = values - values.mean(axis=1)[:, None] - columns + values.mean()
    return float(columns.var(ddof=1)) / len(columns), rest


def _variances_of_mean(values: Float64) -> tuple[float, float]:
    """Return two variances of the mean of (seeds, examples): over examples, and of the residual."""
    seeds, examples = values.shape
    shared, rest = examples_and_rest(values)
    return shared, float((rest**2).sum()) / ((seeds - 1) * (examples - 1)) / values.size


def crossed_noise(seeds: float, examples: float, residual: float, seed_df: int, example_df: int) -> Noise:
    """Return the noise from three variances of a mean: over seeds, over examples, and of the residual in both.

    Accuracies are counts, so two or three seeds can tie by chance. Their variance is then replaced by the residual's,
    which is a part of it, so that a tie is not taken for certainty.
    """
    tied = seeds <= 1e-9 * residual
    return Noise(residual if tied else seeds, max(examples - residual, 0.0), seed_df, example_df)


def tail_probability(
    distance: ArrayLike,
    seeds: ArrayLike,
    examples: ArrayLike,
    *,
    seed_df: float,
    example_df: float,
    floor: float = 0.0,
) -> Float64:
    """Return the two-sided probability of an estimate at least `distance` from the truth; the arguments broadcast.

    The true variance over seeds is unknown: given its estimate V it is V df / X, with X chi-square distributed with df
    degrees of freedom. Averaged over X, with T the distribution function of Student's t with `example_df`:

        p = E[ 2 T( -|distance| / sqrt(V df / X + examples) ) ]

    the Behrens-Fisher solution (Fisher 1935, "The fiducial argument in statistical inference", Annals of Eugenics 6)
    for one variance with few and one with many degrees of freedom. It is exactly Student's t if either variance is
    zero; otherwise its error is at most the nominal one at every level (Robinson 1976, "Properties of Student's t and
    of the Behrens-Fisher solution", Annals of Statistics 4).

    If the true variance over seeds is known to be at least `floor`, max(V df / X, floor) takes the place of V df / X.
    This makes p larger, never smaller, so the error is still at most the nominal one; and V need not be raised to the
    floor, which would make p larger still.
    """
    from scipy.special import stdtr

    distances, seed_variance, example_variance = np.broadcast_arrays(np.abs(distance), seeds, examples)
    with np.errstate(divide="ignore", invalid="ignore"):
        if seed_df <= 0:
            p = 2 * stdtr(example_df, -distances / np.sqrt(example_variance))
        else:
            exact = 2 * stdtr(seed_df, -distances / np.sqrt(seed_variance))
            by_seed = np.maximum(seed_variance[..., None] * _inflations(seed_df), floor)
            errors = np.sqrt(by_seed + example_variance[..., None])
            mixed = 2 * (stdtr(max(example_df, 1), -distances[..., None] / errors) * _MASSES).sum(axis=-1)
            p = np.where((example_variance > 0) | (floor > 0), mixed, exact)
    return np.where(distances == 0, 1.0, np.clip(p, 0.0, 1.0))


@functools.lru_cache(maxsize=64)
def _inflations(df: float) -> Float64:
    """Return df / X at the nodes, X chi-square with df degrees of freedom: the true variance over its estimate."""
    from scipy.special import gammaincinv

    factors: Float64 = np.asarray(df / (2 * gammaincinv(df / 2, _LEVELS)), dtype=np.float64)
    factors.flags.writeable = False
    return factors


@functools.lru_cache(maxsize=4096)  # later interim analyses of a table compute the same values again
def _two_sided(distance: float, noise: Noise, seed_df: float | None = None) -> float:
    df = noise.seed_df if seed_df is None else seed_df
    seeds = noise.seeds if noise.sampled is None else noise.sampled
    degrees = {"seed_df": df, "example_df": noise.example_df}
    return float(tail_probability(distance, seeds, noise.examples, floor=noise.floor, **degrees))


def _reach(level: float, noise: Noise, df: float) -> float:
    """Return the half-width of the interval: the distance whose tail probability is 1 - level."""
    from scipy.optimize import brentq
    from scipy.special import stdtrit

    if noise.error == 0:
        return 0.0

    def excess(distance: float) -> float:
        return _two_sided(distance, noise, df) - (1 - level)

    # Student's t with the fewest degrees of freedom is usually an upper bound.
    fewest = min(value for value in (noise.seed_df, noise.example_df, inf) if value > 0)
    guess = high = float(stdtrit(fewest, (1 + level) / 2)) * noise.error
    while excess(high) > 0:
        high *= 2
    return float(brentq(excess, 0.0, high, xtol=guess * 1e-7))
