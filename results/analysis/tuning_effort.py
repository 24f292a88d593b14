"""How much tuning each level of each factor got: runs, time, and the best score to be expected of so many runs.

A search that tries one level often and another rarely makes the first look better than it is: the best of many runs is
higher than the best of few (Dodge et al. 2019, "Show your work"). Scores here are of the search: they choose, and are
not results.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from results.analysis.summary import seconds_spent
from results.database.rows import JsonObject, RunRow
from results.statistics.selection_bias import expected_maximum
from results.text.formatting import Choice, range_text

PARTS_OF_A_RANGE = 3
FEW_VALUES = 6  # up to so many different numbers are levels where the space does not declare a range
LEAST_RUNS = 5  # with fewer scores, levels are not compared
LARGEST_BUDGET = 300  # runs; the expected best hardly grows beyond


@dataclass(frozen=True)
class LevelEffort:
    """The search's runs with one level.

    `best` and `median` are of complete runs; `scores` has those of runs that were stopped early too. Failed runs have
    no score.
    """

    level: str
    run_ids: tuple[int, ...]
    complete: int
    pruned: int
    failed: int
    seconds: float
    best: float | None
    median: float | None
    scores: tuple[float, ...]

    @property
    def runs(self) -> int:
        """Number of runs that ended."""
        return self.complete + self.pruned + self.failed


@dataclass(frozen=True)
class FactorEffort:
    """One factor's levels in the order of the space, levels that were never tried included."""

    factor: str
    levels: tuple[LevelEffort, ...]

    @property
    def least(self) -> LevelEffort:
        """The level with the fewest runs."""
        return min(self.levels, key=lambda level: level.runs)

    @property
    def most(self) -> LevelEffort:
        """The level with the most runs."""
        return max(self.levels, key=lambda level: level.runs)

    @property
    def is_uneven(self) -> bool:
        """Whether a level got less than half of another's runs, where that one has enough to be compared."""
        return self.most.runs >= LEAST_RUNS and 2 * self.least.runs < self.most.runs

    @property
    def shared_budget(self) -> int:
        """Number of runs at which levels with enough scores are compared; 0 with fewer than two such levels."""
        counts = [len(level.scores) for level in self.levels if len(level.scores) >= LEAST_RUNS]
        return min(*counts, LARGEST_BUDGET) if len(counts) > 1 else 0

    def expected_best(self, level: LevelEffort) -> float | None:
        """Return the expected best score of `shared_budget` runs with a level; None where it has not so many."""
        budget = self.shared_budget
        if not budget or len(level.scores) < budget:
            return None
        return float(expected_maximum(level.scores, budget)[-1])


def tuning_effort(runs: Sequence[RunRow], factors: Sequence[JsonObject]) -> tuple[FactorEffort, ...]:
    """Return the effort spent by the search's ended runs on every factor with two levels or more.

    `factors` as `study_meta.space_json` describes them (`search_spaces.description`): they give the order, and the
    levels that no run has. A range is cut into three equal parts, of its logarithm where the space says so.
    """
    ended = [run for run in runs if run.phase == "search" and run.status in ("complete", "pruned", "failed")]
    described = {factor["name"]: factor for factor in factors}
    names = dict.fromkeys([*described, *(name for run in ended for name in run.choices_json)])
    found = [_factor(name, described.get(name, {}), ended) for name in names]
    return tuple(factor for factor in found if len(factor.levels) > 1 and factor.most.runs)


def _factor(name: str, described: Mapping[str, Any], runs: Sequence[RunRow]) -> FactorEffort:
    having = [run for run in runs if name in run.choices_json]
    chosen = [run.choices_json[name] for run in having]
    cuts = _cuts(chosen, described.get("range"))
    levels = [str(level) for level in described.get("levels") or ()]
    if cuts:
        shown = [range_text(cut, cuts[0], cuts[-1]) for cut in cuts]
        levels = [f"{low} to {high}" for low, high in pairwise(shown)]
    groups: dict[str, list[RunRow]] = {level: [] for level in levels}
    for run, choice in zip(having, chosen, strict=True):
        level = levels[_part(float(choice), cuts)] if cuts else str(choice)
        groups.setdefault(level, []).append(run)
    return FactorEffort(name, tuple(_level(level, group) for level, group in groups.items()))


def _level(level: str, runs: Sequence[RunRow]) -> LevelEffort:
    complete = [run.score for run in runs if run.status == "complete" and run.score is not None]
    counts = {status: sum(run.status == status for run in runs) for status in ("complete", "pruned", "failed")}
    return LevelEffort(
        level=level,
        run_ids=tuple(run.id for run in runs),
        **counts,
        seconds=sum(seconds_spent(run) for run in runs),
        best=max(complete, default=None),
        median=float(np.median(complete)) if complete else None,
        scores=tuple(run.score for run in runs if run.score is not None),
    )


def _cuts(chosen: Sequence[Choice], bounds: Mapping[str, Any] | None) -> list[float]:
    """Return the borders of a range's parts, from the lowest to the highest; none where the factor has levels."""
    numbers = [choice for choice in chosen if isinstance(choice, int | float)]
    if not numbers or len(numbers) < len(chosen):
        return []
    if bounds is None:
        if len(set(numbers)) <= FEW_VALUES:
            return []
        low, high = float(min(numbers)), float(max(numbers))
        bounds = {"low": low, "high": high, "log": low > 0 and high >= 10 * low}
    low, high = float(bounds["low"]), float(bounds["high"])
    shares = [part / PARTS_OF_A_RANGE for part in range(PARTS_OF_A_RANGE + 1)]
    return [low * (high / low) ** share if bounds["log"] else low + (high - low) * share for share in shares]


def _part(value: float, cuts: Sequence[float]) -> int:
    """Return the place of the part that a value is in; values beyond the ends are in the nearest part."""
    inside = [i for i, cut in enumerate(cuts[:-1]) if value >= cut or math.isclose(value, cut)]
    return inside[-1] if inside else 0
