"""The ablation table: each single change of the best configuration and its effect on the score."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from results.analysis.comparisons import compare_all, judged_record
from results.analysis.contrasts import Comparison
from results.analysis.leaderboard import best_digest, mean_of, spread_of
from results.analysis.sample_size import Needed, needed
from results.database.rows import Cell, StudyRow
from results.database.typed_tables import typed_table
from results.measurements.study_results import StudyResults
from results.statistics import Judgement

if TYPE_CHECKING:
    import pandas as pd


AROUND_BEST = ("leave_one_out", "one_at_a_time")  # the designs whose cells are single changes of the best


@dataclass(frozen=True)
class AblationRow:
    """A single change of a configuration. Scores are in 0..1; `mean` is None before any result.

    `comparison` is this configuration minus the reference over their common seeds. With fewer than two of these it is
    None, and so is `judgement`, the verdict on it; no difference may be shown then. `needed`: what would give an open
    row a verdict.
    """

    cell: Cell
    scores: tuple[float, ...]
    comparison: Comparison | None
    judgement: Judgement | None = None
    run_ids: tuple[int, ...] = ()
    needed: Needed | None = None

    @property
    def mean(self) -> float | None:
        """The mean score over the seeds."""
        return mean_of(self.scores)

    @property
    def spread(self) -> float | None:
        """The standard deviation over seeds (n - 1 below); None with fewer than two seeds."""
        return spread_of(self.scores)


def ablation_rows(results: StudyResults, best: str) -> list[AblationRow]:
    """Return the single changes of `best` (a digest), the largest effect first, unmeasured ones last.

    A configuration that two designs ask for (leave-one-out, and one-at-a-time of a factor with two levels) is one row.
    """
    return changed_rows(results, compared_with_best(results, best), best, primary_rows(results))


def changed_rows(
    results: StudyResults, cells: Mapping[str, Cell], reference: str, primary: Collection[str] | None = None
) -> list[AblationRow]:
    """Return each cell (by digest) compared with `reference`, the largest effect first, unmeasured ones last.

    `primary`: the digests whose rows are tested first; default: all.
    """
    judged = compare_all(results, list(cells), reference, primary)
    rows = [
        AblationRow(
            cell,
            tuple(results.scores(d)),
            one.comparison,
            one.judgement,
            results.run_ids(d),
            needed(results, one.comparison, one.judgement, d, reference),
        )
        for (d, cell), one in zip(cells.items(), judged, strict=True)
    ]
    return sorted(rows, key=_by_effect)


def primary_rows(results: StudyResults) -> set[str] | None:
    """Return the digests of the rows that are tested before the others (`statistics.gatekeeping`); None: all alike.

    They were declared before the table began, in `decisions_json["primary"]`: the single changes of one design,
    {"design", "factors"}, and of these factors if there are any. In older studies they are those of leave_one_out,
    which say whether each change of the best counts.
    """
    declared = results.study.decisions_json.get("primary") or {}
    design, factors = declared.get("design", AROUND_BEST[0]), declared.get("factors")
    cells = [cell for cell in results.cells if cell.phase == "ablate" and cell.design == design]
    return {cell.config_digest for cell in cells if not factors or cell.factor in factors} or None


def compared_with_best(results: StudyResults, best: str) -> dict[str, Cell]:
    """Return the cells of the ablation table by digest, including those without a result."""
    return changed_cells(results, AROUND_BEST, best)


def changed_cells(results: StudyResults, designs: Collection[str], reference: str) -> dict[str, Cell]:
    """Return the first cell of each single change that these designs ask for, by digest, without `reference`."""
    cells: dict[str, Cell] = {}
    for cell in results.cells:
        is_change = cell.phase == "ablate" and cell.factor is not None and cell.design in designs
        if is_change and cell.config_digest != reference:
            cells.setdefault(cell.config_digest, cell)
    return cells


@dataclass(frozen=True)
class ForbiddenChanges:
    """Levels of one factor that the best configuration cannot take, and the reason."""

    factor: str
    from_level: str
    to_levels: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class NotRun:
    """Single changes that are not in the ablation: the number beyond the budget, and those the space forbids."""

    beyond_budget: int
    forbidden: tuple[ForbiddenChanges, ...]

    @property
    def cannot_be_made(self) -> int:
        """The number of changes that the space's constraints forbid."""
        return sum(len(changes.to_levels) for changes in self.forbidden)


def not_run(study: StudyRow) -> NotRun:
    """Return the changes that the driver decided not to run; forbidden ones are grouped by factor and reason."""
    grouped: dict[tuple[str, str, str], list[str]] = {}
    for change in study.decisions_json.get("ablations_forbidden", ()):
        key = change["factor"], change["from_level"], change["reason"]
        grouped.setdefault(key, []).append(change["to_level"])
    forbidden = (ForbiddenChanges(factor, level, tuple(to), why) for (factor, level, why), to in grouped.items())
    return NotRun(int(study.decisions_json.get("ablations_left_out", 0)), tuple(forbidden))


def ablation_frame(results: StudyResults) -> pd.DataFrame:
    """Return `ablation_rows` around the study's best as the table `ablation`; empty without a best."""
    best = best_digest(results)
    if best is None:
        return typed_table("ablation", [])
    best_runs = " ".join(map(str, results.run_ids(best)))
    records = [
        {
            **change_columns(row),
            **(row.needed.columns() if row.needed else {}),
            "design": row.cell.design,
            "run_ids": " ".join(map(str, row.run_ids)),
            "best_run_ids": best_runs,
        }
        for row in ablation_rows(results, best)
    ]
    return typed_table("ablation", records)


def change_columns(row: AblationRow) -> dict[str, object]:
    """Return the columns that all tables of single changes share."""
    return {
        "cell": row.cell.name,
        "factor": row.cell.factor,
        "from": row.cell.from_level,
        "to": row.cell.to_level,
        "config_digest": row.cell.config_digest,
        "mean": row.mean,
        "spread": row.spread,
        "seeds": len(row.scores),
        **judged_record(row),
    }


def _by_effect(row: AblationRow) -> tuple[bool, float, str]:
    """Return the key that sorts the largest effect first and rows without an effect last."""
    effect = abs(row.comparison.interval.estimate) if row.comparison else 0.0
    return row.comparison is None, -effect, row.cell.name
