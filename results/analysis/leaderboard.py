"""Which configurations have been confirmed, how they rank, and which is the best.

Scores of the search chose the configurations and are therefore too good: they stand nowhere here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from results.analysis.contrasts import IntervalOver, score_interval
from results.analysis.sequential import schedule
from results.database.rows import JsonObject
from results.database.typed_tables import typed_table
from results.measurements.study_results import StudyResults, confirmed
from results.statistics import Interval

if TYPE_CHECKING:
    import pandas as pd


ROW = "row:"  # what the name of a cell begins with whose configuration is a printed row


@dataclass(frozen=True)
class ConfigurationResult:
    """A configuration with its results over fresh seeds. Scores in 0..1, `spread` over seeds.

    `names` are those of all its cells, `labels` those printed in a table of which it is a row, the baseline's too.
    `interval` is None with fewer than two seeds, `test_*` before the phase test. `train_seconds` is what a
    run costs on its own: stages and features of frozen parts that another run had paid for are counted.
    """

    digest: str
    names: tuple[str, ...]
    labels: tuple[str, ...]
    choices: JsonObject
    config: JsonObject
    mean: float
    spread: float | None
    seeds: int
    interval: Interval | None
    interval_over: IntervalOver | None
    test_mean: float | None
    test_spread: float | None
    test_seeds: int
    trainable_parameters: int | None
    train_seconds: float | None
    run_ids: tuple[int, ...]


def configuration_result(results: StudyResults, digest: str) -> ConfigurationResult | None:
    """Return a configuration's results; None when it has no complete run with a fresh seed."""
    runs = list(results.results_of(digest).values())
    if not runs:
        return None
    scores = results.scores(digest)
    found = score_interval(results, digest)
    cells = [cell for cell in results.cells if cell.config_digest == digest]
    tests = [value for run in runs if (value := results.split_score(run.id, "test")) is not None]
    return ConfigurationResult(
        digest=digest,
        names=tuple(cell.name for cell in cells),
        labels=tuple(cell.name.removeprefix(ROW) for cell in cells if cell.design == "row"),
        choices=runs[0].choices_json,
        config=results.config(digest),
        mean=float(np.mean(scores)),
        spread=_spread(scores),
        seeds=len(scores),
        interval=found.interval if found else None,
        interval_over=found.over if found else None,
        test_mean=float(np.mean(tests)) if tests else None,
        test_spread=_spread(tests),
        test_seeds=len(tests),
        trainable_parameters=runs[0].trainable_parameters,
        train_seconds=_mean([seconds for run in runs if (seconds := run.own_train_seconds()) is not None]),
        run_ids=tuple(run.id for run in runs),
    )


def leaderboard(results: StudyResults) -> list[ConfigurationResult]:
    """Return the configurations of the phase confirm that have results, the highest mean score first."""
    found = [configuration_result(results, digest) for digest in confirmed(results)]
    return sorted((entry for entry in found if entry), key=lambda entry: (-entry.mean, entry.digest))


def confirmed_ranking(results: StudyResults) -> list[str]:
    """Return the digests of the phase confirm, the highest mean score over the requested seeds first.

    Only configurations with all requested seeds complete: the seeds of the phase's runs, and at least
    `settings_json["seeds"]` of them where that is given. Equal means are ordered by digest.
    """
    requested = _requested_seeds(results)
    wanted = results.study.settings_json.get("seeds")
    least = max(1, wanted) if isinstance(wanted, int) else 1
    whole = [
        entry.digest
        for entry in leaderboard(results)
        if entry.seeds >= least and requested <= set(results.results_of(entry.digest))
    ]
    # By the seeds that all have: with those that open rows got later, a launch again would choose another best.
    runs = {digest: results.results_of(digest) for digest in whole}
    means = {digest: np.mean([found[seed].score for seed in requested or found]) for digest, found in runs.items()}
    return sorted(whole, key=lambda digest: (-means[digest], digest))


def best_digest(results: StudyResults) -> str | None:
    """Return the study's best configuration: as decided, else the first of the ranking; None before either."""
    decided = results.study.decisions_json.get("best")
    if isinstance(decided, str) and results.results_of(decided):
        return decided
    return next(iter(confirmed_ranking(results)), None)


def baseline_digest(results: StudyResults) -> str | None:
    """Return the baseline's digest: as decided, else that of a cell named "baseline"."""
    decided = results.study.decisions_json.get("baseline")
    if isinstance(decided, str):
        return decided
    return next((cell.config_digest for cell in results.cells if cell.name == "baseline"), None)


def leaderboard_frame(results: StudyResults) -> pd.DataFrame:
    """`leaderboard` as a frame, with `rank` from 1 and a column `is_best`, `is_baseline`."""
    best, baseline = best_digest(results), baseline_digest(results)
    records = [
        {
            "rank": rank,
            "config_digest": entry.digest,
            "cells": " ".join(entry.names),
            "label": "; ".join(entry.labels),
            "is_best": entry.digest == best,
            "is_baseline": entry.digest == baseline,
            "mean": entry.mean,
            "spread": entry.spread,
            "seeds": entry.seeds,
            "low": entry.interval.low if entry.interval else None,
            "high": entry.interval.high if entry.interval else None,
            "interval_over": entry.interval_over,
            "test_mean": entry.test_mean,
            "test_spread": entry.test_spread,
            "test_seeds": entry.test_seeds,
            "trainable_parameters": entry.trainable_parameters,
            "train_seconds": entry.train_seconds,
            "run_ids": " ".join(map(str, entry.run_ids)),
        }
        for rank, entry in enumerate(leaderboard(results), start=1)
    ]
    return typed_table("leaderboard", records)


def _requested_seeds(results: StudyResults) -> set[int]:
    listed = results.study.settings_json.get("confirm_seeds")
    if isinstance(listed, list):
        return set(listed)
    if (plan := schedule(results.study)) is not None:  # further seeds are for rows that are open, not for all
        return set(plan.first(plan.start))
    return {run.seed for run in results.runs if run.phase == "confirm"}


def _mean(values: list[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _spread(values: list[float]) -> float | None:
    return float(np.std(values, ddof=1)) if len(values) > 1 else None
