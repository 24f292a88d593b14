"""The product's own path: from the rows of one study to the words, intervals and the gain that its report prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from results.analysis.ablation import AblationRow, ablation_rows
from results.analysis.summary import summarise
from results.analysis.task_contrasts import task_differences
from results.measurements.study_results import StudyResults

from .database import BASELINE, PlantedStudy
from .draw import DrawnStudy


class ReadRow(NamedTuple):
    """What is said of a row, beside what is true; differences in shares."""

    word: str
    low: float
    high: float
    true: float
    primary: bool


class ReadGain(NamedTuple):
    """The gain of the best over the baseline as it is printed, and the true one."""

    estimate: float
    low: float
    high: float
    true: float


class Reading(NamedTuple):
    """One study: the rows; if it was read as a whole, the gain and the words of null rows on single tasks."""

    rows: Sequence[ReadRow]
    gain: ReadGain | None = None
    null_task_words: Sequence[str] = ()


def read(planted: PlantedStudy, drawn: DrawnStudy) -> Reading:
    """Return what the report says of a drawn study."""
    results, best = planted.results(drawn), planted.digests[drawn.best]
    true = dict(zip(planted.digests, (drawn.true - drawn.true[drawn.best]).tolist(), strict=True))
    if not planted.world.whole:
        return Reading([_row(row, true[row.cell.config_digest]) for row in ablation_rows(results, best)])
    summary = summarise(results)
    rows = [_row(row, true[row.cell.config_digest]) for row in summary.ablation]
    null = [digest for digest in planted.rows if true[digest] == 0]
    interval = summary.gain.interval
    gain = ReadGain(interval.estimate, interval.low, interval.high, -true[BASELINE])
    return Reading(rows, gain, _task_words(results, planted, best, null))


def _row(row: AblationRow, true: float) -> ReadRow:
    interval, primary = row.comparison.interval, row.cell.design == "leave_one_out"
    return ReadRow(row.judgement.verdict, interval.low, interval.high, true, primary)


def _task_words(results: StudyResults, planted: PlantedStudy, best: str, null: Sequence[str]) -> list[str]:
    """Return the verdicts on null rows in the table of single tasks."""
    by_task = task_differences(results, planted.rows, best, planted.tasks)
    return [by_task[digest, task].judgement.verdict for digest in null for task in planted.tasks]
