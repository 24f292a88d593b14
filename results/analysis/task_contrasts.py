"""Contrasts of configurations per task: matrices with verdicts, and means over some tasks.

A score is a mean over tasks, so a change that helps one task and hurts another may leave it unchanged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt

from results.analysis.contrasts import (
    Comparison,
    Weights,
    compared_runs,
    contrast,
    moderated_contrasts,
    telling,
    weights_of,
)
from results.analysis.leaderboard import baseline_digest
from results.measurements.study_results import StudyResults
from results.measurements.task_units import margin_of
from results.statistics import Judgement, judge, moderated


@dataclass(frozen=True)
class TaskDifference:
    """One cell: a difference in the task's main metric (more is better), its verdict, and the ids of its runs."""

    comparison: Comparison
    judgement: Judgement
    run_ids: str


Matrix = dict[tuple[str, str], TaskDifference]  # (digest of the row, task)


def task_differences(
    results: StudyResults, digests: Sequence[str], reference: str, tasks: Sequence[str], *, of_reference: bool = False
) -> Matrix:
    """Return each of `digests` minus `reference` on each task; with `of_reference`, the reference minus each.

    A cell with fewer than two common seeds is missing. Noise is moderated within each task
    (`variance_shrinkage.moderated`), because tasks differ in it. Holm's method controls the error of "helps" and
    "hurts" over the whole matrix. Differences below the study's margin (`--margin`, a point by default) count as
    none.
    """
    cells: dict[tuple[str, str], Comparison] = {}
    for task in tasks:
        column = _column(results, digests, reference, task)
        cells |= {(digest, task): one.reversed if of_reference else one for digest, one in column.items()}
    margins = [margin_of(results.study, task) for _, task in cells]
    verdicts = judge([[comparison.difference] for comparison in cells.values()], margin=margins)
    return {
        (digest, task): TaskDifference(one, verdict, compared_runs(results, one, digest, reference))
        for ((digest, task), one), verdict in zip(cells.items(), verdicts, strict=True)
    }


def compare_tasks(results: StudyResults, tasks: Sequence[str], weights: Weights) -> Comparison | None:
    """Return a contrast in the mean over `tasks`, its noise moderated over the study's other configurations.

    They are compared with the study's baseline, or with its first configuration if it has none. A contrast of means of
    several configurations has less noise than they. For the moderation, it is divided by the root of half the sum of
    its squared weights, as if it were one of two configurations; the ratio q of its variances stays the same.
    """
    plain = contrast(results, dict.fromkeys(tasks, weights))
    if plain is None:
        return None
    reference = baseline_digest(results)
    itself = weights.keys() - {reference} if len(weights) == 2 and reference in weights else ()
    others = [one.row for one in telling(results, reference, tasks=tasks, without=itself)]
    scale = sqrt(sum(weight**2 for weight in weights.values()) / 2)
    noise = moderated([plain.row.times(1 / scale)], others)[0].times(scale).noise
    return replace(plain, difference=replace(plain.difference, noise=noise))


def unmeasured(results: StudyResults, digests: Sequence[str], tasks: Sequence[str]) -> list[str]:
    """Return the tasks whose main metric is missing from a result of these configurations."""
    runs = [run for digest in digests for run in results.run_ids(digest)]
    return [
        task
        for task in tasks
        if any(not results.has_metric(run, "dev", task, results.main_metric(run, "dev", task)) for run in runs)
    ]


def _column(results: StudyResults, digests: Sequence[str], reference: str, task: str) -> dict[str, Comparison]:
    """Return the rows' differences on one task, with noise moderated over the rows."""
    reference_values = _metrics(results, reference, task)
    plain: dict[str, Comparison] = {}
    for digest in digests:
        shared = _metrics(results, digest, task).keys() & reference_values.keys()
        one = contrast(results, {task: weights_of([digest], [reference])}, seeds=shared)
        if one is not None:
            plain[digest] = one
    return moderated_contrasts(plain, telling(results, reference, tasks=[task], without=digests))


def _metrics(results: StudyResults, digest: str, task: str) -> dict[int, float]:
    """Return seed -> the task's main metric on dev (more is better), for the runs where it is a number."""
    values = {seed: results.main_value(run.id, task) for seed, run in results.results_of(digest).items()}
    return {seed: value for seed, value in values.items() if value is not None}
