"""The confirmed configurations, their ranking, and the best of them.

Scores of the search are not used: the configurations were selected by them, so they are biased upwards.
"""

from __future__ import annotations

from collections.abc import Iterable
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


ROW = "row:"  # the prefix of cells whose configuration is a row of a published table


@dataclass(frozen=True)
class ConfigurationResult:
    """A configuration with its results over fresh seeds. Scores are in 0..1, `spread` is over seeds.

    `names` are the names of all its cells, `labels` its row labels in published tables. `interval` is None with fewer
    than two seeds, `test_*` before the phase test. `train_seconds` includes stages and features of frozen parts that
    were taken from another run.
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
    """Return a configuration's results; None if it has no complete run with a fresh seed."""
    runs = list(results.results_of(digest).values())
    if not runs:
        return None
    scores = results.scores(digest)
    estimate = score_interval(results, digest)
    cells = [cell for cell in results.cells if cell.config_digest == digest]
    tests = [value for run in runs if (value := results.split_score(run.id, "test")) is not None]
    return ConfigurationResult(
        digest=digest,
        names=tuple(cell.name for cell in cells),
        labels=tuple(cell.name.removeprefix(ROW) for cell in cells if cell.design == "row"),
        choices=runs[0].choices_json,
        config=results.config(digest),
        mean=float(np.mean(scores)),
        spread=spread_of(scores),
        seeds=len(scores),
        interval=estimate.interval if estimate else None,
        interval_over=estimate.over if estimate else None,
        test_mean=mean_of(tests),
        test_spread=spread_of(tests),
        test_seeds=len(tests),
        trainable_parameters=runs[0].trainable_parameters,
        train_seconds=mean_of([run.own_train_seconds() for run in runs]),
        run_ids=tuple(run.id for run in runs),
    )


def leaderboard(results: StudyResults) -> list[ConfigurationResult]:
    """Return the configurations of the phase confirm that have results, the highest mean score first."""
    entries = [entry for digest in confirmed(results) if (entry := configuration_result(results, digest))]
    return sorted(entries, key=lambda entry: (-entry.mean, entry.digest))


def confirmed_ranking(results: StudyResults) -> list[str]:
    """Return the digests of the phase confirm, the highest mean score over the requested seeds first.

    Only configurations with all requested seeds complete are ranked: the seeds of the phase's runs, and at least
    `settings_json["seeds"]` of them if that is set. Equal means are ordered by digest.
    """
    requested = _requested_seeds(results)
    count = results.study.settings_json.get("seeds")
    fewest = max(1, count) if isinstance(count, int) else 1
    # Further seeds of open rows do not count: with them, another launch could choose another best.
    means = {
        entry.digest: np.mean(results.scores(entry.digest, requested or None))
        for entry in leaderboard(results)
        if entry.seeds >= fewest and requested <= set(results.results_of(entry.digest))
    }
    return sorted(means, key=lambda digest: (-means[digest], digest))


def best_digest(results: StudyResults) -> str | None:
    """Return the study's best configuration: the driver's choice, else the first of the ranking, else None."""
    decided = results.study.decisions_json.get("best")
    if isinstance(decided, str) and results.results_of(decided):
        return decided
    return next(iter(confirmed_ranking(results)), None)


def baseline_digest(results: StudyResults) -> str | None:
    """Return the baseline's digest: the driver's choice, else the cell named "baseline", else None."""
    decided = results.study.decisions_json.get("baseline")
    if isinstance(decided, str):
        return decided
    return next((cell.config_digest for cell in results.cells if cell.name == "baseline"), None)


def leaderboard_frame(results: StudyResults) -> pd.DataFrame:
    """Return `leaderboard` as a frame, with `rank` from 1 and the columns `is_best` and `is_baseline`."""
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
    if (plan := schedule(results.study)) is not None:  # only open rows get further seeds
        return set(plan.first(plan.start))
    return {run.seed for run in results.runs if run.phase == "confirm"}


def mean_of(values: Iterable[float | None]) -> float | None:
    """Return the mean of the values that were measured; None without any."""
    measured = [value for value in values if value is not None]
    return float(np.mean(measured)) if measured else None


def spread_of(values: Iterable[float | None]) -> float | None:
    """Return the standard deviation (n - 1 below) of the values that were measured; None with fewer than two."""
    measured = [value for value in values if value is not None]
    return float(np.std(measured, ddof=1)) if len(measured) > 1 else None
