"""The variance of a run's score and of a difference of two by source: seeds, training sentences, dev examples.

Seeds and training sentences differ together from run to run (`--vary train`). Further runs of the same two
configurations, all on the sentences of the first fresh seed, separate them (cells of the design `VARIANCE`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from results.analysis.contrasts import SCORE, common_seeds
from results.analysis.leaderboard import baseline_digest, best_digest, confirmed_ranking
from results.database.rows import RunRow, StudyRow
from results.measurements.study_results import MIN_PAIRED_SEEDS, VARIANCE, StudyResults
from results.statistics import Float64
from results.statistics.variance_sources import (
    MeanSquare,
    VariancePart,
    examples_part,
    from_difference,
    from_mean_square,
    mean_square_over_seeds,
)

Source = Literal["seeds", "training sentences", "seeds and training sentences", "dev examples"]
Runs = dict[str, list[RunRow]]  # configuration -> its runs, the same seeds in the same order
Part = tuple[Source, VariancePart, Runs]


@dataclass(frozen=True)
class SourceOfVariance:
    """The variance of one outcome (a task, or `SCORE`) from one source, with the runs behind it.

    `digests` are one configuration, for the score of a run, or two, for the first minus the second.
    """

    task: str
    digests: tuple[str, ...]
    source: Source
    part: VariancePart
    run_ids: tuple[int, ...]


def varies(study: StudyRow) -> bool:
    """Return whether every seed of a study has its own training sentences."""
    return study.settings_json.get("vary") == "train"


def compared_pair(results: StudyResults) -> tuple[str, ...]:
    """Return the digests of the best configuration and the one that it is compared with, as far as there are any.

    That is the baseline; if the baseline is the best, the second best of confirm.
    """
    known = dict.fromkeys((best_digest(results), baseline_digest(results), *confirmed_ranking(results)))
    return tuple(digest for digest in known if digest is not None and results.results_of(digest))[:2]


def sources_of_variance(results: StudyResults, tasks: Sequence[str]) -> list[SourceOfVariance]:
    """Return the sources of variance of the best's score and of its difference, for `SCORE` and each of `tasks`."""
    pair = compared_pair(results)
    sides = [pair[:1], pair] if len(pair) > 1 else [pair] if pair else []
    return [source for task in (SCORE, *tasks) for digests in sides for source in _sources(results, digests, task)]


def _sources(results: StudyResults, digests: tuple[str, ...], task: str) -> list[SourceOfVariance]:
    """Return the sources of one outcome; none with fewer than two seeds, or where a metric is not a number."""
    seeds = common_seeds(results, digests)
    own = {digest: [results.results_of(digest)[seed] for seed in seeds] for digest in digests}
    scores = _scores(results, own, task)
    if len(seeds) < MIN_PAIRED_SEEDS or not np.isfinite(scores).all():
        return []
    parts = _over_runs(results, own, task, mean_square_over_seeds(scores))
    tables = [_first_minus_second(columns) for columns in results.examples.tables(list(own.values()), task)]
    if tables and all(table.shape[1] > 1 for table in tables):
        parts.append(("dev examples", examples_part(tables), own))
    return [SourceOfVariance(task, digests, source, part, _ids(runs)) for source, part, runs in parts]


def _over_runs(results: StudyResults, own: Runs, task: str, total: MeanSquare) -> list[Part]:
    """Return the parts of the seeds and of the training sentences, together where no runs separate them."""
    if not varies(results.study):
        return [("seeds", from_mean_square(total), own)]
    same = _on_first_sentences(results, own)
    scores = np.array([np.nan]) if same is None else _scores(results, same, task)
    if same is None or not np.isfinite(scores).all():
        return [("seeds and training sentences", from_mean_square(total), own)]
    seeds = mean_square_over_seeds(scores)
    both = {digest: [*runs, *same[digest]] for digest, runs in own.items()}
    return [("seeds", from_mean_square(seeds), same), ("training sentences", from_difference(total, seeds), both)]


def _scores(results: StudyResults, runs: Runs, task: str) -> Float64:
    """Return the dev scores (seeds,) of the first configuration, minus those of the second if there is one."""
    columns = [
        [run.score if task == SCORE else results.main_value(run.id, task) for run in each] for each in runs.values()
    ]
    return _first_minus_second(np.array(columns, dtype=np.float64))


def _first_minus_second(columns: Sequence[Float64] | Float64) -> Float64:
    return np.asarray(columns[0] - columns[1] if len(columns) > 1 else columns[0])


def _on_first_sentences(results: StudyResults, own: Runs) -> Runs | None:
    """Return the runs of configurations on the first fresh seed's sentences, that seed's first; None if few ended."""
    first = next(iter(results.study.settings_json.get("seed_list", ())), None)
    names = {f"{VARIANCE}:{digest[:12]}": digest for digest in own}
    again = {names[c.name]: results.results_of(c.config_digest) for c in results.cells if c.name in names}
    starts = {digest: run for digest, runs in own.items() for run in runs if run.seed == first}
    if len(again) < len(own) or len(starts) < len(own):
        return None
    seeds = sorted(set.intersection(*(set(runs) for runs in again.values())) - {first})
    return {d: [starts[d], *(again[d][seed] for seed in seeds)] for d in own} if seeds else None


def _ids(runs: Runs) -> tuple[int, ...]:
    return tuple(sorted({run.id for each in runs.values() for run in each}))
