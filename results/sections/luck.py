"""The scores that chose configurations beside those that fresh seeds gave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from results.figure import Figure
from results.leaderboard import ConfigurationResult
from results.luck import Luck, SearchLuck, luck, search_luck
from results.rows import RunRow
from results.searched import complete_search
from results.study_results import StudyResults
from results.summary import Summary
from results.units import Unit
from results.wording import SHARES, changes, changes_in_words, plural, seeds_text

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class LuckRow:
    """A confirmed configuration, in words; the baseline was not chosen by its score."""

    words: str
    is_baseline: bool
    entry: ConfigurationResult
    luck: Luck


@dataclass(frozen=True)
class Promises:
    """Every confirmed configuration that the search had run, by its score there."""

    rows: tuple[LuckRow, ...]
    whole: SearchLuck
    by_score: bool
    unit: Unit = SHARES

    def sentence(self) -> str:
        """What the search's first among the confirmed promised, and what it gave."""
        chosen = [row for row in self.rows if not row.is_baseline]
        if not chosen:
            return (
                "Only the baseline was confirmed, and no score chose it: what single runs promise cannot be compared."
            )
        one = chosen[0].luck
        first = "best" if one.place == 1 else "confirmed one that had scored highest"
        told = (
            f"Of the search's {plural(self.whole.configurations, 'configuration')}, the {first} showed "
            f"{self.unit.scored(one.gap.searched)}; {seeds_text(len(one.fresh_runs))} that did not choose it "
            f"{'gives' if len(one.fresh_runs) == 1 else 'give'} {self.unit.scored(one.confirmed)}"
        )
        if one.luck is None:
            return f"{told}: one seed shows no spread, so how much of the difference was luck cannot be said."
        told += f": {self.unit.change(one.luck.estimate)} {self.unit.interval(one.luck)} of it were luck"
        if not one.luck.excludes_zero:
            told += ", which may be none"
        return f"{told}. {self.expectation()}"

    def expectation(self) -> str:
        """What the luck of so many runs should be."""
        if self.whole.expected is None or self.whole.deviation is None:
            return ""
        return (
            f"Where seeds deviate by {self.unit.apart_rounded(self.whole.deviation)}, the best of so many single runs "
            f"is {self.unit.apart_rounded(self.whole.expected)} too "
            f"{'high' if self.unit.higher_is_better else 'low'} on average."
        )

    def figures(self) -> Sequence[Figure]:
        """None."""
        return []

    def tables(self) -> Mapping[str, pd.DataFrame]:
        """`luck`: a row a configuration; scores 0..1."""
        import pandas as pd

        records = [
            {
                "config_digest": row.luck.digest,
                "is_baseline": row.is_baseline,
                "search_place": row.luck.place,
                "search_score_not_a_result": row.luck.gap.searched,
                "search_runs": len(row.luck.search_runs),
                "confirmed": row.luck.confirmed,
                "confirmed_low": row.luck.interval.low if row.luck.interval else None,
                "confirmed_high": row.luck.interval.high if row.luck.interval else None,
                "seeds": len(row.luck.fresh_runs),
                "luck": row.luck.gap.luck if row.luck.luck else None,
                "luck_low": row.luck.luck.low if row.luck.luck else None,
                "luck_high": row.luck.luck.high if row.luck.luck else None,
                "expected_luck_of_the_best": self.whole.expected,
                "searched_configurations": self.whole.configurations,
                "seed_deviation": self.whole.deviation,
                "run_ids": " ".join(map(str, (*row.luck.search_runs, *row.luck.fresh_runs))),
            }
            for row in self.rows
        ]
        return {"luck": pd.DataFrame(records, columns=list(COLUMNS)).astype(COLUMNS)}


COLUMNS = {
    "config_digest": "str",
    "is_baseline": "bool",
    "search_place": "int64",
    "search_score_not_a_result": "float64",
    "search_runs": "int64",
    "confirmed": "float64",
    "confirmed_low": "float64",
    "confirmed_high": "float64",
    "seeds": "int64",
    "luck": "float64",
    "luck_low": "float64",
    "luck_high": "float64",
    "expected_luck_of_the_best": "float64",
    "searched_configurations": "int64",
    "seed_deviation": "float64",
    "run_ids": "str",
}


def build(results: StudyResults, found: Summary) -> Promises | None:
    """None for a grid, and where no configuration was both searched and confirmed."""
    if found.is_grid:
        return None
    searched = _searched(results)
    means = {digest: float(np.mean([run.score for run in runs])) for digest, runs in searched.items()}
    places = {digest: place for place, digest in enumerate(sorted(means, key=lambda d: (-means[d], d)), start=1)}
    baseline = found.baseline.digest if found.baseline else None
    rows = [
        LuckRow(
            words=changes_in_words(changes(found.baseline_choices, entry.choices)),
            is_baseline=entry.digest == baseline,
            entry=entry,
            luck=_luck(results, entry, places[entry.digest], searched[entry.digest]),
        )
        for entry in found.leaderboard
        if entry.digest in searched
    ]
    if not rows:
        return None
    confirmed = [results.scores(entry.digest) for entry in found.leaderboard]
    return Promises(
        rows=tuple(sorted(rows, key=lambda row: row.luck.place)),
        whole=search_luck(list(means.values()), confirmed),
        by_score=results.study.settings_json.get("objectives", ["score"]) == ["score"],
        unit=results.units.score,
    )


def _searched(results: StudyResults) -> dict[str, list[RunRow]]:
    """The search's runs by configuration, without those that count as results."""
    fresh = {run.id for digest in results.measured() for run in results.results_of(digest).values()}
    searched: dict[str, list[RunRow]] = {}
    for run in complete_search(results):
        if run.id not in fresh:
            searched.setdefault(run.config_digest, []).append(run)
    return searched


def _luck(results: StudyResults, entry: ConfigurationResult, place: int, runs: Sequence[RunRow]) -> Luck:
    fresh = list(results.results_of(entry.digest).values())
    return luck(entry.digest, place, _scored(runs), _scored(fresh))


def _scored(runs: Sequence[RunRow]) -> list[tuple[int, float]]:
    return [(run.id, run.score) for run in runs if run.score is not None]
