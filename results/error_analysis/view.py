"""The errors on one task for the report: sentences, class names, tables and lists of examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from results.error_analysis.class_scores import SCORES
from results.error_analysis.predictions import TaskPredictions
from results.error_analysis.slices import Slice
from results.error_analysis.task_errors import BASELINE, BEST, TaskErrors
from results.statistics import Interval
from results.statistics.arrays import Float64
from results.text.formatting import (
    decimals,
    plural,
    points_interval,
    points_text,
    score_interval,
    score_text,
    score_with_spread,
)
from results.text.units import NONE

SHOWN = 12  # examples shown of a list; the export has all of them
CLASS_NAMES: Mapping[str, Sequence[str]] = {
    "sst": ("very negative", "negative", "neutral", "positive", "very positive"),
    "quora": ("not a duplicate", "duplicate"),
    "cfimdb": ("negative", "positive"),
    "rotten_tomatoes": ("negative", "positive"),
}
YES_OR_NO: Mapping[str, Mapping[str, str]] = {
    "one_word_difference": {"yes": "one word that differs", "no": "more words that differ, or none"},
    "rare_words": {"yes": "a rare word", "no": "no rare word"},
}


@dataclass(frozen=True)
class ShownExample:
    """One example, numbered from 1: its label, the best's prediction, and the seeds with which each is right."""

    number: int
    label: str
    predicted: str
    best: str
    baseline: str


@dataclass(frozen=True)
class ShownList:
    """A list of examples: their number, and the first ones."""

    title: str
    count: int
    examples: tuple[ShownExample, ...]


@dataclass(frozen=True)
class ShownRow:
    """One row of a table: the configurations' `means` in the order of `sides`, best minus baseline and its interval.

    A dash marks too few examples or common seeds. `examples` is the number of examples; None if the row uses all.
    """

    name: str
    means: tuple[str, ...]
    difference: str = NONE
    interval: str = ""
    examples: int | None = None


@dataclass(frozen=True, eq=False)
class TaskView:
    """The display of one task's `errors`."""

    errors: TaskErrors

    @property
    def name(self) -> str:
        """The task's name."""
        return self.errors.task

    @property
    def class_names(self) -> list[str]:
        """The names of all classes in order, e.g. "3 positive"; only the number if the name is unknown."""
        names = CLASS_NAMES.get(self.name, ())
        return [f"{place} {names[place]}" if place < len(names) else str(place) for place in range(self.errors.classes)]

    @property
    def heat_names(self) -> list[str]:
        """The rows and columns of the heat map: classes, or the lower edges of a score's bins."""
        return self.errors.row_names if self.errors.kind == "scores" else self.class_names

    @property
    def heat(self) -> dict[str, Float64]:
        """Per configuration, the share of each true class or bin that is predicted as each."""
        return {role: one.shares for role, one in self.errors.confusions.items()}

    @property
    def hard_words(self) -> str:
        """The number of examples that are wrong with all seeds of the best, beside the number expected by chance."""
        hard, best = self.errors.hard, self.errors.best
        return (
            f"{len(hard.positions):,} of {len(best.labels):,} {self.name} examples are wrong with all "
            f"{len(best.seeds)} seeds of the best (expected if the errors of each seed were random: "
            f"{hard.by_chance:,.0f})"
        )

    @property
    def confusion_words(self) -> str:
        """The most frequent confusion of two classes, or the mean absolute error of scores."""
        if self.errors.kind == "scores":
            return self._mean_errors()
        counts = self.errors.confusions[BEST].counts.copy()
        predicted_classes = np.flatnonzero(counts.sum(axis=0))
        if len(predicted_classes) == 1:
            return f"The best predicts {self.class_names[predicted_classes[0]]} for every example with every seed."
        np.fill_diagonal(counts, 0)
        if not counts.any():
            return f"The best has no {self.name} example wrong."
        true, predicted = (int(place) for place in np.unravel_index(counts.argmax(), counts.shape))
        share = percent(float(self.errors.confusions[BEST].shares[true, predicted]))
        names = f"{self.class_names[true]} predicted as {self.class_names[predicted]}"
        sentence = f"The most frequent error of the best: {names}, {share} of that class."
        if self.errors.distances:
            near = self.errors.distances[1].shares[BEST] / (1 - self.errors.distances[0].shares[BEST])
            sentence += f" Of its wrong predictions, {percent(near)} are one class away."
        return sentence

    @property
    def score_rows(self) -> list[ShownRow]:
        """Accuracy, precision, recall and F1 of each configuration; empty for scores."""
        rows = []
        for score in self.errors.scores:
            name = score.metric.replace("_", " ").capitalize().replace("f1", "F1")
            name += f" of {self.class_names[1]}" if score.metric in SCORES else ""
            means = [score_with_spread(each.mean(), each.std(ddof=1)) for each in score.values.values()]
            rows.append(self._row(name, means, score.difference))
        return rows

    @property
    def class_rows(self) -> list[ShownRow]:
        """The accuracy of each true class."""
        return [self._slice(self.class_names[int(part.name)], part) for part in self.errors.by_class]

    @property
    def words_rows(self) -> list[ShownRow]:
        """Accuracies or absolute errors by length, overlap, one-word difference and rare words."""
        return [
            self._slice(YES_OR_NO.get(part.kind, {}).get(part.name, part.name), part) for part in self.errors.by_words
        ]

    @property
    def distance_rows(self) -> list[ShownRow]:
        """The shares of predictions by distance from the true class; empty with fewer than three classes."""
        names = ["right", "1 class away", *(f"{away} classes away" for away in range(2, self.errors.classes))]
        return [
            self._row(name, [f"{100 * share:.1f} %" for share in one.shares.values()], one.difference)
            for name, one in zip(names, self.errors.distances, strict=False)
        ]

    def _slice(self, name: str, part: Slice) -> ShownRow:
        write = _accuracy if self.errors.kind == "classes" else _error
        means = [" ".join(write(part.mean[role])) if part.mean else NONE for role in self.errors.sides]
        return self._row(name, means, part.difference, part.examples)

    def _row(
        self, name: str, means: Sequence[str], difference: Interval | None, examples: int | None = None
    ) -> ShownRow:
        if difference is None:
            return ShownRow(name, tuple(means), examples=examples)
        estimate, interval = (_points if self.errors.kind == "classes" else _error)(difference)
        return ShownRow(name, tuple(means), estimate, interval, examples)

    @property
    def flip_words(self) -> str:
        """The numbers of examples that flip between the baseline and the best; "" with fewer than two common seeds."""
        flips, pair = self.errors.flips, self.errors.pair
        if flips is None or pair is None:
            return ""
        return (
            f"From the baseline to the best, with all {plural(len(pair[0].seeds), 'seed')} of each: "
            f"{len(flips.gained):,} examples change from wrong to right, {len(flips.lost):,} from right to wrong."
        )

    @property
    def lists(self) -> list[ShownList]:
        """The hardest examples and the flips; for scores, the examples with the largest errors."""
        places = self.errors.farthest.tolist()
        if self.errors.kind == "scores":
            return [self._list("Farthest off", places)]
        wrong = set(self.errors.hard.positions.tolist())
        lists = [self._list("Wrong with all seeds of the best", [place for place in places if place in wrong])]
        if self.errors.flips is not None:
            gained, lost = self.errors.flips.gained.tolist(), self.errors.flips.lost.tolist()
            lists.append(self._list("Right with all seeds of the best, with none of the baseline", gained))
            lists.append(self._list("Right with all seeds of the baseline, with none of the best", lost))
        return lists

    def _list(self, title: str, places: Sequence[int]) -> ShownList:
        return ShownList(title, len(places), tuple(self._example(place) for place in places[:SHOWN]))

    def _mean_errors(self) -> str:
        means = {role: float(np.abs(side.errors).mean()) for role, side in self.errors.sides.items()}
        both = "; ".join(f"the {role} {mean:.2f}" for role, mean in means.items())
        outside = self.errors.bins[BEST].outside
        beyond = f" The outermost bins include {plural(outside, 'prediction')} of the best outside their range."
        return (
            f"Mean absolute error in the label's units: {both}. Unlike Pearson's r, it changes when all predictions "
            f"are shifted or scaled.{beyond if outside else ''}"
        )

    def _example(self, place: int) -> ShownExample:
        best, baseline = self.errors.best, self.errors.sides.get(BASELINE)
        label = float(best.labels[place])
        if self.errors.kind == "scores":
            score = _mean_score(best, place)
            return ShownExample(place + 1, f"{label:g}", score, score, _mean_score(baseline, place) if baseline else "")
        values, counts = np.unique(best.predictions[:, place], return_counts=True)
        names = self.class_names
        predicted = names[int(values[counts.argmax()])]
        right = _right_seeds(baseline, place) if baseline else ""
        return ShownExample(place + 1, names[int(label)], predicted, _right_seeds(best, place), right)


def percent(share: float) -> str:
    """Return a share as a percentage, e.g. "37 %"."""
    return f"{100 * share:.0f} %"


def _accuracy(interval: Interval) -> tuple[str, str]:
    return score_text(interval.estimate), score_interval(interval)


def _points(interval: Interval) -> tuple[str, str]:
    return points_text(interval.estimate), points_interval(interval)


def _error(interval: Interval) -> tuple[str, str]:
    """Return an error in a label's units and its interval, with two decimals."""
    estimate, low, high = (decimals(value, 2) for value in (interval.estimate, interval.low, interval.high))
    return estimate, f"[{low}, {high}]"


def _right_seeds(side: TaskPredictions, place: int) -> str:
    return f"{int(side.right[:, place].sum())} of {len(side.seeds)}"


def _mean_score(side: TaskPredictions, place: int) -> str:
    values = side.predictions[:, place]
    return f"{decimals(float(values.mean()), 2)} ± {values.std(ddof=1):.2f}"
