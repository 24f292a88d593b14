"""The tables that a report prints, row by row beside what the study measured for the same rows."""

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
    """A mean over seeds and its standard deviation (None with one seed)."""

    mean: float
    deviation: float | None


@dataclass(frozen=True)
class Ours:
    """The scores of a row here, over `seeds` seeds; None if a task was not measured. `average`: of the three tasks."""

    sst: Spread | None
    quora: Spread | None
    sts: Spread | None
    average: Spread | None
    seeds: int
    run_ids: tuple[int, ...]


@dataclass(frozen=True)
class SideRow:
    """A printed row and ours, None if it has no result on the table's split."""

    printed: PrintedRow
    ours: Ours | None


@dataclass(frozen=True)
class SideTable:
    """A printed table with our results."""

    table: PrintedTable
    rows: tuple[SideRow, ...]

    @property
    def measured(self) -> bool:
        """Return whether any of its rows was measured."""
        return any(row.ours for row in self.rows)


def side_by_side(results: StudyResults) -> list[SideTable]:
    """Return the printed tables of the study's space, those on dev first; none for a space of our own."""
    digests = row_digests(results)
    tables = sorted(tables_of(results.study.space), key=lambda table: table.split != "dev")
    return [
        SideTable(
            table, tuple(SideRow(row, ours(results, digests.get(row.row, ""), table.split)) for row in table.rows)
        )
        for table in tables
    ]


def ours(results: StudyResults, digest: str, split: str) -> Ours | None:
    """Return a configuration's scores on three tasks and their plain mean on a split, over the seeds scored there."""
    seeds = list(results.results_of(digest))
    columns = [values(results, digest, seeds, task, split) for task in MAIN_TASKS]
    scored: NDArray[np.bool_] = np.asarray(~np.isnan(np.array(columns)).all(axis=0))
    if not scored.any():
        return None
    sst, quora, sts, average = (_spread(column[scored]) for column in (*columns, np.mean(columns, axis=0)))
    runs = results.results_of(digest)
    ids = tuple(runs[seed].id for seed, counts in zip(seeds, scored, strict=True) if counts)
    return Ours(sst, quora, sts, average, int(scored.sum()), ids)


def _spread(values: Float64) -> Spread | None:
    if np.isnan(values).any():
        return None
    return Spread(float(values.mean()), float(values.std(ddof=1)) if len(values) > 1 else None)
