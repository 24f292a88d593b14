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

from results.rows import JsonObject, RunRow
from results.selection import expected_maximum
from results.summary import seconds_spent
from results.wording import Choice, range_text

PARTS_OF_A_RANGE = 3
FEW_VALUES = 6  # so many different numbers are levels where the space does not say that they are a range
LEAST_RUNS = 5  # fewer say nothing
LONGEST_CURVE = 300  # runs; a curve is flat long before


@dataclass(frozen=True)
class LevelLedger:
    """The search's runs with one level. `curve[n - 1]` is the expected best score of n of them, 0..1.

    `best` and `median` are of complete runs; the curve counts runs that were stopped early with the score they had, and
    leaves out failed ones, which have none.
    """

    factor: str
    level: str
    run_ids: tuple[int, ...]
    complete: int
    pruned: int
    failed: int
    seconds: float
    best: float | None
    median: float | None
    curve: tuple[float, ...]

    @property
    def runs(self) -> int:
        """All that ended."""
        return self.complete + self.pruned + self.failed


@dataclass(frozen=True)
class FactorLedger:
    """One factor's levels in the order of the space, those that were never tried too."""

    factor: str
    levels: tuple[LevelLedger, ...]

    @property
    def least(self) -> LevelLedger:
        """The level with the fewest runs."""
        return min(self.levels, key=lambda level: level.runs)

    @property
    def most(self) -> LevelLedger:
        """The level with the most runs."""
        return max(self.levels, key=lambda level: level.runs)

    @property
    def is_uneven(self) -> bool:
        """Whether a level got less than half of another's runs, where there are enough to speak of."""
        return self.most.runs >= LEAST_RUNS and 2 * self.least.runs < self.most.runs

    def drawn(self) -> tuple[LevelLedger, ...]:
        """The levels with enough runs for a curve."""
        return tuple(level for level in self.levels if len(level.curve) >= LEAST_RUNS)

    def shared_budget(self) -> int:
        """How many runs all levels with a curve have; 0 where fewer than two have one."""
        drawn = self.drawn()
        return min(len(level.curve) for level in drawn) if len(drawn) > 1 else 0

    def difference(self) -> float:
        """The largest difference of expected best scores at the shared budget; 0 without one."""
        budget = self.shared_budget()
        at = [level.curve[budget - 1] for level in self.drawn()] if budget else [0.0]
        return max(at) - min(at)


def ledger(runs: Sequence[RunRow], factors: Sequence[JsonObject]) -> tuple[FactorLedger, ...]:
    """The ledger of the search's ended runs, for every factor with two levels or more.

    `factors` as `study_meta.space_json` describes them (`search_spaces.description`): they give the order, and the
    levels that no run has. A range is cut into three equal parts, of its logarithm where the space says so.
    """
    ended = [run for run in runs if run.phase == "search" and run.status in ("complete", "pruned", "failed")]
    described = {factor["name"]: factor for factor in factors}
    names = dict.fromkeys([*described, *(name for run in ended for name in run.choices_json)])
    found = [_factor(name, described.get(name, {}), ended) for name in names]
    return tuple(factor for factor in found if len(factor.levels) > 1 and factor.most.runs)


def _factor(name: str, described: Mapping[str, Any], runs: Sequence[RunRow]) -> FactorLedger:
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
    return FactorLedger(name, tuple(_level(name, level, group) for level, group in groups.items()))


def _level(factor: str, level: str, runs: Sequence[RunRow]) -> LevelLedger:
    complete = [run.score for run in runs if run.status == "complete" and run.score is not None]
    scored = [run.score for run in runs if run.score is not None]
    counts = {status: sum(run.status == status for run in runs) for status in ("complete", "pruned", "failed")}
    return LevelLedger(
        factor=factor,
        level=level,
        run_ids=tuple(run.id for run in runs),
        **counts,
        seconds=sum(seconds_spent(run) for run in runs),
        best=max(complete, default=None),
        median=float(np.median(complete)) if complete else None,
        curve=tuple(map(float, expected_maximum(scored, LONGEST_CURVE))) if scored else (),
    )


def _cuts(chosen: Sequence[Choice], bounds: Mapping[str, Any] | None) -> list[float]:
    """The borders of a range's parts, from the lowest to the highest; empty where the factor has levels."""
    numbers = [choice for choice in chosen if isinstance(choice, int | float)]
    if not numbers or len(numbers) < len(chosen):
        return []
    if bounds is None:
        if len(set(numbers)) <= FEW_VALUES:
            return []
        low, high = float(min(numbers)), float(max(numbers))
        bounds = {"low": low, "high": high, "log": low > 0 and high >= 10 * low}
    low, high = float(bounds["low"]), float(bounds["high"])
    if bounds["log"]:
        return [low * (high / low) ** (i / PARTS_OF_A_RANGE) for i in range(PARTS_OF_A_RANGE + 1)]
    return [low + (high - low) * i / PARTS_OF_A_RANGE for i in range(PARTS_OF_A_RANGE + 1)]


def _part(value: float, cuts: Sequence[float]) -> int:
    """Which part a value lies in; one beyond the ends, of a range that was wider once, lies in the nearest."""
    inside = [i for i, cut in enumerate(cuts[:-1]) if value >= cut or math.isclose(value, cut)]
    return inside[-1] if inside else 0
