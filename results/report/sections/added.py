"""The section "What each change does alone": every change of the best added to the baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from results.analysis.ablation import change_columns
from results.analysis.add_one_in import AddedRow, added_rows
from results.analysis.contrasts import compared_runs
from results.analysis.leaderboard import baseline_digest
from results.analysis.summary import Summary
from results.database.typed_tables import interval_columns, typed_table
from results.figures.figure import Figure
from results.measurements.study_results import StudyResults
from results.report.notes import effect_in_words, verdict_counts
from results.report.sections.not_run import LeftOut, left_out
from results.report.sections.section import interval_bars
from results.text.formatting import SHARES, level_text, plural
from results.text.units import Unit

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Added:
    """The rows, on one axis."""

    rows: tuple[AddedRow, ...]
    left_out: LeftOut
    run_ids: tuple[str, ...]
    unit: Unit = SHARES

    def sentence(self) -> str:
        """Return how many changes help or hurt alone, and the largest effect."""
        compared = [row.alone for row in self.rows if row.alone.comparison is not None]
        if not compared:
            return "No change made to the baseline alone has two seeds in common with it yet."
        largest = compared[0]
        assert largest.comparison is not None
        levels = f"{level_text(largest.cell.from_level)} → {level_text(largest.cell.to_level)}"
        told = f"Of {plural(len(compared), 'change')} made to the baseline alone, {verdict_counts(compared)}."
        effect = effect_in_words(largest.comparison, largest.judgement, self.unit)
        return f"{told} The largest effect: {largest.cell.factor} {levels}, {effect}."

    def bars(self) -> tuple[Markup, list[Markup]]:
        """Return the axis and a bar per row, empty where there is no interval."""
        return interval_bars([row.alone.comparison for row in self.rows], self.unit)

    def figures(self) -> Sequence[Figure]:
        """Return none: the bars are in the table."""
        return ()

    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Return `added`, one row per change."""
        records = [
            {**change_columns(row.alone), **interval_columns("within_best", row.within), "run_ids": runs}
            for row, runs in zip(self.rows, self.run_ids, strict=True)
        ]
        return {"added": typed_table("added", records)}


def build(results: StudyResults, summary: Summary) -> Added | None:
    """Return the section; None where no change was added alone."""
    rows = tuple(added_rows(results, summary))
    told = left_out(results, "add_one_in", "change")
    baseline = baseline_digest(results)
    if baseline is None or not (rows or told.impossible or told.beyond_budget):
        return None
    runs = [compared_runs(results, row.alone.comparison, row.alone.cell.config_digest, baseline) for row in rows]
    return Added(rows, told, tuple(runs), results.units.score)
