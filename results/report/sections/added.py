"""The section "What each change does alone": each change of the best configuration, added to the baseline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from results.analysis.ablation import change_columns
from results.analysis.add_one_in import AddedRow, added_rows
from results.analysis.contrasts import compared_runs
from results.analysis.leaderboard import baseline_digest
from results.analysis.summary import Summary
from results.database.typed_tables import interval_columns, typed_table
from results.measurements.study_results import StudyResults
from results.report.notes import largest_effect, verdict_counts
from results.report.sections.not_run import LeftOut, left_out
from results.report.sections.section import Content, interval_bars
from results.text.formatting import plural
from results.text.units import SHARES, Unit

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Added(Content):
    """One row per change, with intervals on one axis."""

    rows: tuple[AddedRow, ...]
    left_out: LeftOut
    run_ids: tuple[str, ...]
    unit: Unit = SHARES

    def sentence(self) -> str:
        """Return the number of changes that help or hurt alone, and the largest effect."""
        compared = [row.alone for row in self.rows if row.alone.comparison is not None]
        if not compared:
            return "No change made to the baseline alone has two seeds in common with the baseline yet."
        counts = (
            f"Of {plural(len(compared), 'change')} made to the baseline alone, {verdict_counts(compared, self.unit)}."
        )
        return f"{counts} {largest_effect(compared[0], self.unit)}"

    def bars(self) -> tuple[Markup, list[Markup]]:
        """Return the axis and one bar per row, empty without an interval."""
        return interval_bars([row.alone for row in self.rows], self.unit)

    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Return `added`, one row per change."""
        records = [
            {**change_columns(row.alone), **interval_columns("within_best", row.within), "run_ids": runs}
            for row, runs in zip(self.rows, self.run_ids, strict=True)
        ]
        return {"added": typed_table("added", records)}


def build(results: StudyResults, summary: Summary) -> Added | None:
    """Return the section, or None if no change was added alone."""
    rows = tuple(added_rows(results, summary))
    excluded = left_out(results, "add_one_in", "change")
    baseline = baseline_digest(results)
    if baseline is None or not (rows or excluded.impossible or excluded.beyond_budget):
        return None
    runs = [compared_runs(results, row.alone.comparison, row.alone.cell.config_digest, baseline) for row in rows]
    return Added(rows, excluded, tuple(runs), results.units.score)
