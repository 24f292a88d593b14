"""What each change of the best does alone: added to the baseline, and beside it what it does within the best."""

from __future__ import annotations

from dataclasses import dataclass

from results.analysis.ablation import AblationRow, changed_cells, changed_rows
from results.analysis.leaderboard import baseline_digest
from results.analysis.summary import Summary
from results.measurements.study_results import StudyResults
from results.statistics import Interval


@dataclass(frozen=True)
class AddedRow:
    """One change of the best made to the baseline alone; `alone.comparison` is that minus the baseline.

    `within`: what the same change does in the best, which is the best minus the best without it; None where that was
    not run.
    """

    alone: AblationRow
    within: Interval | None


def added_rows(results: StudyResults, found: Summary) -> list[AddedRow]:
    """Return the rows of `add_one_in`, the largest effect first, unmeasured ones last; none without a baseline."""
    baseline = baseline_digest(results)
    cells = changed_cells(results, ("add_one_in",), baseline or "")
    if baseline is None or not cells:
        return []
    return [AddedRow(row, _within(row, found)) for row in changed_rows(results, cells, baseline)]


def _within(row: AblationRow, found: Summary) -> Interval | None:
    """Return the effect of the row of the ablation that takes this change back, the other way round."""
    for other in found.ablation:
        same = other.cell.factor == row.cell.factor and other.cell.to_level == row.cell.from_level
        if same and other.comparison is not None:
            return other.comparison.turned.interval
    return None
