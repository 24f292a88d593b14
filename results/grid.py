"""What a grid answers: every configuration that it runs against the baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from results.compared import compared
from results.leaderboard import ConfigurationResult
from results.rows import StudyRow
from results.statistics import Judgement
from results.study_results import Comparison, StudyResults


@dataclass(frozen=True)
class GridRow:
    """A configuration of a grid. `comparison` is it minus the baseline; None with fewer than two seeds in common."""

    entry: ConfigurationResult
    comparison: Comparison | None
    judgement: Judgement | None = None


def is_grid(study: StudyRow) -> bool:
    """Whether the study's space is run whole, and nothing is ablated."""
    return study.space_json.get("design") == "grid"


def grid_rows(results: StudyResults, entries: Sequence[ConfigurationResult], baseline: str) -> list[GridRow]:
    """All of `entries` but the baseline (a digest), the largest gain first, those without a comparison last."""
    digests = compared_with_baseline(results, baseline)
    judged = dict(zip(digests, compared(results, digests, baseline), strict=True))
    rows = [
        GridRow(entry, judged[entry.digest].comparison, judged[entry.digest].judgement)
        for entry in entries
        if entry.digest != baseline
    ]
    return sorted(rows, key=_by_gain)


def compared_with_baseline(results: StudyResults, baseline: str) -> list[str]:
    """The rows of a grid's table, those without a result too: all configurations but the baseline (a digest)."""
    found = dict.fromkeys(cell.config_digest for cell in results.cells if cell.phase == "confirm")
    return [digest for digest in found if digest != baseline]


def _by_gain(row: GridRow) -> tuple[bool, float, str]:
    gain = row.comparison.interval.estimate if row.comparison else 0.0
    return row.comparison is None, -gain, row.entry.digest
