"""The product's own path: from the rows of one study to the words, intervals and the gain that its report prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from results.analysis.ablation import AblationRow, ablation_rows, compared_with_best, primary_rows
from results.analysis.sequential import ROUNDS, Round, next_round, schedule
from results.analysis.summary import summarise
from results.analysis.task_contrasts import task_differences
from results.measurements.study_results import StudyResults
from results.statistics import Interval

from .database import BASELINE, StoredStudy
from .draw import DrawnStudy


class ReadRow(NamedTuple):
    """What is said of a row, beside what is true; differences in shares.

    `interval` is the one of 95 %, `shown` the one that the verdict uses, and the difference is surely between -within
    and +within. `seeds`: the number that the row has at its last analysis.
    """

    word: str
    interval: Interval
    shown: Interval
    within: float
    true: float
    primary: bool = True
    identical: bool = False
    seeds: int = 0


class ReadGain(NamedTuple):
    """The gain of the best over the baseline as it is printed, and the true one."""

    interval: Interval
    true: float


class Reading(NamedTuple):
    """One study: the rows; if it was read as a whole, the gain and the words of null rows on single tasks."""

    rows: Sequence[ReadRow]
    gain: ReadGain | None = None
    null_task_words: Sequence[str] = ()


def read(results: StudyResults, stored: StoredStudy, drawn: DrawnStudy) -> Reading:
    """Return what the report says of a drawn study, whose results these are."""
    best = stored.digests[drawn.best]
    if stored.world.max_seeds is not None:
        _choose_rounds(results, best)
    true = dict(zip(stored.digests, (drawn.true - drawn.true[drawn.best]).tolist(), strict=True))
    if not stored.world.whole:
        return Reading([_row(row, true[row.cell.config_digest]) for row in ablation_rows(results, best)])
    summary = summarise(results)
    rows = [_row(row, true[row.cell.config_digest]) for row in summary.ablation]
    null = [digest for digest in stored.rows if true[digest] == 0]
    gain = ReadGain(summary.gain.interval, -true[BASELINE])
    return Reading(rows, gain, _task_words(results, stored, best, null))


def _row(row: AblationRow, true: float) -> ReadRow:
    said = row.judgement
    comparison = row.comparison
    ends = comparison.interval, said.interval, said.within
    return ReadRow(said.verdict, *ends, true, said.primary, said.identical, len(comparison.seeds))


def _choose_rounds(results: StudyResults, best: str) -> None:
    """Choose the rounds of further seeds as the driver does; all their runs are there."""
    plan, rows, primary = schedule(results.study), list(compared_with_best(results, best)), primary_rows(results)
    rounds: list[Round] = []
    while counts := next_round(results, rows, best, plan, primary).counts:
        rounds.append(counts)
        decided = {**results.study.decisions_json, ROUNDS: {best: list(rounds)}}
        results.study = replace(results.study, decisions_json=decided)


def _task_words(results: StudyResults, stored: StoredStudy, best: str, null: Sequence[str]) -> list[str]:
    """Return the verdicts on null rows in the table of single tasks."""
    by_task = task_differences(results, stored.rows, best, stored.tasks)
    return [by_task[digest, task].judgement.verdict for digest in null for task in stored.tasks]
