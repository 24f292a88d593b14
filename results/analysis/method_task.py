"""The table of configurations by tasks: mean and standard deviation over seeds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from results.analysis.add_one_in import added_rows
from results.analysis.describe import choices_of, described, unique_names
from results.analysis.leaderboard import mean_of, spread_of
from results.analysis.summary import Summary
from results.database.rows import JsonObject
from results.database.typed_tables import typed_table
from results.measurements.study_results import StudyResults
from results.text.formatting import changes, changes_in_words, level_text

if TYPE_CHECKING:
    import pandas as pd

Role = Literal["baseline", "best", "confirmed", "change of the best", "change of the baseline"]


@dataclass(frozen=True)
class TaskScore:
    """A mean over `seeds` seeds in the metric's unit; `deviation` (n - 1 below) is None with fewer than two seeds."""

    mean: float
    deviation: float | None
    seeds: int


@dataclass(frozen=True)
class MethodRow:
    """A configuration, named by its changes; `tasks` in the order of the table, None if not measured.

    `score` is the study's score, the mean of the tasks that count in it; None if no run has one.
    """

    digest: str
    method: str
    role: Role
    tasks: tuple[TaskScore | None, ...]
    score: TaskScore | None
    seeds: int
    run_ids: tuple[int, ...]


@dataclass(frozen=True)
class MethodTask:
    """The table of a study on dev. `metrics` are the main metrics of `tasks`, in the same order."""

    tasks: tuple[str, ...]
    metrics: tuple[str, ...]
    rows: tuple[MethodRow, ...]


def method_task(results: StudyResults, summary: Summary) -> MethodTask:
    """Return baseline, best, then every other confirmed configuration and single change, the highest score first.

    A configuration with several roles is one row, with the first of: baseline, best, confirmed, change of the best,
    change of the baseline. Names are unique. Without any result there are no rows.
    """
    tasks = tuple(results.tasks())
    rows: dict[str, MethodRow] = {}
    for digest, role, method in _named(results, summary):
        if digest not in rows and results.results_of(digest):
            rows[digest] = _row(results, digest, role, method, tasks)
    first = [row for row in rows.values() if row.role in ("baseline", "best")]
    rest = sorted((row for row in rows.values() if row not in first), key=_by_score)
    metrics = tuple(_metric(results, list(rows), task) for task in tasks)
    return MethodTask(tasks, metrics, tuple(_with_unique_names([*first, *rest], summary, results)))


def method_task_frame(table: MethodTask) -> pd.DataFrame:
    """Return `method_task` as a long frame, a row per configuration and task; the study's score has the task ""."""
    records = [
        {
            "method": row.method,
            "role": row.role,
            "config_digest": row.digest,
            "task": task,
            "metric": metric,
            "mean": cell.mean,
            "spread": cell.deviation,
            "seeds": cell.seeds,
            "run_ids": " ".join(map(str, row.run_ids)),
        }
        for row in table.rows
        for task, metric, cell in zip(
            (*table.tasks, ""), (*table.metrics, "score"), (*row.tasks, row.score), strict=True
        )
        if cell is not None
    ]
    return typed_table("method_task", records)


def _named(results: StudyResults, summary: Summary) -> Iterator[tuple[str, Role, str]]:
    """Yield digest, role and name of every configuration in the table, once per role."""
    if summary.baseline is not None:
        labels = "; ".join(summary.baseline.labels)
        yield summary.baseline.digest, "baseline", f"{labels} (baseline)" if labels else "baseline"
    if summary.best is not None and not summary.best_is_baseline:
        words = "; ".join(summary.best.labels) or described(summary, summary.best.choices).text
        yield summary.best.digest, "best", f"best: {words}"
    for entry in summary.leaderboard:
        yield entry.digest, "confirmed", "; ".join(entry.labels) or described(summary, entry.choices).text
    for row in summary.ablation:
        yield row.cell.config_digest, "change of the best", f"best, but {_change(row.cell.factor, row.cell.to_level)}"
    for added in added_rows(results, summary):
        cell = added.alone.cell
        yield cell.config_digest, "change of the baseline", f"baseline, but {_change(cell.factor, cell.to_level)}"


def _change(factor: str | None, level: str | None) -> str:
    return f"{factor} {level_text(level)}"


def _row(results: StudyResults, digest: str, role: Role, method: str, tasks: Sequence[str]) -> MethodRow:
    runs = results.run_ids(digest)
    return MethodRow(
        digest=digest,
        method=method,
        role=role,
        tasks=tuple(_score([results.main_value(run, task) for run in runs]) for task in tasks),
        score=_score(list(results.scores(digest))),
        seeds=len(runs),
        run_ids=runs,
    )


def _score(values: Sequence[float | None]) -> TaskScore | None:
    """Return mean and deviation over the seeds that measured a number; None if none did."""
    mean = mean_of(values)
    return None if mean is None else TaskScore(mean, spread_of(values), len(values) - values.count(None))


def _metric(results: StudyResults, digests: Sequence[str], task: str) -> str:
    """Return the main metric of a task in the first run that measured it."""
    runs = [run for digest in digests for run in results.run_ids(digest)]
    metrics = ((run, results.main_metric(run, "dev", task)) for run in runs)
    return next((metric for run, metric in metrics if results.has_metric(run, "dev", task, metric)), "score")


def _by_score(row: MethodRow) -> tuple[bool, float, str]:
    return row.score is None, -(row.score.mean if row.score else 0.0), row.digest


def _with_unique_names(rows: Sequence[MethodRow], summary: Summary, results: StudyResults) -> list[MethodRow]:
    """Return the rows with unique names: where short names collide, all changes are listed, then the digest."""
    by_digest = {row.digest: row for row in rows}
    names = unique_names(
        {row.digest: row.method for row in rows},
        lambda digest: _in_full(by_digest[digest], summary, choices_of(results, digest)),
    )
    return [replace(row, method=names[row.digest]) for row in rows]


def _in_full(row: MethodRow, summary: Summary, choices: JsonObject) -> str:
    words = changes_in_words(changes(summary.baseline_choices, choices))
    return f"best: {words}" if row.role == "best" else words
