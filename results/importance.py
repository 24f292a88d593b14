"""Which factors matter most, over all runs of a search: fANOVA, PED-ANOVA, Shapley effects; none without its doubt.

Every value stands beside that of null factors: each factor's own columns in random order, which cannot matter (shadow
features, Kursa and Rudnicki 2010, "Feature selection with the Boruta package", J. Statistical Software 36). All is done
again on resampled runs, null factors drawn anew; a factor is told apart from nothing where it exceeds the largest of
the null factors in 95 % of the resamples. A search's runs are not a random sample, and their scores chose each other:
importances say where to look, the ablation says what helps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from results.arrays import Float64, finite
from results.choice_columns import Groups, groups_of, shadows_of
from results.forest import Forest, fit
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

    `low` and `high` are its 95 % interval: `value` and Student's t times the deviation of the resamples, at most 1. An
    estimate without bias can be a little below 0.
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
    return every_importance(choices, scores, (evaluator,), resamples=resamples, seed=seed)[evaluator]


def every_importance(
    choices: Sequence[Choices],
    scores: ArrayLike,
    evaluators: Sequence[Evaluator],
    *,
    resamples: int = 40,
    seed: int = 0,
) -> dict[Evaluator, Importances]:
    """`importances` by several evaluators, on the same resamples and null factors: those with a forest share it."""
    values = finite(scores, "scores")
    if values.shape != (len(choices),):
        raise ValueError(f"scores must have shape ({len(choices)},) as there are runs, got {values.shape}")
    if resamples < 20:
        raise ValueError(f"resamples must be at least 20, got {resamples}")
    groups = groups_of(choices)
    needed = runs_needed(len(groups))
    if len(values) < needed or not groups or values.std() == 0:
        why = _why_not(len(values), needed, len(groups))
        return {evaluator: Importances(evaluator, len(values), (), 0.0, why) for evaluator in evaluators}
    rng = np.random.default_rng(seed)
    first = _evaluate(groups, values, evaluators, rng)[:, 0]
    found = np.empty((resamples, len(evaluators), 2, len(groups)))  # factors, and their null factors
    for i in range(resamples):
        drawn = _resample(values, rng)
        resampled = {name: columns.take(drawn) for name, columns in groups.items()}
        found[i] = _evaluate(resampled, values[drawn], evaluators, rng)
    return {
        evaluator: _told(evaluator, len(values), list(groups), first[k], found[:, k, 0], found[:, k, 1].max(axis=1))
        for k, evaluator in enumerate(evaluators)
    }


def _told(
    evaluator: Evaluator, runs: int, names: Sequence[str], values: Float64, found: Float64, largest: Float64
) -> Importances:
    """From `values` (factors,), `found` (resamples, factors), and the `largest` null factor of each resample."""
    from scipy.stats import t

    reach = t.ppf(0.975, len(found) - 1) * found.std(axis=0, ddof=1)
    above = (found > largest[:, None]).mean(axis=0)
    told = [
        FactorImportance(name, float(x), float(x - reach[k]), float(max(x, min(1.0, x + reach[k]))), float(above[k]))
        for k, (name, x) in enumerate(zip(names, values, strict=True))
    ]
    ordered = tuple(sorted(told, key=lambda one: (-one.value, one.factor)))
    too_few = "" if any(one.told_apart for one in told) else _nothing_told(runs)
    return Importances(evaluator, runs, ordered, float(np.median(largest)), too_few)


def runs_needed(factors: int) -> int:
    """How many runs are looked at, at least: fewer say nothing that a null factor would not say too."""
    return max(LEAST_RUNS, RUNS_A_FACTOR * factors)


def _evaluate(groups: Groups, scores: Float64, evaluators: Sequence[Evaluator], rng: np.random.Generator) -> Float64:
    """Importances of factors and of null factors, as shares of the factors' sum: (evaluators, 2, factors)."""
    shadows = shadows_of(groups, rng)
    both = {**groups, **{f"null {name}": columns for name, columns in shadows.items()}}
    seed = int(rng.integers(2**31))
    forest = fit(both, scores, trees=TREES, seed=seed) if {*evaluators} & {"fanova", "shapley"} else None
    values = np.stack([_value(evaluator, both, scores, seed, forest) for evaluator in evaluators])
    shares = values.reshape(len(evaluators), 2, len(groups))
    total = shares[:, :1].sum(axis=2, keepdims=True)
    return np.where(total > 0, shares / np.where(total > 0, total, 1.0), shares)


def _value(evaluator: Evaluator, groups: Groups, scores: Float64, seed: int, forest: Forest | None) -> Float64:
    if evaluator == "ped_anova":
        return ped_anova(groups, scores)  # nothing in it is drawn
    evaluate = main_effects if evaluator == "fanova" else shapley_effects
    return evaluate(groups, scores, trees=TREES, seed=seed, forest=forest)


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
