"""Differences measured with several seeds on one set of examples: their noise, intervals and p-values.

Every seed is scored on the same examples, so a difference D of seed i and example j has three sources of noise:

    D_ij = delta + S_i + E_j + R_ij        seeds crossed with examples, delta what we want to know

The mean over both has the variance (s_S^2 + s_R^2 / m) / n  +  s_E^2 / m  with n seeds and m examples. The first part
is estimated from as few values as there are seeds, the second from very many. A two-level bootstrap counts s_R^2
twice and covers too often; Student's t over the seeds forgets the second part and covers too rarely; Satterthwaite's
approximation to both together rejects a true null up to nine times too often at the small levels that many
comparisons need (3 seeds, p < 0.0025). So the two parts stay apart: see `tail_probability`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, sqrt

import numpy as np
from numpy.typing import ArrayLike

from results.statistics.arrays import Float64, difference, probability

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)
# Gauss-Legendre over the quantiles u of a chi-square, u = v^6: dense where small u make heavy tails.
_LEVELS = ((_NODES + 1) / 2) ** 6
_MASSES = 3 * _WEIGHTS * ((_NODES + 1) / 2) ** 5


@dataclass(frozen=True)
class Interval:
    """An estimate with the interval `low <= high` around it, all in one unit."""

    estimate: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether zero lies outside the interval; an end that is exactly zero counts as inside."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Noise:
    """The variance of an estimate by where it comes from, in squared units of the estimate.

    `seeds`: what is drawn anew with every seed, (s_S^2 + s_R^2 / m) / n, known with `seed_df` = n - 1 degrees of
    freedom. `examples`: what all seeds share, s_E^2 / m, known with `example_df`. With one seed, `seed_df` is 0 and
    all noise is of the examples: nothing is said about other seeds.
    """

    seeds: float
    examples: float
    seed_df: float
    example_df: int

    @property
    def error(self) -> float:
        """The standard error of the estimate."""
        return sqrt(self.seeds + self.examples)

    def calibrated_df(self) -> float:
        """Degrees of freedom of the seeds for an interval: half the share of the examples more than n - 1.

        With n - 1 the tails are exact or too wide, up to 97.7 % for 95 % (3 seeds, two thirds of the variance of the
        examples); with this they hold 94.8 to 97 % whatever the share, by numerical integration for 3, 5 and 10 seeds.
        p-values keep n - 1, for their small levels matter. For two seeds n - 1 stays.
        """
        if self.seed_df < 2 or self.examples == 0:
            return self.seed_df
        return self.seed_df + 0.5 * self.examples / (self.seeds + self.examples)


@dataclass(frozen=True)
class Difference:
    """What one configuration scores more than another, in score units, and how noisy that is."""

    estimate: float
    noise: Noise

    def interval(self, level: float = 0.95) -> Interval:
        """Return the interval that holds the true difference in `level` of all repetitions with new seeds and
        examples.
        """
        reach = _reach(probability(level, "level"), self.noise)
        return Interval(self.estimate, self.estimate - reach, self.estimate + reach)

    def p_value(self, against: float = 0.0) -> float:
        """Two-sided p of "the true difference is `against`"."""
        return _two_sided(self.estimate - against, self.noise)

    def equivalence_p(self, margin: float) -> float:
        """p of "the true difference is `margin` or more, either way": two one-sided tests (Schuirmann 1987).

        The larger of the two one-sided p-values; small means that the difference is within the margin.
        """
        if not margin > 0:
            raise ValueError(f"margin must be above 0, got {margin}")
        return max(self._one_sided(margin - self.estimate), self._one_sided(margin + self.estimate))

    def _one_sided(self, distance: float) -> float:
        """p of a true value on the far side of a border that lies `distance` beyond the estimate."""
        both = _two_sided(distance, self.noise)
        return both / 2 if distance >= 0 else 1 - both / 2


def paired_difference(a: ArrayLike, b: ArrayLike) -> Difference:
    """mean(a) - mean(b) with its noise in closed form: two-way analysis of variance without replication.

    `a`, `b`: (seeds, examples), row i of both from one seed, column j of both the same example; or (seeds,), scores
    that were averaged already, and then nothing is said about other examples. With D = a - b and the mean squares
    MS_seeds, MS_examples, MS_rest (Searle, Casella and McCulloch 1992, "Variance Components", section 4.3):

        seeds = MS_seeds / (n m)        examples = max(MS_examples - MS_rest, 0) / (n m)

    ValueError for NaN, infinities, unequal shapes, and for a single seed without examples.
    """
    apart = difference(a, b)
    seeds, estimate = len(apart), float(apart.mean())
    if apart.ndim == 1 or apart.shape[1] == 1:
        if seeds < 2:
            raise ValueError(f"a difference of scores needs at least 2 seeds, got {seeds}")
        return Difference(estimate, Noise(float(apart.reshape(seeds).var(ddof=1)) / seeds, 0.0, seeds - 1, 0))
    examples = apart.shape[1]
    if seeds == 1:
        return Difference(estimate, Noise(0.0, float(apart[0].var(ddof=1)) / examples, 0, examples - 1))
    of_seeds = float(apart.mean(axis=1).var(ddof=1)) / seeds
    return Difference(estimate, crossed_noise(of_seeds, *_variances_of_mean(apart), seeds - 1, examples - 1))


def tasks_difference(tasks: Sequence[ArrayLike]) -> Difference:
    """Return the mean over tasks of differences per example, each (seeds, examples), with its noise in closed form.

    Row i of all tasks from one seed, each task with examples of its own; the variances of `paired_difference`, those of
    examples and of what is left summed over the T tasks and divided by T^2. At least two seeds. `score_difference` is
    the same by resampling, which other scores than means need; a table of hundreds of contrasts takes seconds here.
    """
    tables = [difference(task, np.zeros_like(np.asarray(task, dtype=np.float64))) for task in tasks]
    if not tables or any(t.ndim != 2 or len(t) != len(tables[0]) or len(t) < 2 or t.shape[1] < 2 for t in tables):
        shapes = ", ".join(str(table.shape) for table in tables) or "none"
        raise ValueError(f"tasks must be (seeds, examples), at least two of each and the same seeds, got {shapes}")
    count, seeds = len(tables), len(tables[0])
    by_seed = np.mean([table.mean(axis=1) for table in tables], axis=0)
    parts = [_variances_of_mean(table) for table in tables]
    examples, residual = (sum(part[which] / count**2 for part in parts) for which in (0, 1))
    fewest = min(table.shape[1] for table in tables)
    noise = crossed_noise(float(by_seed.var(ddof=1)) / seeds, examples, residual, seeds - 1, fewest - 1)
    return Difference(float(by_seed.mean()), noise)


def _variances_of_mean(apart: Float64) -> tuple[float, float]:
    """Return two variances of the mean of (seeds, examples): over examples, and of the residual."""
    seeds, examples = apart.shape
    columns = apart.mean(axis=0)
    rest = apart - apart.mean(axis=1)[:, None] - columns + apart.mean()
    residual = float((rest**2).sum()) / ((seeds - 1) * (examples - 1)) / apart.size
    return float(columns.var(ddof=1)) / examples, residual


def crossed_noise(seeds: float, examples: float, residual: float, seed_df: int, example_df: int) -> Noise:
    """Return the parts of the noise from three variances of one mean: over seeds, over examples, and of what both
    contain.

    Accuracies are counts: two or three seeds can agree to the last example by chance. The residual's own variance,
    which is a part of the seeds', stands for theirs then, so that chance does not look like certainty.
    """
    tied = seeds <= 1e-9 * residual
    return Noise(residual if tied else seeds, max(examples - residual, 0.0), seed_df, example_df)


def tail_probability(
    distance: ArrayLike, seeds: ArrayLike, examples: ArrayLike, *, seed_df: float, example_df: float
) -> Float64:
    """Return how probable an estimate this far from the truth is, either way; the arguments broadcast.

    The true variance of the seeds' part is not known: given its estimate V it is V df / X, X a chi-square of df
    degrees of freedom. Averaged over X, with T Student's distribution function of `example_df`:

        p = E[ 2 T( -|distance| / sqrt(V df / X + examples) ) ]

    the Behrens-Fisher solution (Fisher 1935, "The fiducial argument in statistical inference", Annals of Eugenics 6)
    for one part of few and one of many degrees of freedom. Exactly Student's t where one of the parts is zero; else at
    most the nominal error at every level (Robinson 1976, "Properties of Student's t and of the Behrens-Fisher
    solution", Annals of Statistics 4).
    """
    from scipy.special import stdtr

    far, of_seeds, of_examples = np.broadcast_arrays(
        *(np.asarray(value, dtype=np.float64) for value in (distance, seeds, examples))
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        if seed_df <= 0:
            ratio, df = np.abs(far) / np.sqrt(of_examples), example_df
            p = 2 * stdtr(df, -ratio)
        else:
            exact = 2 * stdtr(seed_df, -np.abs(far) / np.sqrt(of_seeds))
            spread = np.sqrt(of_seeds[..., None] * _inflations(seed_df) + of_examples[..., None])
            mixed = 2 * (stdtr(max(example_df, 1), -np.abs(far)[..., None] / spread) * _MASSES).sum(axis=-1)
            p = np.where(of_examples > 0, mixed, exact)
    result: Float64 = np.where(far == 0, 1.0, np.clip(p, 0.0, 1.0))
    return result


@functools.lru_cache(maxsize=64)
def _inflations(df: float) -> Float64:
    """df / X at the nodes, X a chi-square of df degrees of freedom: how far a variance may lie above its estimate."""
    from scipy.special import gammaincinv

    factors: Float64 = np.asarray(df / (2 * gammaincinv(df / 2, _LEVELS)), dtype=np.float64)
    factors.flags.writeable = False
    return factors


@functools.lru_cache(maxsize=4096)  # a table that is looked at again asks again
def _two_sided(distance: float, noise: Noise, seed_df: float | None = None) -> float:
    df = noise.seed_df if seed_df is None else seed_df
    p = tail_probability(distance, noise.seeds, noise.examples, seed_df=df, example_df=noise.example_df)
    return float(p)


def _reach(level: float, noise: Noise) -> float:
    """Return how far the interval goes to each side: where the tails hold 1 - level."""
    from scipy.optimize import brentq
    from scipy.special import stdtrit

    if noise.error == 0:
        return 0.0
    df = noise.calibrated_df()

    def excess(distance: float) -> float:
        return _two_sided(distance, noise, df) - (1 - level)

    # Student's t of the fewest degrees of freedom is a first guess that the tails seldom exceed.
    few = min(value for value in (noise.seed_df, noise.example_df, inf) if value > 0)
    return _root(brentq, excess, float(stdtrit(few, (1 + level) / 2)) * noise.error)


def _root(solve: Callable[..., float], excess: Callable[[float], float], guess: float) -> float:
    high = guess
    while excess(high) > 0:
        high *= 2
    return float(solve(excess, 0.0, high, xtol=guess * 1e-9))
