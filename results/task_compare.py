"""Differences of configurations task by task, and of several configurations at once: the mean of some minus others.

A contrast gives every configuration a weight, the weights summing to zero. Every seed is scored on the same examples by
all configurations, so weighted scores of examples are scores of examples, and their noise is that of `crossed`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from results.moderation import VariancePrior, variance_prior
from results.statistics import Difference, Float64, MeanDifference, paired_difference, score_difference
from results.study_results import MIN_PAIRED_SEEDS, Comparison, StudyResults, measured

Weights = Mapping[str, float]  # digest -> weight; they sum to zero
Scores = dict[str, Float64]  # digest -> (seeds, examples), or (seeds, 1) where predictions were not kept


def weights_of(more: Sequence[str], less: Sequence[str]) -> dict[str, float]:
    """The mean of the configurations `more` minus that of `less`; one that counts on both sides as much is left out."""
    total = dict.fromkeys([*more, *less], 0.0)
    for side, sign in ((more, 1.0), (less, -1.0)):
        for digest in side:
            total[digest] += sign / len(side)
    return {digest: weight for digest, weight in total.items() if abs(weight) > 1e-12}


def common_seeds(results: StudyResults, digests: Sequence[str]) -> tuple[int, ...]:
    """The seeds that all these configurations have results with, ascending."""
    found = [set(results.results_of(digest)) for digest in digests]
    return tuple(sorted(set.intersection(*found))) if found else ()


def unmeasured(results: StudyResults, digests: Sequence[str], tasks: Sequence[str]) -> list[str]:
    """Those of `tasks` that a result of these configurations has no main metric of."""
    runs = [run.id for digest in digests for run in results.results_of(digest).values()]
    return [
        task
        for task in tasks
        if any(not results.has_metric(run, "dev", task, results.main_metric(run, "dev", task)) for run in runs)
    ]


def contrast(results: StudyResults, weights: Mapping[str, Weights]) -> Comparison | None:
    """The mean over tasks of their contrasts (task -> weights); None with fewer than two seeds in common.

    Also None where predictions were not kept and a run's metric is not a number.
    """
    digests = list(dict.fromkeys(digest for each in weights.values() for digest in each))
    seeds = common_seeds(results, digests)
    if len(seeds) < MIN_PAIRED_SEEDS:
        return None
    kept = all(_have_examples(results, digests, seeds, task) for task in weights)
    scores = {task: _scores(results, digests, seeds, task, kept) for task in weights}
    if not all(np.isfinite(array).all() for of_task in scores.values() for array in of_task.values()):
        return None
    sides = [_sides(scores[task], each) for task, each in weights.items()]
    if len(sides) == 1:
        difference = paired_difference(*sides[0])
    else:
        difference = score_difference([MeanDifference(more, less) for more, less in sides])
    return measured(difference, seeds, "seeds and examples" if kept else "seeds")


def compare_tasks(results: StudyResults, tasks: Sequence[str], weights: Weights) -> Comparison | None:
    """A contrast in the mean over `tasks`, its seed noise moderated by that of all the study's configurations.

    As `compared.compared` does for scores: the variance of weighted configurations is the sum of theirs by the squared
    weights; what they have in common through their seed makes that less, never more.
    """
    plain = contrast(results, dict.fromkeys(tasks, weights))
    prior = seed_prior(results, tasks)
    variances = _variances(results, weights, tasks)
    if plain is None or prior is None or len(variances) < len(weights):
        return plain
    return replace(plain, difference=moderated(plain.difference, variances, weights, prior))


def moderated(
    difference: Difference, variances: Mapping[str, tuple[float, int]], weights: Weights, prior: VariancePrior
) -> Difference:
    """The same difference with its seed noise from `variances` (variance over seeds, how many) moderated by `prior`."""
    found = {digest: prior.moderated(variance, seeds - 1) for digest, (variance, seeds) in variances.items()}
    count = difference.noise.seed_df + 1  # seeds that are compared
    seeds = sum(weight**2 * found[digest][0] for digest, weight in weights.items()) / count
    if seeds == 0:  # nothing deviated anywhere: then the difference's own noise says more
        return difference
    df = min(found[digest][1] for digest in weights)
    return replace(difference, noise=replace(difference.noise, seeds=seeds, seed_df=df))


def seed_prior(results: StudyResults, tasks: Sequence[str]) -> VariancePrior | None:
    """How much seeds deviate in the mean over `tasks`, from all configurations; None from fewer than two."""
    found = _variances(results, dict.fromkeys(results.measured(), 0.0), tasks)
    known = [(variance, seeds) for variance, seeds in found.values() if seeds >= MIN_PAIRED_SEEDS]
    if len(known) < 2:
        return None
    return variance_prior([variance for variance, _ in known], [seeds - 1 for _, seeds in known])


def task_values(results: StudyResults, digest: str, seeds: Sequence[int], task: str, split: str = "dev") -> Float64:
    """A task's main metric, one value a seed; NaN where it was not measured or is not a number."""
    runs = [results.results_of(digest)[seed].id for seed in seeds]
    found = [results.metric(run, split, task, results.main_metric(run, split, task)) for run in runs]
    return np.array([np.nan if value is None else value for value in found], dtype=np.float64)


def _variances(results: StudyResults, digests: Weights, tasks: Sequence[str]) -> dict[str, tuple[float, int]]:
    """Of the mean over `tasks`: digest -> (variance over seeds, seeds), without those whose value is no number."""
    found = {}
    for digest in digests:
        seeds = tuple(results.results_of(digest))
        values = np.mean([_values_or_zero(results, digest, seeds, task) for task in tasks], axis=0)
        if np.isfinite(values).all():
            found[digest] = (float(values.var(ddof=1)) if len(seeds) > 1 else 0.0, len(seeds))
    return found


def _values_or_zero(results: StudyResults, digest: str, seeds: Sequence[int], task: str) -> Float64:
    """`task_values`, and 0 for a correlation that does not exist, as its examples have it (`pearson_scores`)."""
    values = task_values(results, digest, seeds, task)
    for place, seed in enumerate(seeds):
        run = results.results_of(digest)[seed].id
        if np.isnan(values[place]) and results.has_metric(run, "dev", task, "pearson"):
            values[place] = 0.0
    return values


def _scores(results: StudyResults, digests: Sequence[str], seeds: Sequence[int], task: str, kept: bool) -> Scores:
    if not kept:
        return {digest: task_values(results, digest, seeds, task)[:, None] for digest in digests}
    return {digest: np.stack([scores for _, scores in _examples(results, digest, seeds, task)]) for digest in digests}


def _sides(scores: Scores, weights: Weights) -> tuple[Float64, Float64]:
    """What counts for and what counts against, weighted: (seeds, examples) both."""
    nothing = np.zeros_like(next(iter(scores.values())))
    more = sum((weight * scores[digest] for digest, weight in weights.items() if weight > 0), nothing)
    less = sum((-weight * scores[digest] for digest, weight in weights.items() if weight < 0), nothing)
    return more, less


def _have_examples(results: StudyResults, digests: Sequence[str], seeds: Sequence[int], task: str) -> bool:
    """Whether all these runs kept their predictions of the task, on the same examples."""
    found = [one for digest in digests for one in _examples(results, digest, seeds, task)]
    same = {(key, len(scores)) for key, scores in found}
    return len(found) == len(digests) * len(seeds) and len(same) == 1


def _examples(results: StudyResults, digest: str, seeds: Sequence[int], task: str) -> list[tuple[str, Float64]]:
    """Each run's examples of the task with the name of the set they are from; those without are left out."""
    runs = results.results_of(digest)
    kept = [results.example_scores(runs[seed].id) or {} for seed in seeds]
    return [(key, scores) for each in kept for key, scores in each.items() if key.partition(" ")[0] == task]
