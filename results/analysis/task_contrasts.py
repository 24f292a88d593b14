"""Contrasts of configurations per task: matrices with verdicts, and means over some tasks.

A score is a mean over tasks, so a change that helps one task and hurts another may leave it unchanged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from results.analysis.contrasts import (
    Comparison,
    Weights,
    compared_runs,
    contrast,
    values,
    weights_of,
    with_pooled_noise,
)
from results.measurements.study_results import MIN_PAIRED_SEEDS, StudyResults
from results.measurements.task_units import margin_of
from results.statistics import Float64, Judgement, judge


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

    A cell with fewer than two common seeds is missing. Seed noise is pooled within each task
    (`variance_shrinkage.moderated`), because tasks differ in it. Holm's method controls the error of "helps" and
    "hurts" over the whole matrix. Differences below the study's margin (`--margin`, half a point by default) count as
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
    """Return a contrast in the mean over `tasks`, with seed noise pooled over all the study's configurations.

    The noise is not pooled if a metric of these configurations is not a number, or if no score varies between seeds.
    """
    plain = contrast(results, dict.fromkeys(tasks, weights))
    digests = dict.fromkeys([*results.measured(), *weights])
    scores = {digest: _mean_over_tasks(results, digest, tasks) for digest in digests}
    finite = {key: each for key, each in scores.items() if len(each) >= MIN_PAIRED_SEEDS and np.isfinite(each).all()}
    if plain is None or not weights.keys() <= finite.keys():
        return plain
    pooled = with_pooled_noise({0: plain}, {0: weights}, finite)[0]
    return pooled if pooled.difference.noise.seeds else plain


def unmeasured(results: StudyResults, digests: Sequence[str], tasks: Sequence[str]) -> list[str]:
    """Return the tasks whose main metric is missing from a result of these configurations."""
    runs = [run for digest in digests for run in results.run_ids(digest)]
    return [
        task
        for task in tasks
        if any(not results.has_metric(run, "dev", task, results.main_metric(run, "dev", task)) for run in runs)
    ]


def _column(results: StudyResults, digests: Sequence[str], reference: str, task: str) -> dict[str, Comparison]:
    """Return the rows' differences on one task, with seed noise pooled over the rows."""
    reference_values = _metrics(results, reference, task)
    plain: dict[str, Comparison] = {}
    scores = {reference: list(reference_values.values())}
    weights = {digest: weights_of([digest], [reference]) for digest in digests}
    for digest in digests:
        row_values = _metrics(results, digest, task)
        one = contrast(results, {task: weights[digest]}, seeds=row_values.keys() & reference_values.keys())
        if one is not None:
            plain[digest] = one
            scores[digest] = [row_values[seed] for seed in one.seeds]
    return with_pooled_noise(plain, weights, scores)


def _metrics(results: StudyResults, digest: str, task: str) -> dict[int, float]:
    """Return seed -> the task's main metric on dev (more is better), for the runs where it is a number."""
    values = {seed: results.main_value(run.id, task) for seed, run in results.results_of(digest).items()}
    return {seed: value for seed, value in values.items() if value is not None}


def _mean_over_tasks(results: StudyResults, digest: str, tasks: Sequence[str]) -> Float64:
    """Return the mean over `tasks` per seed; an undefined correlation counts as 0, as in the scores per example."""
    seeds = list(results.results_of(digest))
    table = np.array([values(results, digest, seeds, task) for task in tasks])
    for place, seed in np.argwhere(np.isnan(table)).tolist():
        run = results.results_of(digest)[seeds[seed]].id
        if results.has_metric(run, "dev", tasks[place], "pearson"):
            table[place, seed] = 0.0
    mean: Float64 = table.mean(axis=0)
    return mean
