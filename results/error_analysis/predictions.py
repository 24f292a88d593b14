"""The predictions of a configuration with all its seeds, task by task: the arrays that errors are counted from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from results.database.predictions import Predictions
from results.measurements.study_results import MIN_PAIRED_SEEDS, StudyResults
from results.statistics.arrays import Float64

Kind = Literal["classes", "scores"]
MOST_CLASSES = 20  # more do not make a readable table


@dataclass(frozen=True, eq=False)
class TaskPredictions:
    """One configuration on one task's dev examples, a row a seed.

    `outputs` (seeds, examples, outputs) as the heads gave them, `predictions` (seeds, examples), `labels` (examples,).
    `kind`: classes are whole numbers from 0, scored by accuracy; scores are any numbers, scored by Pearson's r.
    `examples` is a hash of the examples' ids in their order.
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
        """Whether a prediction is the label: (seeds, examples)."""
        found: NDArray[np.bool_] = self.predictions == self.labels
        return found

    @property
    def errors(self) -> Float64:
        """Prediction minus label: (seeds, examples)."""
        found: Float64 = self.predictions - self.labels
        return found

    @property
    def classes(self) -> int:
        """How many classes the task has, as far as outputs, labels and predictions show: two at least."""
        highest = max(self.labels.max(), self.predictions.max())
        return max(2, int(self.outputs.shape[-1]), int(highest) + 1)

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
    """Return task -> predictions of a configuration on dev, of tasks with labels and at least two seeds.

    Where the dev split changed between runs, the version of most runs counts.
    """
    kept: dict[str, dict[str, dict[int, tuple[int, Predictions]]]] = {}
    for seed, run in results.results_of(digest).items():
        for one in results.examples.predictions(run.id):
            kept.setdefault(one.task, {}).setdefault(one.examples, {})[seed] = (run.id, one.values)
    found = {}
    for task, by_examples in sorted(kept.items()):
        examples = Counter({examples: len(runs) for examples, runs in by_examples.items()}).most_common(1)[0][0]
        stacked = _stacked(results, task, examples, by_examples[examples])
        if stacked is not None:
            found[task] = stacked
    return found


def paired(best: TaskPredictions, other: TaskPredictions) -> tuple[TaskPredictions, TaskPredictions] | None:
    """Return both with the seeds they have in common, at least two, on the same examples; None without."""
    seeds = [seed for seed in best.seeds if seed in other.seeds]
    if len(seeds) < MIN_PAIRED_SEEDS or not np.array_equal(best.labels, other.labels):
        return None
    return best.of_seeds(seeds), other.of_seeds(seeds)


def _stacked(
    results: StudyResults, task: str, examples: str, runs: dict[int, tuple[int, Predictions]]
) -> TaskPredictions | None:
    values = [one for _, one in runs.values()]
    metric = results.main_metric(next(iter(runs.values()))[0], "dev", task)
    alike = len({one.outputs.shape for one in values}) == 1
    if len(values) < MIN_PAIRED_SEEDS or metric == "score" or not alike:
        return None
    labels = values[0].labels.astype(np.float64)
    predictions = np.stack([one.predictions for one in values]).astype(np.float64)
    outputs = np.stack([one.outputs for one in values]).astype(np.float64)
    finite = all(np.isfinite(each).all() for each in (labels, predictions, outputs))
    kind: Kind = "scores" if metric == "pearson" else "classes"
    if not finite or not labels.size or (kind == "classes" and not _are_classes(labels, predictions)):
        return None
    run_ids = tuple(run for run, _ in runs.values())
    return TaskPredictions(task, kind, outputs, predictions, labels, tuple(runs), run_ids, examples)


def _are_classes(labels: Float64, predictions: Float64) -> bool:
    every = np.concatenate([labels, predictions.ravel()])
    return bool((every == np.floor(every)).all() and every.min() >= 0 and every.max() < MOST_CLASSES)
