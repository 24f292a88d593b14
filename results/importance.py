"""Which factors matter most, over all runs of a search: fANOVA, PED-ANOVA, Shapley effects; none without its doubt.

Every value stands beside that of null factors: each factor's own columns in random order, which cannot matter (shadow
features, Kursa and Rudnicki 2010, "Feature selection with the Boruta package", J. Statistical Software 36). All is done
again on resampled runs, null factors drawn anew; a factor is told apart from nothing where it exceeds the largest of
the null factors in 95 % of the resamples. A search's runs are not a random sample, and their scores chose each other:
importances say where to look, the ablation says what helps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from results.arrays import Float64, finite
from results.choice_columns import Groups, groups_of, shadows_of
from results.main_effects import main_effects
from results.ped_anova import ped_anova
from results.shapley import shapley_effects
from search_spaces.grammar import Choices

Evaluator = Literal["fanova", "ped_anova", "shapley"]

LEAST_RUNS, RUNS_A_FACTOR = 20, 3
TREES = 16
_TOLD_APART = 0.95


@dataclass(frozen=True)
class FactorImportance:
    """One factor with all its conditional ones. Shares of the importance of all factors, 0..1.

    `low` and `high` hold 95 % of the resamples, and `value`; an estimate without bias can lie a little below 0.
    `exceeds_nulls`: in what share of the resamples it is above every null
    factor; `told_apart` where that is 95 % or more. Only factors told apart may be ranked.
    """

    factor: str
    value: float
    low: float
    high: float
    exceeds_nulls: float

    @property
    def told_apart(self) -> bool:
        """Whether the factor is told from one that cannot matter."""
        return self.exceeds_nulls >= _TOLD_APART


@dataclass(frozen=True)
class Importances:
    """The factors by value, the largest first; `null` is what the largest null factor reached in half of the resamples.

    `too_few` says why nothing is claimed, and is empty where something is: too few runs to look at all (then there are
    no factors either), or no factor told apart.
    """

    evaluator: Evaluator
    runs: int
    factors: tuple[FactorImportance, ...]
    null: float
    too_few: str

    @property
    def ranking(self) -> tuple[str, ...]:
        """The factors that are told apart from nothing, the largest first: all that may be called important."""
        return tuple(factor.factor for factor in self.factors if factor.told_apart)


def importances(
    choices: Sequence[Choices],
    scores: ArrayLike,
    evaluator: Evaluator = "shapley",
    *,
    resamples: int = 40,
    seed: int = 0,
) -> Importances:
    """The importance of every factor for the score, more being better.

    `choices`: each run's choices, under full names (`adapter.lora.rank`); `scores` (runs,). A conditional factor counts
    for the factor that it hangs from. Factors with one level only are left out.

    fanova: the part of a random forest's variance that a factor explains alone (`main_effects.main_effects`);
    ped_anova: how different its levels are among the best tenth (`ped_anova.ped_anova`). shapley: its part of the
    forest's variance, interactions divided evenly (`shapley.shapley_effects`). ValueError where shapes do not fit, for
    NaN, and where `resamples` is below 20.
    """
    values = finite(scores, "scores")
    if values.shape != (len(choices),):
        raise ValueError(f"scores must have shape ({len(choices)},) as there are runs, got {values.shape}")
    if resamples < 20:
        raise ValueError(f"resamples must be at least 20, got {resamples}")
    groups = groups_of(choices)
    needed = runs_needed(len(groups))
    if len(values) < needed or not groups or values.std() == 0:
        return Importances(evaluator, len(values), (), 0.0, _why_not(len(values), needed, len(groups)))
    rng = np.random.default_rng(seed)
    first, _ = _evaluate(groups, values, evaluator, rng)
    found, largest = np.empty((resamples, len(groups))), np.empty(resamples)
    for i in range(resamples):
        drawn = _resample(values, rng)
        resampled = {name: columns.take(drawn) for name, columns in groups.items()}
        found[i], nulls = _evaluate(resampled, values[drawn], evaluator, rng)
        largest[i] = nulls.max()
    low, high = np.quantile(found, [0.025, 0.975], axis=0)
    above = (found > largest[:, None]).mean(axis=0)
    told = [
        FactorImportance(name, float(x), float(min(low[k], x)), float(max(high[k], x)), float(above[k]))
        for k, (name, x) in enumerate(zip(groups, first, strict=True))
    ]
    ordered = tuple(sorted(told, key=lambda one: (-one.value, one.factor)))
    too_few = "" if any(one.told_apart for one in told) else _nothing_told(len(values))
    return Importances(evaluator, len(values), ordered, float(np.median(largest)), too_few)


def runs_needed(factors: int) -> int:
    """How many runs are looked at, at least: fewer say nothing that a null factor would not say too."""
    return max(LEAST_RUNS, RUNS_A_FACTOR * factors)


def _evaluate(
    groups: Groups, scores: Float64, evaluator: Evaluator, rng: np.random.Generator
) -> tuple[Float64, Float64]:
    """Importances of the factors and of their null factors, as shares of the factors' sum: (factors,) each."""
    shadows = shadows_of(groups, rng)
    both = {**groups, **{f"null {name}": columns for name, columns in shadows.items()}}
    seed = int(rng.integers(2**31))
    values = _EVALUATORS[evaluator](both, scores, seed)
    real, null = values[: len(groups)], values[len(groups) :]
    total = real.sum()
    return (real / total, null / total) if total > 0 else (real, null)


def _fanova(groups: Groups, scores: Float64, seed: int) -> Float64:
    return main_effects(groups, scores, trees=TREES, seed=seed)


def _ped_anova(groups: Groups, scores: Float64, seed: int) -> Float64:
    return ped_anova(groups, scores)  # nothing in it is drawn


def _shapley(groups: Groups, scores: Float64, seed: int) -> Float64:
    return shapley_effects(groups, scores, trees=TREES, seed=seed)


_EVALUATORS: dict[Evaluator, Callable[[Groups, Float64, int], Float64]] = {
    "fanova": _fanova,
    "ped_anova": _ped_anova,
    "shapley": _shapley,
}


def _resample(scores: Float64, rng: np.random.Generator) -> np.ndarray:
    """Indices of runs drawn with replacement, not all of one score."""
    while True:
        drawn = rng.integers(0, len(scores), len(scores))
        if scores[drawn].std() > 0:
            return drawn


def _why_not(runs: int, needed: int, factors: int) -> str:
    if not factors:
        return "No factor has more than one level in these runs."
    if runs < needed:
        return f"Not enough runs: {runs}, and {factors} factors need at least {needed}."
    return "All runs have the same score."


def _nothing_told(runs: int) -> str:
    return f"Not enough runs: with {runs}, no factor is told apart from one that cannot matter."
