"""The tuning effort per level of each factor: runs, time, and the expected best score of a given number of runs.

A level that the search tries more often looks better than it is: the best of many runs is higher than the best of few
(Dodge et al. 2019, "Show your work"). Scores here are scores of the search, which select configurations and are not
results.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from results.database.rows import JsonObject, RunRow
from results.measurements.study_results import seconds_spent
from results.statistics.selection_bias import expected_maximum
from results.text.formatting import Choice, range_text

PARTS_OF_A_RANGE = 3
FEW_VALUES = 6  # up to this many distinct numbers are levels, unless the space declares a range
LEAST_RUNS = 5  # levels with fewer scores are not compared
LARGEST_BUDGET = 300  # runs; the expected best hardly grows beyond this


@dataclass(frozen=True)
class LevelEffort:
    """The search's runs with one level. `best` and `median` use complete runs, `scores` includes pruned ones."""

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
        """The number of runs that ended."""
        return self.complete + self.pruned + self.failed


@dataclass(frozen=True)
class FactorEffort:
    """One factor's levels in the order of the space, including levels that were never tried."""

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
        """Whether a level has fewer than half as many runs as another one that has enough to be compared."""
        return self.most.runs >= LEAST_RUNS and 2 * self.least.runs < self.most.runs

    @property
    def shared_budget(self) -> int:
        """The number of runs at which levels with enough scores are compared; 0 with fewer than two such levels."""
        counts = [len(level.scores) for level in self.levels if len(level.scores) >= LEAST_RUNS]
        return min(*counts, LARGEST_BUDGET) if len(counts) > 1 else 0

    def expected_best(self, level: LevelEffort) -> float | None:
        """Return the expected best score of `shared_budget` runs with a level; None if it has fewer runs."""
        budget = self.shared_budget
        if not budget or len(level.scores) < budget:
            return None
        return float(expected_maximum(level.scores, budget)[-1])


def tuning_effort(runs: Sequence[RunRow], factors: Sequence[JsonObject]) -> tuple[FactorEffort, ...]:
    """Return the effort of the search's ended runs for every factor with two levels or more.

    `factors`, as described in `study_meta.space_json`, give the order and the levels without runs. A range is divided
    into three equal parts, on a logarithmic scale if the space declares one.
    """
    ended = [run for run in runs if run.phase == "search" and run.status in ("complete", "pruned", "failed")]
    descriptions = {factor["name"]: factor for factor in factors}
    names = dict.fromkeys([*descriptions, *(name for run in ended for name in run.choices_json)])
    efforts = [_factor(name, descriptions.get(name, {}), ended) for name in names]
    return tuple(effort for effort in efforts if len(effort.levels) > 1 and effort.most.runs)


def _factor(name: str, description: Mapping[str, Any], runs: Sequence[RunRow]) -> FactorEffort:
    chosen = [(run, run.choices_json[name]) for run in runs if name in run.choices_json]
    cuts = _cuts([choice for _, choice in chosen], description.get("range"))
    levels = [str(level) for level in description.get("levels") or ()]
    if cuts:
        ends = [range_text(cut, cuts[0], cuts[-1]) for cut in cuts]
        levels = [f"{low} to {high}" for low, high in pairwise(ends)]
    groups: dict[str, list[RunRow]] = {level: [] for level in levels}
    for run, choice in chosen:
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
    """Return the boundaries of a range's parts, ascending; none if the factor has levels."""
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
    """Return the index of the part that contains a value; values beyond the ends belong to the nearest part."""
    below = [i for i, cut in enumerate(cuts[:-1]) if value >= cut or math.isclose(value, cut)]
    return below[-1] if below else 0
