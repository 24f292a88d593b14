"""Contrasts of configurations task by task: matrices with verdicts, and means over some tasks.

A score is a mean over tasks: a change that helps one task and hurts another can leave it where it was.
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
    """One cell: a difference in the task's main metric (more is better), its verdict, and the runs that it is from."""

    comparison: Comparison
    judgement: Judgement
    run_ids: str


Matrix = dict[tuple[str, str], TaskDifference]  # (digest of the row, task)


def task_differences(
    results: StudyResults, digests: Sequence[str], reference: str, tasks: Sequence[str], *, of_reference: bool = False
) -> Matrix:
    """Return each of `digests` minus `reference` on each of `tasks`; `of_reference`: the reference minus each.

    A cell with fewer than two seeds in common is missing. The noise of seeds is moderated among the rows of one task
    (`moderation.moderated`), for tasks differ in it. Holm's method holds the error of "helps" and "hurts" over the
    whole matrix; on every task, differences below the study's margin (`--margin`, half a point by default) count as
    none.
    """
    found: dict[tuple[str, str], Comparison] = {}
    for task in tasks:
        column = _column(results, digests, reference, task)
        found |= {(digest, task): one.turned if of_reference else one for digest, one in column.items()}
    margins = [margin_of(results.study, task) for _, task in found]
    verdicts = judge([[comparison.difference] for comparison in found.values()], margin=margins)
    return {
        (digest, task): TaskDifference(one, verdict, compared_runs(results, one, digest, reference))
        for ((digest, task), one), verdict in zip(found.items(), verdicts, strict=True)
    }


def compare_tasks(results: StudyResults, tasks: Sequence[str], weights: Weights) -> Comparison | None:
    """Return a contrast in the mean over `tasks`, its seed noise moderated by that of all the study's configurations.

    The noise stays as measured where a metric of these configurations is not a number, and where no score deviates.
    """
    plain = contrast(results, dict.fromkeys(tasks, weights))
    digests = dict.fromkeys([*results.measured(), *weights])
    scores = {digest: _mean_over_tasks(results, digest, tasks) for digest in digests}
    known = {key: each for key, each in scores.items() if len(each) >= MIN_PAIRED_SEEDS and np.isfinite(each).all()}
    if plain is None or not weights.keys() <= known.keys():
        return plain
    found = with_pooled_noise({0: plain}, {0: weights}, known)[0]
    return found if found.difference.noise.seeds else plain


def unmeasured(results: StudyResults, digests: Sequence[str], tasks: Sequence[str]) -> list[str]:
    """Return those of `tasks` that a result of these configurations has no main metric of."""
    runs = [run for digest in digests for run in results.run_ids(digest)]
    return [
        task
        for task in tasks
        if any(not results.has_metric(run, "dev", task, results.main_metric(run, "dev", task)) for run in runs)
    ]


def _column(results: StudyResults, digests: Sequence[str], reference: str, task: str) -> dict[str, Comparison]:
    """Return the rows' differences on one task, with the seed noise that all of them tell of."""
    of_reference = _metrics(results, reference, task)
    plain: dict[str, Comparison] = {}
    scores = {reference: list(of_reference.values())}
    weights = {digest: weights_of([digest], [reference]) for digest in digests}
    for digest in digests:
        mine = _metrics(results, digest, task)
        one = contrast(results, {task: weights[digest]}, seeds=mine.keys() & of_reference.keys())
        if one is not None:
            plain[digest] = one
            scores[digest] = [mine[seed] for seed in one.seeds]
    return with_pooled_noise(plain, weights, scores)


def _metrics(results: StudyResults, digest: str, task: str) -> dict[int, float]:
    """Return seed -> the task's main metric on dev, more being better, of the runs that measured it as a number."""
    values = {seed: results.main_value(run.id, task) for seed, run in results.results_of(digest).items()}
    return {seed: value for seed, value in values.items() if value is not None}


def _mean_over_tasks(results: StudyResults, digest: str, tasks: Sequence[str]) -> Float64:
    """Return the mean over `tasks` per seed; a correlation that does not exist counts as 0, as its examples do."""
    seeds = list(results.results_of(digest))
    table = np.array([values(results, digest, seeds, task) for task in tasks])
    for place, seed in np.argwhere(np.isnan(table)).tolist():
        run = results.results_of(digest)[seeds[seed]].id
        if results.has_metric(run, "dev", tasks[place], "pearson"):
            table[place, seed] = 0.0
    mean: Float64 = table.mean(axis=0)
    return mean
