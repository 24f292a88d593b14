"""Each change of the best added alone to the baseline, beside its effect within the best."""

from __future__ import annotations

from dataclasses import dataclass

from results.analysis.ablation import AblationRow, changed_cells, changed_rows
from results.analysis.leaderboard import baseline_digest
from results.analysis.summary import Summary
from results.measurements.study_results import StudyResults
from results.statistics import Interval


@dataclass(frozen=True)
class AddedRow:
    """One change of the best, made to the baseline alone; `alone.comparison` is the result minus the baseline.

    `within` is the effect of the same change in the best (best minus best without it); None if that was not run.
    """

    alone: AblationRow
    within: Interval | None


def added_rows(results: StudyResults, summary: Summary) -> list[AddedRow]:
    """Return the `add_one_in` rows, the largest effect first, unmeasured ones last; none without a baseline."""
    baseline = baseline_digest(results)
    cells = changed_cells(results, ("add_one_in",), baseline or "")
    if baseline is None or not cells:
        return []
    return [AddedRow(row, _within(row, summary)) for row in changed_rows(results, cells, baseline)]


def _within(row: AblationRow, summary: Summary) -> Interval | None:
    """Return the effect of the ablation row that undoes this change, with its sign reversed."""
    for other in summary.ablation:
        undoes = other.cell.factor == row.cell.factor and other.cell.to_level == row.cell.from_level
        if undoes and other.comparison is not None:
            return other.comparison.reversed.interval
    return None
