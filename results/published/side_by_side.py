"""Tables of a report, row by row beside the scores that the study measured for the same rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from results.analysis.contrasts import values
from results.measurements.study_results import StudyResults
from results.published.measured_claims import MAIN_TASKS, row_digests
from results.published.tables import PrintedRow, PrintedTable, tables_of
from results.statistics import Float64


@dataclass(frozen=True)
class Spread:
    """Mean over seeds and its standard deviation (None with one seed)."""

    mean: float
    deviation: float | None


@dataclass(frozen=True)
class MeasuredRow:
    """Scores of a row in this study over `seeds` seeds, None if a task was not measured, and their `average`."""

    sst: Spread | None
    quora: Spread | None
    sts: Spread | None
    average: Spread | None
    seeds: int
    run_ids: tuple[int, ...]


@dataclass(frozen=True)
class SideRow:
    """Printed row with the measured one, None if it has no result on the table's split."""

    printed: PrintedRow
    ours: MeasuredRow | None


@dataclass(frozen=True)
class SideTable:
    """Printed table with the measured rows."""

    table: PrintedTable
    rows: tuple[SideRow, ...]

    @property
    def measured(self) -> bool:
        """Whether any of its rows was measured."""
        return any(row.ours for row in self.rows)


def side_by_side(results: StudyResults) -> list[SideTable]:
    """Return the printed tables of the study's space, those on dev first; none if it replicates no report."""
    digests = row_digests(results)
    sides = []
    for table in sorted(tables_of(results.study.space), key=lambda table: table.split != "dev"):
        rows = [SideRow(row, _measured(results, digests.get(row.row, ""), table.split)) for row in table.rows]
        sides.append(SideTable(table, tuple(rows)))
    return sides


def _measured(results: StudyResults, digest: str, split: str) -> MeasuredRow | None:
    """Return a configuration's scores on three tasks and their plain mean, over the seeds scored on the split."""
    runs = results.results_of(digest)
    columns = [values(results, digest, list(runs), task, split) for task in MAIN_TASKS]
    scored: NDArray[np.bool_] = np.asarray(~np.isnan(np.array(columns)).all(axis=0))
    if not scored.any():
        return None
    sst, quora, sts, average = (_spread(column[scored]) for column in (*columns, np.mean(columns, axis=0)))
    ids = tuple(run.id for run, is_scored in zip(runs.values(), scored, strict=True) if is_scored)
    return MeasuredRow(sst, quora, sts, average, int(scored.sum()), ids)


def _spread(values: Float64) -> Spread | None:
    if np.isnan(values).any():
        return None
    return Spread(float(values.mean()), float(values.std(ddof=1)) if len(values) > 1 else None)
