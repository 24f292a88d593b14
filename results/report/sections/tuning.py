"""The section "Tuning effort and selection bias": runs spent on each level, and the overestimate of the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from results.analysis.leaderboard import ConfigurationResult
from results.analysis.summary import Summary
from results.analysis.tuning_effort import FactorEffort, LevelEffort, tuning_effort
from results.database.rows import RunRow
from results.database.typed_tables import interval_columns, typed_table
from results.measurements.dev_parts import search_rows, search_scores
from results.measurements.study_results import StudyResults, complete_search
from results.report.sections.section import Content
from results.statistics.selection_bias import SearchBias, SelectionGap, search_bias, selection_gap
from results.text.formatting import plural, seeds_text
from results.text.units import SHARES, Unit

if TYPE_CHECKING:
    import pandas as pd

NAMED = 3  # uneven factors that the sentence names


@dataclass(frozen=True)
class ChosenConfiguration:
    """A confirmed configuration that the search had run; `place` is its rank there, from 1.

    `gap` has the mean of its search runs (usually one), which chose it unless it is the baseline.
    """

    entry: ConfigurationResult
    is_baseline: bool
    place: int
    search_runs: tuple[int, ...]
    fresh_runs: tuple[int, ...]
    gap: SelectionGap


@dataclass(frozen=True)
class Tuning(Content):
    """The effort by factor, and the chosen configurations by their rank in the search; either may be empty."""

    factors: tuple[FactorEffort, ...]
    chosen: tuple[ChosenConfiguration, ...]
    bias: SearchBias
    by_score: bool
    unit: Unit = SHARES
    divided: bool = False  # the fresh seeds are compared on the search's examples, which are not those of the results

    @property
    def levels(self) -> list[tuple[FactorEffort, LevelEffort]]:
        """The rows of the table of tuning effort."""
        return [(factor, level) for factor in self.factors for level in factor.levels]

    def sentence(self) -> str:
        """Return the levels with little tuning, and the selection bias of the search's best."""
        return " ".join(part for part in (self.effort_sentence(), self.bias_sentence()) if part)

    def effort_sentence(self) -> str:
        """Return the levels that got little tuning."""
        if not self.factors:
            return ""
        uneven = [factor for factor in self.factors if factor.is_uneven]
        if not uneven:
            return "Every level got at least half as many of the search's runs as any other level of its factor."
        uneven.sort(key=lambda factor: factor.least.runs - factor.most.runs)
        named = "; ".join(_uneven(factor) for factor in uneven[:NAMED])
        more = f"; and {len(uneven) - NAMED} more" if len(uneven) > NAMED else ""
        return (
            f"In {len(uneven)} of {plural(len(self.factors), 'factor')}, a level got less than half of another's runs: "
            f"{named}{more}. A level that was tuned less seems worse than it is."
        )

    def bias_sentence(self) -> str:
        """Return the selection bias: the best confirmed configuration's score in the search and with fresh seeds."""
        if not self.chosen:
            return ""
        first = next((row for row in self.chosen if not row.is_baseline), None)
        if first is None:
            return "Only the baseline was confirmed, and no score chose it: there is no selection bias to measure."
        best = "best" if first.place == 1 else "best of those that were confirmed"
        scores = (
            f"Of the search's {plural(self.bias.configurations, 'configuration')}, the {best} scored "
            f"{self.unit.scored(first.gap.searched)} there and {self.unit.scored(first.gap.confirmed)} with "
            f"{seeds_text(len(first.fresh_runs))} that did not choose it"
        )
        scores += ", both on the search examples" if self.divided else ""
        interval = first.gap.bias_interval
        if interval is None:
            return f"{scores}. One seed shows no spread, so the selection bias cannot be estimated."
        unsure = "" if interval.excludes_zero else ", which may be none"
        bias = f"{self.unit.change(interval.estimate)} {self.unit.interval(interval)}"
        return f"{scores}: a selection bias of {bias}{unsure}. {self.expectation()}".rstrip()

    def expectation(self) -> str:
        """Return the expected selection bias of the best of so many runs; empty if the seeds' deviation is unknown."""
        if self.bias.expected is None or self.bias.deviation is None:
            return ""
        return (
            f"If seeds deviate by {self.unit.apart_rounded(self.bias.deviation)}, the best of that many single runs "
            f"is {self.unit.apart_rounded(self.bias.expected)} too "
            f"{'high' if self.unit.higher_is_better else 'low'} on average."
        )

    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Return `ledger`, one row per level, and `luck`, one row per configuration; scores 0..1, seconds."""
        tables = {
            "ledger": [_effort_record(factor, level) for factor, level in self.levels],
            "luck": [_bias_record(row, self.bias) for row in self.chosen],
        }
        return {name: typed_table(name, records) for name, records in tables.items() if records}


def build(results: StudyResults, summary: Summary) -> Tuning | None:
    """Return the section; None for a grid, and before a run of the search has ended."""
    if summary.is_grid:
        return None
    factors = tuning_effort(results.runs, results.study.space_json.get("factors", []))
    searched = _searched(results)
    chosen = _chosen(results, summary, searched)
    if not factors and not chosen:
        return None
    means = [float(np.mean([run.score for run in runs])) for runs in searched.values()]
    return Tuning(
        factors,
        chosen,
        search_bias(means, [search_scores(results, entry.digest) for entry in summary.leaderboard]),
        by_score=results.study.settings_json.get("objectives", ["score"]) == ["score"],
        unit=results.units.score,
        divided=bool(search_rows(results.study)),
    )


def _searched(results: StudyResults) -> dict[str, list[RunRow]]:
    """Return configuration -> runs of the search, without those that count as results."""
    fresh = {run.id for digest in results.measured() for run in results.results_of(digest).values()}
    searched: dict[str, list[RunRow]] = {}
    for run in complete_search(results):
        if run.id not in fresh:
            searched.setdefault(run.config_digest, []).append(run)
    return searched


def _chosen(
    results: StudyResults, summary: Summary, searched: Mapping[str, Sequence[RunRow]]
) -> tuple[ChosenConfiguration, ...]:
    means = {digest: float(np.mean([run.score for run in runs])) for digest, runs in searched.items()}
    places = {digest: place for place, digest in enumerate(sorted(means, key=lambda d: (-means[d], d)), start=1)}
    rows = [
        ChosenConfiguration(
            entry,
            is_baseline=summary.baseline is not None and entry.digest == summary.baseline.digest,
            place=places[entry.digest],
            search_runs=tuple(run.id for run in searched[entry.digest]),
            fresh_runs=tuple(run.id for run in results.results_of(entry.digest).values()),
            gap=selection_gap([means[entry.digest]], search_scores(results, entry.digest)),
        )
        for entry in summary.leaderboard
        if entry.digest in searched and search_scores(results, entry.digest)
    ]
    return tuple(sorted(rows, key=lambda row: row.place))


def _uneven(factor: FactorEffort) -> str:
    few, many = factor.least, factor.most
    return f"{factor.factor} {few.level} {few.runs:,}, {many.level} {many.runs:,}"


def _effort_record(factor: FactorEffort, level: LevelEffort) -> dict[str, object]:
    return {
        "factor": factor.factor,
        "level": level.level,
        "runs": level.runs,
        "complete": level.complete,
        "pruned": level.pruned,
        "failed": level.failed,
        "seconds": level.seconds,
        "share_of_most": level.runs / factor.most.runs,
        "best_search_score_not_a_result": level.best,
        "median_search_score_not_a_result": level.median,
        "shared_budget": factor.shared_budget,
        "expected_best_not_a_result": factor.expected_best(level),
        "run_ids": " ".join(map(str, level.run_ids)),
    }


def _bias_record(row: ChosenConfiguration, bias: SearchBias) -> dict[str, object]:
    return {
        "config_digest": row.entry.digest,
        "is_baseline": row.is_baseline,
        "search_place": row.place,
        "search_score_not_a_result": row.gap.searched,
        "search_runs": len(row.search_runs),
        **interval_columns("confirmed", row.gap.interval),
        "confirmed": row.gap.confirmed,
        "seeds": len(row.fresh_runs),
        **interval_columns("luck", row.gap.bias_interval),
        "expected_luck_of_the_best": bias.expected,
        "searched_configurations": bias.configurations,
        "seed_deviation": bias.deviation,
        "run_ids": " ".join(map(str, (*row.search_runs, *row.fresh_runs))),
    }
