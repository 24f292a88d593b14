"""The ablation table: each single change of the best configuration, and what it does to the score."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from results.analysis.comparisons import compare_all, judged_record
from results.analysis.contrasts import Comparison
from results.database.rows import Cell, StudyRow
from results.database.typed_tables import typed_table
from results.measurements.study_results import StudyResults
from results.statistics import Difference, Judgement

if TYPE_CHECKING:
    import pandas as pd


AROUND_BEST = ("leave_one_out", "one_at_a_time")  # the designs whose cells are single changes of the best


@dataclass(frozen=True)
class AblationRow:
    """One single change of the best configuration. Scores are in 0..1; `mean` is None before any result.

    `comparison` is this configuration minus the best one over the seeds both have; None with fewer than two,
    and then no difference may be shown either, nor is there a `judgement`, which is about `judged` (`compared`).
    """

    cell: Cell
    scores: tuple[float, ...]
    comparison: Comparison | None
    judgement: Judgement | None = None
    run_ids: tuple[int, ...] = ()
    judged: Difference | None = None

    @property
    def mean(self) -> float | None:
        """The mean score over the seeds."""
        return float(np.mean(self.scores)) if self.scores else None

    @property
    def spread(self) -> float | None:
        """The standard deviation over seeds (n - 1 below); None with fewer than two seeds."""
        return float(np.std(self.scores, ddof=1)) if len(self.scores) > 1 else None


def ablation_rows(results: StudyResults, best: str) -> list[AblationRow]:
    """Return the rows around the configuration `best` (a digest), the largest effect first, unmeasured ones last.

    A configuration that two designs ask for (left out, and one level of a factor with two) is one row. What other
    designs ask for is not compared with the best: it has sections of its own.
    """
    return changed_rows(results, compared_with_best(results, best), best)


def changed_rows(results: StudyResults, cells: Mapping[str, Cell], reference: str) -> list[AblationRow]:
    """Return each cell (by digest) compared with `reference`, the largest effect first, unmeasured ones last."""
    judged = compare_all(results, list(cells), reference)
    rows = [
        AblationRow(
            cell, tuple(results.scores(digest)), one.comparison, one.judgement, results.run_ids(digest), one.judged
        )
        for (digest, cell), one in zip(cells.items(), judged, strict=True)
    ]
    return sorted(rows, key=_by_effect)


def compared_with_best(results: StudyResults, best: str) -> dict[str, Cell]:
    """Return the rows of the table by digest, those without a result too."""
    return changed_cells(results, AROUND_BEST, best)


def changed_cells(results: StudyResults, designs: Collection[str], reference: str) -> dict[str, Cell]:
    """Return the single changes that these designs ask for, by digest, without `reference`; the first cell of each."""
    cells: dict[str, Cell] = {}
    for cell in results.cells:
        digest = cell.config_digest
        asked = cell.phase == "ablate" and cell.factor is not None and cell.design in designs
        if asked and digest != reference and digest not in cells:
            cells[digest] = cell
    return cells


@dataclass(frozen=True)
class ForbiddenChanges:
    """Levels of one factor that cannot stand where the best configuration has another, and the reason."""

    factor: str
    from_level: str
    to_levels: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class NotRun:
    """Single changes that the ablation goes without: so many beyond the budget, and those that cannot be made."""

    beyond_budget: int
    forbidden: tuple[ForbiddenChanges, ...]

    @property
    def cannot_be_made(self) -> int:
        """How many changes the space's constraints forbid."""
        return sum(len(changes.to_levels) for changes in self.forbidden)


def not_run(study: StudyRow) -> NotRun:
    """Return what the ablation left out, as decided; changes of one factor with one reason together."""
    decided = study.decisions_json
    grouped: dict[tuple[str, str, str], list[str]] = {}
    for change in decided.get("ablations_forbidden", ()):
        key = change["factor"], change["from_level"], change["reason"]
        grouped.setdefault(key, []).append(change["to_level"])
    return NotRun(
        int(decided.get("ablations_left_out", 0)),
        tuple(
            ForbiddenChanges(factor, now, tuple(levels), reason) for (factor, now, reason), levels in grouped.items()
        ),
    )


def ablation_frame(results: StudyResults) -> pd.DataFrame:
    """Return `ablation_rows` around the study's best as the table `ablation`; empty before a best is decided."""
    from results.analysis.leaderboard import best_digest

    best = best_digest(results)
    rows = [] if best is None else ablation_rows(results, best)
    of_best = () if best is None else results.run_ids(best)
    records = [
        {
            **change_columns(row),
            "design": row.cell.design,
            "run_ids": " ".join(map(str, row.run_ids)),
            "best_run_ids": " ".join(map(str, of_best)),
        }
        for row in rows
    ]
    return typed_table("ablation", records)


def change_columns(row: AblationRow) -> dict[str, object]:
    """Return the columns that tables of single changes have in common."""
    return {
        "cell": row.cell.name,
        "factor": row.cell.factor,
        "from": row.cell.from_level,
        "to": row.cell.to_level,
        "config_digest": row.cell.config_digest,
        "mean": row.mean,
        "spread": row.spread,
        "seeds": len(row.scores),
        **judged_record(row.comparison, row.judgement),
    }


def _by_effect(row: AblationRow) -> tuple[bool, float, str]:
    """Sort the largest effect first, rows without one last."""
    effect = abs(row.comparison.interval.estimate) if row.comparison else 0.0
    return row.comparison is None, -effect, row.cell.name
