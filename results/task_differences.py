"""Configurations compared task by task: one matrix of differences, the error of its verdicts held over all of it.

A score is a mean over tasks: a change that helps one task and hurts another can leave it where it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from results.moderation import pooled
from results.statistics import Float64, Judgement, judge, paired_difference
from results.study_results import MIN_PAIRED_SEEDS, Comparison, StudyResults


@dataclass(frozen=True)
class TaskDifference:
    """One cell: a difference in the task's main metric (more is better), the verdict on it, the runs it comes from."""

    comparison: Comparison
    judgement: Judgement
    run_ids: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class PairedMetrics:
    """A row and the reference on one task before the matrix is judged: `row` (seeds,), over the seeds both have."""

    comparison: Comparison
    row: Float64
    run_ids: tuple[int, ...]


Matrix = dict[tuple[str, str], TaskDifference]  # (digest of the row, task)


def task_differences(
    results: StudyResults, digests: Sequence[str], reference: str, tasks: Sequence[str], *, of_reference: bool = False
) -> Matrix:
    """Each of `digests` minus `reference` on each of `tasks`; `of_reference`: the reference minus each.

    A cell with fewer than two seeds in common is not there. The noise of seeds is moderated among the rows of one task
    (`moderation.pooled`), for tasks differ in it. Holm's method holds the error of "helps" and "hurts" over the whole
    matrix; on every task, differences below the study's margin (`--margin`, half a point unless said) count as none.
    """
    found: dict[tuple[str, str], PairedMetrics] = {}
    for task in tasks:
        column = {digest: one for digest in digests if (one := paired_metrics(results, digest, reference, task))}
        seeds = _metrics(results, reference, task)
        found |= {(digest, task): one for digest, one in _moderated(column, np.array(list(seeds.values()))).items()}
    comparisons = [_reversed(one.comparison) if of_reference else one.comparison for one in found.values()]
    margins = [results.margin_of(task) for _, task in found]
    verdicts = judge([[comparison.difference] for comparison in comparisons], margin=margins)
    return {
        key: TaskDifference(comparison, verdict, one.run_ids)
        for (key, one), comparison, verdict in zip(found.items(), comparisons, verdicts, strict=True)
    }


def paired_metrics(results: StudyResults, digest: str, reference: str, task: str) -> PairedMetrics | None:
    """`digest` minus `reference` on one task: paired by seed and example, or by seed where predictions were not kept.

    Pearson's r is paired by example to first order (`statistics.pearson_scores`).
    """
    mine, theirs = _metrics(results, digest, task), _metrics(results, reference, task)
    seeds = tuple(sorted(set(mine) & set(theirs)))
    if len(seeds) < MIN_PAIRED_SEEDS:
        return None
    rows, references = ([results.results_of(each)[seed] for seed in seeds] for each in (digest, reference))
    run_ids = tuple(sorted({run.id for run in (*rows, *references)}))
    row = np.array([mine[seed] for seed in seeds])
    examples = results.example_pairs(rows, references).get(task)
    if examples is not None:
        return PairedMetrics(Comparison(paired_difference(*examples), seeds, "seeds and examples"), row, run_ids)
    difference = paired_difference(row, np.array([theirs[seed] for seed in seeds]))
    return PairedMetrics(Comparison(difference, seeds, "seeds"), row, run_ids)


def _moderated(column: Mapping[str, PairedMetrics], reference: Float64) -> dict[str, PairedMetrics]:
    """The cells of one task with the seed noise that all of them tell of; `reference` (seeds,) are all its metrics."""
    if not column:
        return {}
    plain = [one.comparison.difference for one in column.values()]
    differences = pooled(plain, [one.row for one in column.values()], reference)
    return {
        digest: replace(one, comparison=replace(one.comparison, difference=difference))
        for (digest, one), difference in zip(column.items(), differences, strict=True)
    }


def _reversed(comparison: Comparison) -> Comparison:
    difference = comparison.difference
    return replace(comparison, difference=replace(difference, estimate=-difference.estimate))


def _metrics(results: StudyResults, digest: str, task: str) -> dict[int, float]:
    """Seed -> the task's main metric on dev, more being better, of the runs that measured it as a number."""
    values = {seed: results.main_value(run.id, task) for seed, run in results.results_of(digest).items()}
    return {seed: value for seed, value in values.items() if value is not None}
