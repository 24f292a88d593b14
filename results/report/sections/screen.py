"""The section "Which changes matter at all": the main effects of a screen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from results.analysis.comparisons import judged_record
from results.analysis.contrasts import compared_runs
from results.analysis.summary import Summary
from results.database.typed_tables import typed_table
from results.designs.screen import DESIGN, MainEffect, main_effects, screen_table
from results.measurements.study_results import StudyResults
from results.report.notes import effect_in_words, verdict_counts
from results.report.sections.not_run import LeftOut, left_out
from results.report.sections.section import Content, interval_bars
from results.text.formatting import level_text, plural
from results.text.units import SHARES, Unit

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Screen(Content):
    """One row per change of the best, the largest effect first; `configurations` is the number of those that ran."""

    rows: tuple[MainEffect, ...]
    left_out: LeftOut
    run_ids: tuple[str, ...]
    configurations: int
    unit: Unit = SHARES

    def sentence(self) -> str:
        """Return the number of changes with an effect, and of those without a row around the best."""
        compared = [row for row in self.rows if row.comparison is not None]
        if not compared:
            return "The screen has no two seeds in all the runs that it needs yet."
        counts = f"Of {plural(len(compared), 'change')} of the best, {verdict_counts(compared, self.unit)}."
        first = compared[0]
        change = f"{first.factor} {level_text(first.from_level)} → {level_text(first.to_level)}"
        largest = f"The largest effect: {change}, {effect_in_words(first, self.unit)}."
        return f"{counts} {largest} {self.no_row()}".strip()

    def no_row(self) -> str:
        """Return the number of changes that have no row around the best because of the screen; "" if all have one."""
        ended = sum(not row.goes_on for row in self.rows)
        verb = "has" if ended == 1 else "have"
        return f"{plural(ended, 'change')} {verb} no row around the best for this reason." if ended else ""

    def bars(self) -> tuple[Markup, list[Markup]]:
        """Return the axis and one bar per row, empty without an interval."""
        return interval_bars(self.rows, self.unit)

    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Return `screen`, one row per change."""
        records = [
            {
                "factor": row.factor,
                "from": row.from_level,
                "to": row.to_level,
                **judged_record(row),
                "around_best": row.goes_on,
                "run_ids": runs,
            }
            for row, runs in zip(self.rows, self.run_ids, strict=True)
        ]
        return {"screen": typed_table("screen", records)}


def build(results: StudyResults, summary: Summary) -> Screen | None:
    """Return the section, or None without a screen."""
    rows, table = tuple(main_effects(results)), screen_table(results)
    excluded = left_out(results, DESIGN, "change")
    if not rows and not (excluded.impossible or excluded.beyond_budget):
        return None
    runs = [compared_runs(results, row.comparison, *row.digests) for row in rows]
    return Screen(rows, excluded, tuple(runs), len(table.runs) if table else 0, results.units.score)
