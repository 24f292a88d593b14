"""Contrasts of configurations: sums of scores with weights, paired by seed and, where these were kept, by example.

Every seed is scored on the same examples by all configurations, so a weighted sum of their scores is again a score per
seed and example: what seeds and examples have in common cancels, and its noise is that of `crossed`. A difference of
two configurations has the weights 1 and -1.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import nan
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from results.measurements.study_results import MIN_PAIRED_SEEDS, StudyResults
from results.statistics import (
    Difference,
    Float64,
    Interval,
    MeanDifference,
    paired_difference,
    score_difference,
    tasks_difference,
)
from results.statistics.variance_shrinkage import moderated

Key = TypeVar("Key", str, int)  # of a row: its digest or its place
SCORE = ""  # in place of a task: the score, the mean over the tasks that decide it
IntervalOver = Literal["seeds and examples", "seeds"]
Weights = Mapping[str, float]  # digest -> weight; they sum to 0
Scores = Mapping[str, Float64]  # digest -> (seeds, examples), or (seeds,) where predictions were not kept


@dataclass(frozen=True)
class Comparison:
    """A contrast over the seeds that its configurations have in common, and what its interval is over.

    "seeds" alone where predictions were not kept for all runs: other seeds on these very dev examples. `level` of the
    interval: more than 0.95 where it is one of several looks that hold together with 95 % (`looks`).
    `same`: with every seed the two scored the very same, so that what they differ in did nothing.
    """

    difference: Difference
    seeds: tuple[int, ...]
    over: IntervalOver
    level: float = 0.95
    same: bool = False

    @property
    def interval(self) -> Interval:
        """The estimate with its interval of this level."""
        return self.difference.interval(self.level)

    @property
    def turned(self) -> Comparison:
        """The same the other way round: second minus first."""
        return replace(self, difference=replace(self.difference, estimate=-self.difference.estimate))


def contrast(
    results: StudyResults,
    weights: Mapping[str, Weights],
    *,
    seeds: Collection[int] | None = None,
    closed_form: bool = False,
) -> Comparison | None:
    """Return the mean over tasks of the weighted sums of configurations' main metrics; more is better.

    Args:
        results: the study.
        weights: task (or `SCORE`) -> the weights of its contrast.
        seeds: use these seeds alone; default: all that the configurations have in common.
        closed_form: compute the noise of the mean over several tasks by formula, for tables of hundreds of rows, not
            by resampling examples (`statistics.tasks_difference`, `score_difference`).

    Returns:
        None with fewer than two seeds in common, and where predictions were not kept and a metric is not a number.
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
    sides = [
        _sides(dict(zip(digests, arrays, strict=True)), weights[task], closed_form)
        for task, found in tables.items()
        for arrays in found
    ]
    if not all(np.isfinite(side).all() for pair in sides for side in pair):
        return None
    difference = _difference(sides, kept, closed_form, resampled=SCORE in weights or len(weights) > 1)
    same = difference.estimate == 0 and difference.noise.error == 0  # no noise at all is no coincidence
    return Comparison(difference, tuple(common), "seeds and examples" if kept else "seeds", same=same)


def values(results: StudyResults, digest: str, seeds: Iterable[int], task: str = SCORE, split: str = "dev") -> Float64:
    """Return a configuration's score on dev, or a task's main metric on a split, per seed; more is better.

    Shape (seeds,). NaN where it was not measured or is not a number.
    """
    runs = [results.results_of(digest)[seed] for seed in seeds]
    found = [run.score if task == SCORE else results.main_value(run.id, task, split) for run in runs]
    return np.array([nan if value is None else value for value in found], dtype=np.float64)


def compare(results: StudyResults, digest: str, other: str, seeds: Collection[int] | None = None) -> Comparison | None:
    """Return `digest` minus `other` in score (`contrast`)."""
    return contrast(results, {SCORE: weights_of([digest], [other])}, seeds=seeds)


def with_pooled_noise(
    contrasts: Mapping[Key, Comparison], weights: Mapping[Key, Weights], scores: Mapping[str, ArrayLike]
) -> dict[Key, Comparison]:
    """Return a table's contrasts with the seed noise of all configurations in `scores` (`moderation.moderated`)."""
    plain = [one.difference for one in contrasts.values()]
    found = moderated(plain, [weights[key] for key in contrasts], scores) if plain else []
    return {
        key: replace(one, difference=difference)
        for (key, one), difference in zip(contrasts.items(), found, strict=True)
    }


def score_interval(results: StudyResults, digest: str) -> Comparison | None:
    """Return a configuration's mean score with its noise, as a contrast with 0; None with fewer than two seeds."""
    return results.once(("interval", digest), lambda: contrast(results, {SCORE: {digest: 1.0}}))


def weights_of(more: Sequence[str], less: Sequence[str]) -> dict[str, float]:
    """Return the weights of the mean of `more` minus that of `less`, without configurations that cancel."""
    return summed([(digest, sign / len(side)) for side, sign in ((more, 1.0), (less, -1.0)) for digest in side])


def summed(parts: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Return the sum of weights by digest, without configurations that cancel."""
    total: dict[str, float] = {}
    for digest, weight in parts:
        total[digest] = total.get(digest, 0.0) + weight
    return {digest: weight for digest, weight in total.items() if abs(weight) > 1e-12}


def common_seeds(results: StudyResults, digests: Sequence[str]) -> tuple[int, ...]:
    """Return the seeds that all these configurations have results with, ascending."""
    found = [set(results.results_of(digest)) for digest in digests]
    return tuple(sorted(set.intersection(*found))) if found else ()


def compared_runs(results: StudyResults, comparison: Comparison | None, *digests: str) -> str:
    """Return the ids of the runs behind a contrast of configurations, ascending; empty without one."""
    seeds = comparison.seeds if comparison else ()
    runs = (results.results_of(digest) for digest in dict.fromkeys(digests))
    return " ".join(map(str, sorted(found[seed].id for found in runs for seed in seeds if seed in found)))


def _sides(scores: Scores, weights: Weights, closed_form: bool) -> tuple[Float64, Float64]:
    """Return what counts for and what counts against; with the closed form the sum of both, and 0."""
    if closed_form:
        return _weighted(scores, weights), _weighted(scores, {})
    for_it = {digest: weight for digest, weight in weights.items() if weight > 0}
    against = {digest: -weight for digest, weight in weights.items() if weight < 0}
    return _weighted(scores, for_it), _weighted(scores, against)


def _weighted(scores: Scores, weights: Weights) -> Float64:
    nothing = np.zeros_like(next(iter(scores.values())))
    return sum((weight * scores[digest] for digest, weight in weights.items()), nothing)


def _difference(sides: Sequence[tuple[Float64, Float64]], kept: bool, closed_form: bool, resampled: bool) -> Difference:
    """Return the mean over tasks of one side minus the other, with its noise; `kept`: the sides have examples."""
    apart = [more - less for more, less in sides]
    if not kept:
        by_seed: Float64 = np.mean(apart, axis=0)
        return paired_difference(by_seed, np.zeros_like(by_seed))
    if closed_form:
        return tasks_difference(apart)
    return score_difference([MeanDifference(*pair) for pair in sides]) if resampled else paired_difference(*sides[0])
