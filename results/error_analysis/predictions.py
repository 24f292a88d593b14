"""The predictions of a configuration with all its seeds, as arrays per task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from results.database.predictions import Predictions
from results.measurements.study_results import MIN_PAIRED_SEEDS, StudyResults
from results.statistics.arrays import Float64

Kind = Literal["classes", "scores"]
MOST_CLASSES = 20  # a confusion matrix with more would not be readable


@dataclass(frozen=True, eq=False)
class TaskPredictions:
    """Predictions of one configuration on one task's dev examples, one row per seed.

    Shapes: raw `outputs` (seeds, examples, outputs), `predictions` (seeds, examples), `labels` (examples,). `kind` is
    "classes" for whole numbers from 0, scored by accuracy, and "scores" for any numbers, scored by Pearson's r.
    `examples` is a hash of the examples' ids in order.
    """

    task: str
    kind: Kind
    outputs: Float64
    predictions: Float64
    labels: Float64
    seeds: tuple[int, ...]
    run_ids: tuple[int, ...]
    examples: str = ""

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether each prediction equals the label: (seeds, examples)."""
        return np.equal(self.predictions, self.labels)

    @property
    def errors(self) -> Float64:
        """Prediction minus label: (seeds, examples)."""
        return np.subtract(self.predictions, self.labels)

    @property
    def classes(self) -> int:
        """The smallest number of classes, at least two, that fits outputs, labels and predictions."""
        return max(2, int(self.outputs.shape[-1]), int(self.labels.max()) + 1, int(self.predictions.max()) + 1)

    def of_seeds(self, seeds: Sequence[int]) -> TaskPredictions:
        """Return the rows of these seeds, in this order."""
        places = [self.seeds.index(seed) for seed in seeds]
        return replace(
            self,
            outputs=self.outputs[places],
            predictions=self.predictions[places],
            seeds=tuple(seeds),
            run_ids=tuple(self.run_ids[place] for place in places),
        )


def task_predictions(results: StudyResults, digest: str) -> dict[str, TaskPredictions]:
    """Return task -> predictions of a configuration on dev, for tasks with labels and at least two seeds.

    If the dev split changed between runs, the version with the most runs is used.
    """
    kept: dict[str, dict[str, dict[int, tuple[int, Predictions]]]] = {}
    for seed, run in results.results_of(digest).items():
        for one in results.examples.predictions(run.id):
            kept.setdefault(one.task, {}).setdefault(one.examples, {})[seed] = (run.id, one.values)
    stacked = {}
    for task, by_examples in sorted(kept.items()):
        examples, runs = max(by_examples.items(), key=lambda item: len(item[1]))
        if (predictions := _stacked(results, task, examples, runs)) is not None:
            stacked[task] = predictions
    return stacked


def paired(best: TaskPredictions, other: TaskPredictions) -> tuple[TaskPredictions, TaskPredictions] | None:
    """Return both with their common seeds; None with fewer than two, or if the examples differ."""
    seeds = [seed for seed in best.seeds if seed in other.seeds]
    if len(seeds) < MIN_PAIRED_SEEDS or not np.array_equal(best.labels, other.labels):
        return None
    return best.of_seeds(seeds), other.of_seeds(seeds)


def _stacked(
    results: StudyResults, task: str, examples: str, runs: dict[int, tuple[int, Predictions]]
) -> TaskPredictions | None:
    """Return the runs' predictions as arrays; None if an analysis of their errors is not possible."""
    run_ids, values = zip(*runs.values(), strict=True)
    metric = results.main_metric(run_ids[0], "dev", task)
    if len(values) < MIN_PAIRED_SEEDS or metric == "score" or len({one.outputs.shape for one in values}) > 1:
        return None
    labels = values[0].labels.astype(np.float64)
    predictions = np.stack([one.predictions for one in values]).astype(np.float64)
    outputs = np.stack([one.outputs for one in values]).astype(np.float64)
    finite = all(np.isfinite(each).all() for each in (labels, predictions, outputs))
    kind: Kind = "scores" if metric == "pearson" else "classes"
    if not finite or not labels.size or (kind == "classes" and not _are_classes(labels, predictions)):
        return None
    return TaskPredictions(task, kind, outputs, predictions, labels, tuple(runs), run_ids, examples)


def _are_classes(labels: Float64, predictions: Float64) -> bool:
    """Return whether all values are whole numbers that can be classes."""
    values = np.concatenate([labels, predictions.ravel()])
    return bool((values == np.floor(values)).all() and values.min() >= 0 and values.max() < MOST_CLASSES)
