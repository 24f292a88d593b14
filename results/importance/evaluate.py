"""Importance of factors over the runs of a search: Shapley effects with intervals, compared with null factors.

A null factor is a factor's own columns in random order, which cannot matter (shadow features, Kursa and Rudnicki 2010,
"Feature selection with the Boruta package", J. Statistical Software 36). The evaluation is repeated on resampled runs
with new null factors; a factor is distinguished from noise if it exceeds the largest null factor in 95 % of the
resamples. The runs of a search are not a random sample, because scores steer it: importances suggest which factors to
examine, and the ablation shows which of them help.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from results.importance.encoding import Groups, groups_of, shadows_of
from results.importance.shapley import shapley_effects
from results.statistics.arrays import Float64, finite
from search_spaces.grammar import Choices

LEAST_RUNS, RUNS_PER_FACTOR = 20, 3
TREES = 16
_DISTINGUISHED = 0.95


@dataclass(frozen=True)
class FactorImportance:
    """Importance of a factor with its conditional factors, as a share of the importance of all factors, 0..1.

    `low` and `high`: 95 % interval, `value` plus or minus Student's t times the deviation of the resamples, at most 1.
    The estimate is unbiased and can be slightly below 0. `exceeds_nulls`: the share of resamples in which the factor
    exceeds every null factor. Only distinguished factors may be ranked.
    """

    factor: str
    value: float
    low: float
    high: float
    exceeds_nulls: float

    @property
    def distinguished(self) -> bool:
        """Whether the factor is distinguished from one that cannot matter."""
        return self.exceeds_nulls >= _DISTINGUISHED


@dataclass(frozen=True)
class Importances:
    """Factors by importance, the largest first.

    `null`: median over resamples of the largest null factor; `reason`: why there are no factors, or empty.
    """

    runs: int
    factors: tuple[FactorImportance, ...]
    null: float
    reason: str = ""

    @property
    def ranking(self) -> tuple[str, ...]:
        """The factors that are distinguished from noise, the largest first."""
        return tuple(factor.factor for factor in self.factors if factor.distinguished)

    @property
    def too_few(self) -> str:
        """Why no factor can be called important; empty if one can."""
        if self.reason or self.ranking:
            return self.reason
        return f"Not enough runs: with {self.runs}, no factor can be distinguished from one that cannot matter."


def importances(choices: Sequence[Choices], scores: ArrayLike, *, resamples: int = 40, seed: int = 0) -> Importances:
    """Return each factor's share of the variance of a forest fitted to the scores, interactions divided evenly.

    `choices`: each run's choices, under full names (`adapter.lora.rank`); `scores` (runs,), higher is better. A
    conditional factor counts towards its outermost factor. Factors with a single level are omitted. See
    `shapley.shapley_effects`.

    Raises:
        ValueError: the shapes do not fit, a score is NaN or infinite, or `resamples` is below 20.
    """
    values = finite(scores, "scores")
    if values.shape != (len(choices),):
        raise ValueError(f"scores must have shape ({len(choices)},), one score per run, got {values.shape}")
    if resamples < 20:
        raise ValueError(f"resamples must be at least 20, got {resamples}")
    groups = groups_of(choices)
    reason = _obstacle(values, len(groups))
    if reason:
        return Importances(len(values), (), 0.0, reason)
    rng = np.random.default_rng(seed)
    measured, _ = _evaluate(groups, values, rng)
    resampled = np.empty((resamples, 2, len(groups)))  # factors and their null factors
    for i in range(resamples):
        drawn = _resample(values, rng)
        resampled[i] = _evaluate({name: columns.take(drawn) for name, columns in groups.items()}, values[drawn], rng)
    return _summary(len(values), list(groups), measured, resampled[:, 0], resampled[:, 1].max(axis=1))


def _summary(runs: int, names: Sequence[str], measured: Float64, resampled: Float64, largest: Float64) -> Importances:
    """Summarise `measured` (factors,), `resampled` (resamples, factors) and the `largest` null factors (resamples,)."""
    from scipy.stats import t

    reach = t.ppf(0.975, len(resampled) - 1) * resampled.std(axis=0, ddof=1)
    above = (resampled > largest[:, None]).mean(axis=0)
    factors = [
        FactorImportance(name, float(x), float(x - reach[k]), float(max(x, min(1.0, x + reach[k]))), float(above[k]))
        for k, (name, x) in enumerate(zip(names, measured, strict=True))
    ]
    ordered = sorted(factors, key=lambda factor: (-factor.value, factor.factor))
    return Importances(runs, tuple(ordered), float(np.median(largest)))


def _evaluate(groups: Groups, scores: Float64, rng: np.random.Generator) -> Float64:
    """Return the importances of factors and of null factors as shares of the factors' sum: (2, factors)."""
    shadows = shadows_of(groups, rng)
    both = {**groups, **{f"null {name}": columns for name, columns in shadows.items()}}
    seed = int(rng.integers(2**31))
    shares = shapley_effects(both, scores, trees=TREES, seed=seed).reshape(2, len(groups))
    total = shares[0].sum()
    return shares / total if total > 0 else shares


def _resample(scores: Float64, rng: np.random.Generator) -> np.ndarray:
    """Return indices of runs drawn with replacement, with at least two different scores."""
    while True:
        drawn = rng.integers(0, len(scores), len(scores))
        if scores[drawn].std() > 0:
            return drawn


def _obstacle(scores: Float64, factors: int) -> str:
    """Return the reason why importances cannot be computed, or "": with few runs, null factors reach any value."""
    needed = max(LEAST_RUNS, RUNS_PER_FACTOR * factors)
    if not factors:
        return "No factor has more than one level in these runs."
    if len(scores) < needed:
        missing = needed - len(scores)
        return f"Not enough complete runs: {len(scores)}, and {factors} factors need at least {needed}, {missing} more."
    return "" if scores.std() else "All runs have the same score."
