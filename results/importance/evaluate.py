"""Which factors matter most over all runs of a search: Shapley effects with intervals, beside null factors.

Every value is compared with those of null factors: each factor's own columns in random order, which cannot matter
(shadow features, Kursa and Rudnicki 2010, "Feature selection with the Boruta package", J. Statistical Software 36). All
of it is repeated on resampled runs with new null factors; a factor is distinguished from noise where it exceeds the
largest null factor in 95 % of the resamples. A search's runs are not a random sample, and their scores chose each
other: importances say where to look, the ablation says what helps.
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

LEAST_RUNS, RUNS_A_FACTOR = 20, 3
TREES = 16
_TOLD_APART = 0.95


@dataclass(frozen=True)
class FactorImportance:
    """One factor with all its conditional ones. Shares of the importance of all factors, 0..1.

    `low` and `high` are its 95 % interval: `value` and Student's t times the deviation of the resamples, at most 1. An
    unbiased estimate can be a little below 0. `exceeds_nulls`: the share of the resamples in which it is above every
    null factor; `told_apart` where that is 95 % or more. Only factors told apart may be ranked.
    """

    factor: str
    value: float
    low: float
    high: float
    exceeds_nulls: float

    @property
    def told_apart(self) -> bool:
        """Whether the factor is distinguished from one that cannot matter."""
        return self.exceeds_nulls >= _TOLD_APART


@dataclass(frozen=True)
class Importances:
    """The factors by value, the largest first; `null` is what the largest null factor reached in half of the resamples.

    `reason`: why there are no factors, else empty.
    """

    runs: int
    factors: tuple[FactorImportance, ...]
    null: float
    reason: str = ""

    @property
    def ranking(self) -> tuple[str, ...]:
        """The factors that are told apart from noise, the largest first: all that may be called important."""
        return tuple(factor.factor for factor in self.factors if factor.told_apart)

    @property
    def too_few(self) -> str:
        """Why nothing can be claimed; empty where some factor is told apart."""
        if self.reason or self.ranking:
            return self.reason
        return f"Not enough runs: with {self.runs}, no factor can be distinguished from one that cannot matter."


def importances(choices: Sequence[Choices], scores: ArrayLike, *, resamples: int = 40, seed: int = 0) -> Importances:
    """Return every factor's part of the variance of a forest fitted to the scores, interactions divided evenly.

    `choices`: each run's choices, under full names (`adapter.lora.rank`); `scores` (runs,), more being better. A
    conditional factor counts for the factor that it belongs to. Factors with one level only are left out. See
    `shapley.shapley_effects`.

    Raises:
        ValueError: shapes do not fit, a score is NaN, or `resamples` is below 20.
    """
    values = finite(scores, "scores")
    if values.shape != (len(choices),):
        raise ValueError(f"scores must have shape ({len(choices)},) as there are runs, got {values.shape}")
    if resamples < 20:
        raise ValueError(f"resamples must be at least 20, got {resamples}")
    groups = groups_of(choices)
    reason = _why_not(values, len(groups))
    if reason:
        return Importances(len(values), (), 0.0, reason)
    rng = np.random.default_rng(seed)
    measured, _ = _evaluate(groups, values, rng)
    resampled = np.empty((resamples, 2, len(groups)))  # factors, and their null factors
    for i in range(resamples):
        drawn = _resample(values, rng)
        resampled[i] = _evaluate({name: columns.take(drawn) for name, columns in groups.items()}, values[drawn], rng)
    return _summarised(len(values), list(groups), measured, resampled[:, 0], resampled[:, 1].max(axis=1))


def _summarised(
    runs: int, names: Sequence[str], measured: Float64, resampled: Float64, largest: Float64
) -> Importances:
    """Summarise `measured` (factors,), `resampled` (resamples, factors), and each resample's `largest` null factor."""
    from scipy.stats import t

    reach = t.ppf(0.975, len(resampled) - 1) * resampled.std(axis=0, ddof=1)
    above = (resampled > largest[:, None]).mean(axis=0)
    factors = [
        FactorImportance(name, float(x), float(x - reach[k]), float(max(x, min(1.0, x + reach[k]))), float(above[k]))
        for k, (name, x) in enumerate(zip(names, measured, strict=True))
    ]
    ordered = sorted(factors, key=lambda one: (-one.value, one.factor))
    return Importances(runs, tuple(ordered), float(np.median(largest)))


def _evaluate(groups: Groups, scores: Float64, rng: np.random.Generator) -> Float64:
    """Return importances of factors and of null factors, as shares of the factors' sum: (2, factors)."""
    shadows = shadows_of(groups, rng)
    both = {**groups, **{f"null {name}": columns for name, columns in shadows.items()}}
    seed = int(rng.integers(2**31))
    shares = shapley_effects(both, scores, trees=TREES, seed=seed).reshape(2, len(groups))
    total = shares[0].sum()
    return shares / total if total > 0 else shares


def _resample(scores: Float64, rng: np.random.Generator) -> np.ndarray:
    """Return indices of runs drawn with replacement, not all of one score."""
    while True:
        drawn = rng.integers(0, len(scores), len(scores))
        if scores[drawn].std() > 0:
            return drawn


def _why_not(scores: Float64, factors: int) -> str:
    """Say why there are no importances: fewer runs would show nothing that a null factor would not show too."""
    needed = max(LEAST_RUNS, RUNS_A_FACTOR * factors)
    if not factors:
        return "No factor has more than one level in these runs."
    if len(scores) < needed:
        return (
            f"Not enough complete runs: {len(scores)}, and {factors} factors need at least {needed}, "
            f"{needed - len(scores)} more."
        )
    return "" if scores.std() else "All runs have the same score."
