"""Contrasts of configurations: weighted sums of scores, paired by seed and, if predictions were kept, by example.

With each seed, all configurations are scored on the same examples, so a weighted sum of their scores is again a score
per seed and example. Effects shared by the configurations cancel; `statistics.paired_noise` models the remaining noise.
`moderated_contrasts` is the one place where the contrasts of a table get theirs. A difference of two configurations has
the weights 1 and -1.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

import numpy as np

from results.measurements.study_results import MIN_PAIRED_SEEDS, StudyResults
from results.statistics import (
    Difference,
    Float64,
    Interval,
    PairedRow,
    moderated,
    paired_row,
    row_of_scores,
)

Key = TypeVar("Key", str, int)  # identifies a row: its digest or its position
SCORE = ""  # in place of a task: the score, the mean over the tasks that count in it
IntervalOver = Literal["seeds and examples", "seeds"]
Weights = Mapping[str, float]  # digest -> weight; they sum to 0
Scores = Mapping[str, Float64]  # digest -> (seeds, examples), or (seeds,) where predictions were not kept


@dataclass(frozen=True)
class Comparison:
    """A contrast over the seeds that its configurations share, and the sources of variation its interval covers.

    `over` is "seeds" if some runs kept no predictions: the interval is then for these dev examples only. `level` of the
    interval is above 0.95 at interim analyses, whose intervals hold jointly with 95 %. `row` is what it tells the other
    rows of its table about noise.
    """

    difference: Difference
    seeds: tuple[int, ...]
    over: IntervalOver
    row: PairedRow = field(compare=False, repr=False)
    level: float = 0.95

    @property
    def same(self) -> bool:
        """Whether all outputs are identical, so that the changed factors had no effect."""
        return self.difference.is_zero

    @property
    def interval(self) -> Interval:
        """The estimate with its interval of `level`."""
        return self.difference.interval(self.level)

    @property
    def reversed(self) -> Comparison:
        """The opposite difference: second minus first."""
        difference = replace(self.difference, estimate=-self.difference.estimate)
        return replace(self, difference=difference, row=self.row.times(-1))


def contrast(
    results: StudyResults,
    weights: Mapping[str, Weights],
    *,
    seeds: Collection[int] | None = None,
) -> Comparison | None:
    """Return the mean over tasks of the weighted sums of configurations' main metrics; more is better.

    Args:
        results: the study.
        weights: task (or `SCORE`) -> the weights of its contrast.
        seeds: use only these seeds; default: all that the configurations share.

    Returns:
        None with fewer than two common seeds, and if predictions were not kept and a metric is not a number.
    """
    digests = list(dict.fromkeys(digest for each in weights.values() for digest in each))
    common = [seed for seed in common_seeds(results, digests) if seeds is None or seed in seeds]
    if len(common) < MIN_PAIRED_SEEDS:
        return None
    columns = [[results.results_of(digest)[seed] for seed in common] for digest in digests]
    tables = {task: results.examples.tables(columns, task) for task in weights}
    kept = all(tables.values())
    if not kept:
        tables = {task: [[values(results, digest, common, task) for digest in digests]] for task in weights}
    sums = [
        _weighted(dict(zip(digests, arrays, strict=True)), weights[task])
        for task, task_tables in tables.items()
        for arrays in task_tables
    ]
    if not all(np.isfinite(each).all() for each in sums):
        return None
    row = paired_row(sums, common) if kept else row_of_scores(np.mean(sums, axis=0), common)
    return Comparison(row.difference, tuple(common), "seeds and examples" if kept else "seeds", row)


def values(results: StudyResults, digest: str, seeds: Iterable[int], task: str = SCORE, split: str = "dev") -> Float64:
    """Return the dev score, or a task's main metric on a split, shape (seeds,); more is better, NaN if missing."""
    runs = [results.results_of(digest)[seed] for seed in seeds]
    measured = [run.score if task == SCORE else results.main_value(run.id, task, split) for run in runs]
    return np.array(measured, dtype=np.float64)


def compare(
    results: StudyResults,
    digest: str,
    other: str,
    seeds: Collection[int] | None = None,
    tasks: Sequence[str] = (SCORE,),
) -> Comparison | None:
    """Return `digest` minus `other` in the mean over `tasks` (`contrast`), computed once for all tables."""
    key = ("compare", digest, other, tuple(tasks), None if seeds is None else frozenset(seeds))
    weights = dict.fromkeys(tasks, weights_of([digest], [other]))
    return results.once(key, lambda: contrast(results, weights, seeds=seeds))


def moderated_contrasts(contrasts: Mapping[Key, Comparison], also: Iterable[Comparison] = ()) -> dict[Key, Comparison]:
    """Return a table's contrasts with noise moderated over its rows (`variance_shrinkage.moderated`).

    `also` are contrasts that are not in the table but tell something about its noise.
    """
    rows = [one.row for one in contrasts.values()]
    found = moderated(rows, [one.row for one in also])
    return {key: replace(contrasts[key], difference=each) for key, each in zip(contrasts, found, strict=True)}


def telling(
    results: StudyResults,
    reference: str | None,
    *,
    tasks: Sequence[str] = (SCORE,),
    seeds: Collection[int] | None = None,
    without: Collection[str] = (),
) -> list[Comparison]:
    """Return the contrasts of all configurations with `reference`, which tell a table about its noise.

    They are in the mean over `tasks`. Without a reference, the first configuration takes its place. `without`: digests
    that are left out because the table has them.
    """
    digests = list(results.measured())
    if not digests:
        return []
    origin = reference if reference is not None and reference in digests else digests[0]
    others = [digest for digest in digests if digest != origin and digest not in without]
    found = [compare(results, digest, origin, seeds, tasks) for digest in others]
    return [one for one in found if one is not None]


def score_interval(results: StudyResults, digest: str) -> Comparison | None:
    """Return a configuration's mean score and its noise, as a contrast with 0; None with fewer than two seeds."""
    return results.once(("interval", digest), lambda: contrast(results, {SCORE: {digest: 1.0}}))


def weights_of(more: Sequence[str], less: Sequence[str]) -> dict[str, float]:
    """Return the weights of the mean of `more` minus the mean of `less`, without configurations that cancel."""
    return summed([(digest, sign / len(side)) for side, sign in ((more, 1.0), (less, -1.0)) for digest in side])


def summed(parts: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Return the sum of weights by digest, without configurations that cancel."""
    total: dict[str, float] = {}
    for digest, weight in parts:
        total[digest] = total.get(digest, 0.0) + weight
    return {digest: weight for digest, weight in total.items() if abs(weight) > 1e-12}


def common_seeds(results: StudyResults, digests: Sequence[str]) -> tuple[int, ...]:
    """Return the seeds for which all these configurations have results, ascending."""
    seeds = [set(results.results_of(digest)) for digest in digests]
    return tuple(sorted(set.intersection(*seeds))) if seeds else ()


def compared_runs(results: StudyResults, comparison: Comparison | None, *digests: str) -> str:
    """Return the ids of the runs behind a comparison of `digests`, ascending and joined by spaces; "" without one."""
    seeds = comparison.seeds if comparison else ()
    results_by_seed = [results.results_of(digest) for digest in dict.fromkeys(digests)]
    return " ".join(map(str, sorted(runs[seed].id for runs in results_by_seed for seed in seeds if seed in runs)))


def _weighted(scores: Scores, weights: Weights) -> Float64:
    parts = np.array([weight * scores[digest] for digest, weight in weights.items()])
    total: Float64 = parts.sum(axis=0)
    total[np.abs(total) <= 1e-12 * np.abs(parts).sum(axis=0)] = 0.0  # equal scores cancel without rounding errors
    return total
