"""A screen: the main effect of every change of the best, from few seeds of many configurations.

Half of the runs of a two-level design have a change of the best and half have the baseline's level, so each change is
measured with all runs. With N configurations and n seeds, the variance of a main effect is 4 s^2 / (N n): 32
configurations with 2 seeds tell as much about each of 12 changes as 32 seeds of single changes do about one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from results.analysis.comparisons import judged_contrasts
from results.analysis.contrasts import Comparison
from results.analysis.leaderboard import best_digest
from results.database.rows import StudyRow
from results.designs.interactions import FactorialTable, factorial_table
from results.measurements.study_results import StudyResults
from results.statistics import Judgement

DESIGN: Literal["screen"] = "screen"
GO_ON = ("open", "helps", "hurts")  # verdicts with which a change gets a row around the best


@dataclass(frozen=True)
class MainEffect:
    """The mean of the runs with a change of the best minus that of the runs without it.

    It is averaged over the other changes of the screen, present or not. The levels are the baseline's and the best's.
    """

    factor: str
    from_level: str
    to_level: str
    digests: tuple[str, ...]
    comparison: Comparison | None
    judgement: Judgement | None

    @property
    def goes_on(self) -> bool:
        """Whether the change gets a row around the best: it has an effect, or may have one."""
        return self.judgement is None or self.judgement.verdict in GO_ON


def main_effects(results: StudyResults) -> list[MainEffect]:
    """Return the main effects of the study's screen, the largest first; none without a screen around the best.

    Error rates are controlled over all of them together.
    """
    table = screen_table(results)
    if table is None:
        return []
    rows = [table.main_effect(factor) for factor in table.factors]
    judged = judged_contrasts(results, rows)
    levels = _levels(results.study, table.factors)
    effects = [
        MainEffect(factor, *levels[factor], tuple(weights), one.comparison, one.judgement)
        for factor, weights, one in zip(table.factors, rows, judged, strict=True)
    ]
    return sorted(effects, key=_by_size)


def screen_table(results: StudyResults) -> FactorialTable | None:
    """Return the screen's design with its runs; None if the study has none around its best."""
    if best_digest(results) is None:
        return None
    return factorial_table(results, DESIGN)


def dropped(results: StudyResults) -> list[str]:
    """Return the factors whose change has no row around the best, because the screen excludes an effect."""
    return [effect.factor for effect in main_effects(results) if not effect.goes_on]


def _levels(study: StudyRow, factors: Sequence[str]) -> dict[str, tuple[str, str]]:
    best, baseline = study.decisions_json["best_choices"], study.decisions_json["baseline_choices"]
    return {factor: (str(baseline.get(factor)), str(best[factor])) for factor in factors}


def _by_size(effect: MainEffect) -> tuple[bool, float, str]:
    size = abs(effect.comparison.interval.estimate) if effect.comparison else 0.0
    return effect.comparison is None, -size, effect.factor
