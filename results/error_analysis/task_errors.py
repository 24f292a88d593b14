"""The errors of the best configuration on one task, beside the baseline's: all counts that the report shows."""

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
    """A configuration's confidence: `errors` (seeds,), the mean of what chance would show, all seeds in bins."""

    errors: Float64
    by_chance: float
    pooled: Reliability


@dataclass(frozen=True)
class Distance:
    """The share of predictions so many classes away, of each configuration; the difference where seeds are paired."""

    classes: int
    shares: Mapping[str, float]
    difference: Interval | None


@dataclass(frozen=True, eq=False)
class MeasuredScore:
    """One metric of classes on dev: each configuration's `values` (seeds,), and the difference where seeds are paired.

    `metric` is accuracy, precision, recall, f1 (of class 1 of two), or macro_precision, macro_recall, macro_f1.
    """

    metric: str
    values: Mapping[str, Float64]
    difference: Interval | None


class TaskErrors:
    """One task. `sides`: "best", and "baseline" where it is another one and saw the same examples.

    `sizes` of the examples: None where the study did not keep them.
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
        """Of scores: the predictions of each configuration in bins; empty for classes."""
        if self.kind == "classes":
            return {}
        return {role: score_bins(one.predictions, one.labels) for role, one in self.sides.items()}

    @cached_property
    def confusions(self) -> dict[str, Confusion]:
        """The predicted classes, or bins of scores, of each configuration by the true ones, all seeds together."""
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
        """How far off predictions are, from 0 classes; empty with two classes, which are wrong or right."""
        if self.classes < 3:
            return []
        away = {role: np.abs(one.errors) for role, one in self.sides.items()}
        pair = [np.abs(one.errors) for one in self.pair or ()]
        found = []
        for classes in range(self.classes):
            shares = {role: float((each == classes).mean()) for role, each in away.items()}
            compared = [(each == classes).astype(np.float64) for each in pair] if any(shares.values()) else []
            difference = paired_difference(*compared).interval() if compared else None
            found.append(Distance(classes, shares, difference))
        return found

    @cached_property
    def scores(self) -> list[MeasuredScore]:
        """Of classes: accuracy, precision, recall and F1, computed from the predictions of runs of any release.

        With two classes those of class 1, then the macro averages; with more the macro averages alone.
        """
        if self.kind != "classes":
            return []
        tables = {role: score_values(one.predictions, one.labels, self.classes) for role, one in self.sides.items()}
        pair = [score_values(one.predictions, one.labels, self.classes) for one in self.pair or ()]
        found = []
        for metric in tables[BEST]:
            by_seed = {role: table[metric].mean(axis=1) for role, table in tables.items()}
            apart = paired_difference(*(table[metric] for table in pair)).interval() if pair else None
            found.append(MeasuredScore(metric, by_seed, apart))
        return found

    @cached_property
    def by_class(self) -> list[Slice]:
        """Of classes: how often the examples of each true class are right, of classes with two examples or more."""
        return [one for one in self._slices(class_parts(self.best.labels, self.classes)) if one.mean]

    @cached_property
    def by_words(self) -> list[Slice]:
        """The parts by words (`slices.word_parts`): of classes how often they are right, of scores how far off."""
        return self._slices(word_parts(self.sizes)) if self.sizes is not None else []

    def _slices(self, parts: Sequence[Part]) -> list[Slice]:
        measured = {role: _measure(one) for role, one in self.sides.items()}
        pair = (_measure(self.pair[0]), _measure(self.pair[1])) if self.pair else None
        return slices(measured, pair, parts, 1.0 if self.kind == "classes" else math.inf)

    @cached_property
    def calibrations(self) -> dict[str, Calibration] | None:
        """Of classes; None where outputs are not logits that fit the predictions."""
        found = {role: _calibration(one) for role, one in self.sides.items()}
        known = {role: one for role, one in found.items() if one is not None}
        return known if len(known) == len(found) else None

    @property
    def calibration_difference(self) -> Interval | None:
        """Best minus baseline in expected calibration error, over the seeds both have."""
        errors = [one.errors for side in self.pair or () if (one := _calibration(side)) is not None]
        return paired_difference(*errors).interval() if len(errors) == 2 else None

    @cached_property
    def hard(self) -> HardExamples:
        """Of classes: examples that the best has wrong with all its seeds."""
        return hard_examples(self.best.right)

    @cached_property
    def flips(self) -> Flips | None:
        """Of classes: examples that only one configuration has right with all seeds both have."""
        return flips(*(one.right for one in self.pair)) if self.pair and self.kind == "classes" else None

    @property
    def farthest(self) -> NDArray[np.int64]:
        """All examples, those first whose predictions of the best are farthest off, in the mean over seeds."""
        found: NDArray[np.int64] = np.argsort(-np.abs(self.best.errors).mean(axis=0), kind="stable")
        return found


def task_errors(results: StudyResults, best: str, baseline: str | None) -> list[TaskErrors]:
    """Return the tasks on which the configuration `best` (a digest) kept labelled predictions of two seeds or more."""
    mine = task_predictions(results, best)
    other = task_predictions(results, baseline) if baseline is not None and baseline != best else {}
    return [TaskErrors(one, other.get(task), results.examples.sizes(task, one.examples)) for task, one in mine.items()]


def _measure(side: TaskPredictions) -> NDArray[np.bool_] | Float64:
    """Return whether predictions are right, or of scores how far off: (seeds, examples)."""
    return side.right if side.kind == "classes" else np.abs(side.errors)


def _calibration(side: TaskPredictions) -> Calibration | None:
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
