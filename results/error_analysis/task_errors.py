"""The errors of the best configuration and the baseline on one task, for the report."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from results.database.predictions import ExampleSizes
from results.error_analysis.calibration import Reliability, class_probabilities, reliability
from results.error_analysis.class_scores import score_values
from results.error_analysis.confusion import Confusion, ScoreBins, confusion, score_bins
from results.error_analysis.hard_examples import Flips, HardExamples, flips, hard_examples
from results.error_analysis.predictions import TaskPredictions, paired, task_predictions
from results.error_analysis.slices import Part, Slice, class_parts, slices, word_parts
from results.measurements.study_results import StudyResults
from results.statistics import Interval, paired_difference
from results.statistics.arrays import Float64

BEST, BASELINE = "best", "baseline"


@dataclass(frozen=True, eq=False)
class Calibration:
    """Calibration errors (seeds,), their mean under perfect calibration, and the bins pooled over seeds."""

    errors: Float64
    by_chance: float
    pooled: Reliability


@dataclass(frozen=True)
class Distance:
    """The share of predictions that are `classes` away, per configuration; the difference if seeds are paired."""

    classes: int
    shares: Mapping[str, float]
    difference: Interval | None


@dataclass(frozen=True, eq=False)
class MeasuredScore:
    """One metric of classes on dev: each configuration's `values` (seeds,), and the difference if seeds are paired.

    `metric` is accuracy, macro_precision, macro_recall, macro_f1, or with two classes precision, recall, f1 of class 1.
    """

    metric: str
    values: Mapping[str, Float64]
    difference: Interval | None


class TaskErrors:
    """Errors on one task. `sides` has "best", and "baseline" if it differs from the best and has the same examples.

    `sizes` are the word statistics of the examples; None if the study did not keep them.
    """

    def __init__(
        self, best: TaskPredictions, baseline: TaskPredictions | None, sizes: ExampleSizes | None = None
    ) -> None:
        same = baseline is not None and np.array_equal(best.labels, baseline.labels)
        self.task, self.kind, self.best = best.task, best.kind, best
        self.sides = {BEST: best} | ({BASELINE: baseline} if same and baseline is not None else {})
        self.pair = paired(best, baseline) if baseline is not None else None
        self.sizes = sizes if sizes is not None and len(sizes.words) == len(best.labels) else None
        self.classes = max(side.classes for side in self.sides.values()) if self.kind == "classes" else 0

    @cached_property
    def bins(self) -> dict[str, ScoreBins]:
        """The predicted scores of each configuration in bins; empty for classes."""
        if self.kind == "classes":
            return {}
        return {role: score_bins(one.predictions, one.labels) for role, one in self.sides.items()}

    @cached_property
    def confusions(self) -> dict[str, Confusion]:
        """The confusion matrix of each configuration, of classes or bins of scores, summed over seeds."""
        if self.kind == "scores":
            return {role: bins.confusion for role, bins in self.bins.items()}
        return {role: confusion(one.predictions, one.labels, self.classes) for role, one in self.sides.items()}

    @property
    def row_names(self) -> list[str]:
        """The rows and columns of `confusions`: classes, or the lower edges of a score's bins."""
        if self.kind == "scores":
            return [f"{edge:g}" for edge in self.bins[BEST].edges[:-1]]
        return [str(number) for number in range(self.classes)]

    @cached_property
    def distances(self) -> list[Distance]:
        """The distribution of the distance between predicted and true class; empty with fewer than three classes."""
        if self.classes < 3:
            return []
        away = {role: np.abs(one.errors) for role, one in self.sides.items()}
        pair = [np.abs(one.errors) for one in self.pair or ()]
        distances = []
        for classes in range(self.classes):
            shares = {role: float((each == classes).mean()) for role, each in away.items()}
            compared = [(each == classes).astype(np.float64) for each in pair] if any(shares.values()) else []
            distances.append(Distance(classes, shares, _difference(compared)))
        return distances

    @cached_property
    def scores(self) -> list[MeasuredScore]:
        """Accuracy, precision, recall and F1 of classes, computed from the predictions; empty for scores.

        With two classes these are the scores of class 1, then the macro averages; otherwise the macro averages.
        """
        if self.kind != "classes":
            return []
        tables = {role: score_values(one.predictions, one.labels, self.classes) for role, one in self.sides.items()}
        pair = [score_values(one.predictions, one.labels, self.classes) for one in self.pair or ()]
        return [
            MeasuredScore(
                metric,
                {role: table[metric].mean(axis=1) for role, table in tables.items()},
                _difference([table[metric] for table in pair]),
            )
            for metric in tables[BEST]
        ]

    @cached_property
    def by_class(self) -> list[Slice]:
        """The accuracy in each true class with at least two examples."""
        return [one for one in self._slices(class_parts(self.best.labels, self.classes)) if one.mean]

    @cached_property
    def by_words(self) -> list[Slice]:
        """The accuracy of classes, or the absolute error of scores, in the parts of `slices.word_parts`."""
        return self._slices(word_parts(self.sizes)) if self.sizes is not None else []

    def _slices(self, parts: Sequence[Part]) -> list[Slice]:
        measured = {role: _measure(one) for role, one in self.sides.items()}
        pair = (_measure(self.pair[0]), _measure(self.pair[1])) if self.pair else None
        return slices(measured, pair, parts, 1.0 if self.kind == "classes" else math.inf)

    @cached_property
    def calibrations(self) -> dict[str, Calibration] | None:
        """The calibration of each configuration; None for scores, or if the outputs are not logits."""
        calibrations = {role: one for role, side in self.sides.items() if (one := _calibration(side)) is not None}
        return calibrations if len(calibrations) == len(self.sides) else None

    @property
    def calibration_difference(self) -> Interval | None:
        """Best minus baseline in expected calibration error, over their common seeds."""
        errors = [one.errors for side in self.pair or () if (one := _calibration(side)) is not None]
        return _difference(errors) if len(errors) == 2 else None

    @cached_property
    def hard(self) -> HardExamples:
        """The examples that the best has wrong with all its seeds; for classes only."""
        return hard_examples(self.best.right)

    @cached_property
    def flips(self) -> Flips | None:
        """The examples that one configuration has right with all common seeds and the other with none."""
        return flips(*(one.right for one in self.pair)) if self.pair and self.kind == "classes" else None

    @property
    def farthest(self) -> NDArray[np.int64]:
        """The positions of all examples, by decreasing absolute error of the best, mean over seeds."""
        return np.argsort(-np.abs(self.best.errors).mean(axis=0), kind="stable")


def task_errors(results: StudyResults, best: str, baseline: str | None) -> list[TaskErrors]:
    """Return the errors of `best` (a digest) on each task with labelled predictions of at least two seeds."""
    other = task_predictions(results, baseline) if baseline is not None and baseline != best else {}
    return [
        TaskErrors(one, other.get(task), results.examples.sizes(task, one.examples))
        for task, one in task_predictions(results, best).items()
    ]


def _difference(pair: Sequence[Float64]) -> Interval | None:
    """Return the interval of first minus second; None without a pair."""
    return paired_difference(*pair).interval() if pair else None


def _measure(side: TaskPredictions) -> NDArray[np.bool_] | Float64:
    """Return whether predictions are right, or for scores the absolute error: (seeds, examples)."""
    return side.right if side.kind == "classes" else np.abs(side.errors)


def _calibration(side: TaskPredictions) -> Calibration | None:
    """Return the calibration of a classifier's predictions; None for scores, or if the outputs are not logits."""
    probabilities = class_probabilities(side.outputs, side.predictions) if side.kind == "classes" else None
    if probabilities is None:
        return None
    sure = probabilities.max(axis=-1)
    by_seed = [reliability(one, right) for one, right in zip(sure, side.right, strict=True)]
    return Calibration(
        errors=np.array([one.error for one in by_seed]),
        by_chance=float(np.mean([one.error_of_calibrated for one in by_seed])),
        pooled=reliability(sure, side.right),
    )
