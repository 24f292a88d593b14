"""The Pareto fronts of a study: configurations that no other beats in both objectives, and their probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from results.analysis.leaderboard import configuration_result, mean_of
from results.database.rows import JsonObject, RunRow
from results.database.typed_tables import column_types
from results.measurements.custom_trainer import custom_trainer
from results.measurements.study_results import StudyResults
from results.statistics.arrays import Float64
from results.statistics.pareto import Direction, cost_noise, front, front_probability, tolerance_of

if TYPE_CHECKING:
    import pandas as pd

OWN = "cost_"  # prefix of the columns of a custom trainer's costs
OF_TASK = "dev_"  # prefix of the columns of the tasks' main metrics on dev
# With 1,000 draws a probability is within 3 points of the truth; with 200, for many configurations, within 7.
DRAWS, LEAST_DRAWS, DRAWS_TIMES_CONFIGURATIONS = 1000, 200, 100_000


@dataclass(frozen=True)
class Objective:
    """A quantity that configurations are compared by: its column, its title on an axis, its name in sentences.

    `is_measured`: a cost that varies between runs of one configuration, so small differences are noise.
    """

    column: str
    title: str
    words: str
    direction: Direction = "minimize"
    is_measured: bool = False


SCORE = Objective("score", "score on dev", "score", "maximize")
COSTS: Mapping[str, Objective] = {
    "parameters": Objective("trainable_parameters", "trainable parameters", "trainable parameters"),
    "seconds": Objective("train_seconds", "training time of one run", "training time", is_measured=True),
    "inference": Objective("inference_ms", "inference time of an example", "inference time", is_measured=True),
    "memory": Objective("peak_memory_bytes", "peak memory", "peak memory", is_measured=True),
}


@dataclass(frozen=True)
class Front:
    """Two objectives; `name` as in the columns `on_NAME_front` and `NAME_front_probability`."""

    name: str
    x: Objective
    y: Objective

    @property
    def member(self) -> str:
        """The column that marks the configurations whose means are on the front."""
        return f"on_{self.name}_front"

    @property
    def probability(self) -> str:
        """The column of the probabilities of being on the front, given the spread over seeds; empty with one seed."""
        return f"{self.name}_front_probability"

    @property
    def directions(self) -> tuple[Direction, Direction]:
        """The directions of `x` and `y`."""
        return self.x.direction, self.y.direction


def pareto_frame(results: StudyResults) -> pd.DataFrame:
    """Return every configuration with results: its means, whether it is on each front, and the probability of that.

    The columns `dev_TASK` are means of the tasks' main metrics, `cost_NAME` those of a custom trainer's costs.
    """
    import pandas as pd

    measured = [entry for digest in results.measured() if (entry := configuration_result(results, digest))]
    recipes = recipes_of(results)
    optional = [objective.column for objective in (*task_objectives(results), *own_costs(results))]
    records = [
        {
            "config_digest": entry.digest,
            "cells": " ".join(entry.names),
            "label": "; ".join(entry.labels),
            "recipe": "; ".join(name for name, choices in recipes.items() if choices == entry.choices),
            "score": entry.mean,
            "spread": entry.spread,
            "seeds": entry.seeds,
            "trainable_parameters": entry.trainable_parameters,
            "train_seconds": entry.train_seconds,
            **{name: _mean(results, entry.digest, name) for name in ("inference_ms", "peak_memory_bytes", *optional)},
            "run_ids": " ".join(map(str, entry.run_ids)),
        }
        for entry in measured
    ]
    types = {**column_types("pareto"), **dict.fromkeys(optional, "float64")}
    types["run_ids"] = types.pop("run_ids")  # moved to the end
    frame = pd.DataFrame(records, columns=list(types)).astype(types)
    for each in fronts(results):
        points = frame[[each.x.column, each.y.column]].to_numpy(dtype="float64", na_value=np.nan)
        tolerance = tolerance_along(results, each)
        frame[each.member] = front(points, each.directions, tolerance=tolerance)
        frame[each.probability] = _probabilities(results, list(frame["config_digest"]), each, tolerance)
    return frame


def tolerance_along(results: StudyResults, of: Front) -> float:
    """Return the relative difference up to which costs count as equal; 0 for costs without noise."""
    return tolerance_of(*_noise(results, of.x.column)) if of.x.is_measured else 0.0


def noise_along(results: StudyResults, of: Front) -> float | None:
    """Return the relative variation of the front's cost between runs of one configuration; None if unknown."""
    return _noise(results, of.x.column)[0] if of.x.is_measured else None


def _noise(results: StudyResults, column: str) -> tuple[float | None, float]:
    """Return the noise of a cost, and the median number of runs per configuration."""
    values = [_values(results, digest, column) for digest in results.measured()]
    positive = [[value for value in each if value is not None and value > 0] for each in values]
    counts = [len(each) for each in positive if each]
    return cost_noise(positive), float(np.median(counts)) if counts else 1.0


def fronts(results: StudyResults) -> list[Front]:
    """Return the fronts of score against each cost, and of every two tasks."""
    against = [Front(name, cost, SCORE) for name, cost in COSTS.items()]
    against += [Front(cost.words, cost, SCORE) for cost in own_costs(results)]
    pairs = combinations(task_objectives(results), 2)
    return against + [Front(f"{a.words}_{b.words}", a, b) for a, b in pairs]


def own_costs(results: StudyResults) -> list[Objective]:
    """Return the costs that a custom trainer reported in addition to the standard ones."""
    if custom_trainer(results.study) is None:
        return []
    return [Objective(f"{OWN}{cost}", cost, cost) for task, cost in results.own_metrics() if not task]


def task_objectives(results: StudyResults) -> list[Objective]:
    """Return the main metric of each task on dev."""
    return [Objective(f"{OF_TASK}{task}", f"{task} on dev", task, "maximize") for task in results.tasks()]


def value_of(results: StudyResults, run: RunRow, column: str) -> float | None:
    """Return an objective of one run, oriented so that a higher score is better; None if not measured."""
    if column.startswith(OF_TASK):
        return results.main_value(run.id, column.removeprefix(OF_TASK))
    if column.startswith(OWN):
        return results.metric(run.id, "dev", "", column.removeprefix(OWN))
    value: float | None = run.own_train_seconds() if column == "train_seconds" else getattr(run, column)
    return value


def recipes_of(results: StudyResults) -> dict[str, JsonObject]:
    """Return the space's named recipes: name -> choices."""
    return {recipe["name"]: recipe["choices"] for recipe in results.study.space_json.get("recipes", [])}


def _mean(results: StudyResults, digest: str, column: str) -> float | None:
    return mean_of(_values(results, digest, column))


def _values(results: StudyResults, digest: str, column: str) -> list[float | None]:
    return [value_of(results, run, column) for run in results.results_of(digest).values()]


def _probabilities(results: StudyResults, digests: list[str], of: Front, tolerance: float) -> Float64:
    """Return the probabilities of being on the front; NaN with one seed or if an objective was not measured."""
    probabilities = np.full(len(digests), np.nan)
    points = {place: _points(results, digest, of) for place, digest in enumerate(digests)}
    measured = {place: each for place, each in points.items() if len(each)}
    if measured:
        draws = max(LEAST_DRAWS, min(DRAWS, DRAWS_TIMES_CONFIGURATIONS // len(measured)))
        drawn = front_probability(list(measured.values()), of.directions, resamples=draws, tolerance=tolerance)
        for (place, each), probability in zip(measured.items(), drawn, strict=True):
            probabilities[place] = probability if len(each) > 1 else np.nan
    return probabilities


def _points(results: StudyResults, digest: str, of: Front) -> Float64:
    """Return the runs with both objectives measured, shape (seeds, 2)."""
    pairs = zip(_values(results, digest, of.x.column), _values(results, digest, of.y.column), strict=True)
    return np.array([pair for pair in pairs if None not in pair], dtype=np.float64).reshape(-1, 2)
