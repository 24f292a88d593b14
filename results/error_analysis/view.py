"""The errors on one task as the report shows them: sentences, names of classes, lists of examples."""

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
    NONE,
    decimals,
    plural,
    points_interval,
    points_text,
    score_interval,
    score_text,
    score_with_spread,
)

SHOWN = 12  # examples of a list; the export has all of them
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
    """One example of a list, numbered from 1: its label, the best's prediction, and how often the two are right."""

    number: int
    label: str
    predicted: str
    best: str
    baseline: str


@dataclass(frozen=True)
class ShownList:
    """A list of examples: how many there are, and the first of them."""

    title: str
    count: int
    examples: tuple[ShownExample, ...]


@dataclass(frozen=True)
class ShownRow:
    """One row of a table: `means` of the configurations in the order of `sides`, best minus baseline with its interval.

    A dash where there are too few examples, or seeds in common. `examples`: how many the row is of, where not of all.
    """

    name: str
    means: tuple[str, ...]
    difference: str = NONE
    interval: str = ""
    examples: int | None = None


@dataclass(frozen=True, eq=False)
class TaskView:
    """One task's errors; `errors` has the numbers."""

    errors: TaskErrors

    @property
    def name(self) -> str:
        """The task's name."""
        return self.errors.task

    @property
    def class_names(self) -> list[str]:
        """All classes, in order: "3 positive"; the number alone where the classes' names are not known."""
        names = CLASS_NAMES.get(self.name, ())
        return [f"{place} {names[place]}" if place < len(names) else str(place) for place in range(self.errors.classes)]

    @property
    def heat_names(self) -> list[str]:
        """The rows and columns of the heat map: classes, or the lower edges of a score's bins."""
        return self.errors.row_names if self.errors.kind == "scores" else self.class_names

    @property
    def heat(self) -> dict[str, Float64]:
        """Of each configuration, the share of every true class or bin that is predicted as each."""
        return {role: one.shares for role, one in self.errors.confusions.items()}

    @property
    def hard_words(self) -> str:
        """E.g. "41 of 1,101 sst examples are wrong with all 5 seeds of the best (by chance: 3)"."""
        hard, best = self.errors.hard, self.errors.best
        return (
            f"{len(hard.positions):,} of {len(best.labels):,} {self.name} examples are wrong with all "
            f"{len(best.seeds)} seeds of the best (expected if the errors of each seed were random: "
            f"{hard.by_chance:,.0f})"
        )

    @property
    def confusion_words(self) -> str:
        """Which two classes are mixed up most, or how scores lie in the bins."""
        if self.errors.kind == "scores":
            return self._bins_words()
        counts = self.errors.confusions[BEST].counts.copy()
        said = np.flatnonzero(counts.sum(axis=0))
        if len(said) == 1:
            return f"The best predicts {self.class_names[said[0]]} for every example with every seed."
        np.fill_diagonal(counts, 0)
        if not counts.any():
            return f"The best has no {self.name} example wrong."
        true, predicted = (int(place) for place in np.unravel_index(counts.argmax(), counts.shape))
        share = percent(float(self.errors.confusions[BEST].shares[true, predicted]))
        mixed = f"{self.class_names[true]} taken for {self.class_names[predicted]}"
        sentence = f"The most frequent error of the best: {mixed}, {share} of that class."
        if self.errors.distances:
            near = self.errors.distances[1].shares[BEST] / (1 - self.errors.distances[0].shares[BEST])
            sentence += f" Of its wrong predictions, {percent(near)} are one class away."
        return sentence

    @property
    def score_rows(self) -> list[ShownRow]:
        """Of classes: accuracy, precision, recall and F1 of each configuration."""
        return [
            self._row(
                self._metric_words(score.metric),
                [score_with_spread(each.mean(), each.std(ddof=1)) for each in score.values.values()],
                score.difference,
            )
            for score in self.errors.scores
        ]

    @property
    def class_rows(self) -> list[ShownRow]:
        """The accuracy of each true class."""
        return [self._slice(self.class_names[int(part.name)], part) for part in self.errors.by_class]

    @property
    def words_rows(self) -> list[ShownRow]:
        """By length, overlap, one word that differs and rare words: accuracies or absolute errors."""
        return [
            self._slice(YES_OR_NO.get(part.kind, {}).get(part.name, part.name), part) for part in self.errors.by_words
        ]

    @property
    def distance_rows(self) -> list[ShownRow]:
        """Of more than two classes: how far off predictions are."""
        names = ["right", "1 class away", *(f"{away} classes away" for away in range(2, self.errors.classes))]
        return [
            self._row(name, [f"{100 * share:.1f} %" for share in one.shares.values()], one.difference)
            for name, one in zip(names, self.errors.distances, strict=False)
        ]

    def _metric_words(self, metric: str) -> str:
        """Return e.g. "Macro F1", "Accuracy", "Precision of 1 duplicate"."""
        words = metric.replace("_", " ").capitalize().replace("f1", "F1")
        return f"{words} of {self.class_names[1]}" if metric in SCORES else words

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
        """How many examples change between the baseline and the best; empty where they share fewer than two seeds."""
        if self.errors.flips is None or self.errors.pair is None:
            return ""
        seeds = plural(len(self.errors.pair[0].seeds), "seed")
        return (
            f"From the baseline to the best, {len(self.errors.flips.gained):,} turn from wrong with all {seeds} to "
            f"right with all, {len(self.errors.flips.lost):,} from right to wrong."
        )

    @property
    def lists(self) -> list[ShownList]:
        """The hardest examples, and those that change; of scores, those farthest off."""
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

    def _bins_words(self) -> str:
        means = {role: float(np.abs(side.errors).mean()) for role, side in self.errors.sides.items()}
        both = "; ".join(f"the {role} {mean:.2f}" for role, mean in means.items())
        outside = self.errors.bins[BEST].outside
        beyond = f" {plural(outside, 'prediction')} of the best beyond the ends are counted in the last bins."
        return (
            f"How far predictions lie from the labels on average, in the label's units: {both}. Pearson's r does not "
            f"change when all predictions are shifted or stretched; this does.{beyond if outside else ''}"
        )

    def _example(self, place: int) -> ShownExample:
        found, baseline = self.errors, self.errors.sides.get(BASELINE)
        label = float(found.best.labels[place])
        if found.kind == "scores":
            best = _mean_score(found.best, place)
            return ShownExample(place + 1, f"{label:g}", best, best, _mean_score(baseline, place) if baseline else "")
        values, counts = np.unique(found.best.predictions[:, place], return_counts=True)
        names = self.class_names
        predicted = names[int(values[counts.argmax()])]
        right = _right_seeds(baseline, place) if baseline else ""
        return ShownExample(place + 1, names[int(label)], predicted, _right_seeds(found.best, place), right)


def percent(share: float) -> str:
    """Format a share, e.g. "37 %"."""
    return f"{100 * share:.0f} %"


def _accuracy(found: Interval) -> tuple[str, str]:
    return score_text(found.estimate), score_interval(found)


def _points(found: Interval) -> tuple[str, str]:
    return points_text(found.estimate), points_interval(found)


def _error(found: Interval) -> tuple[str, str]:
    """Format an error in a label's units, with two decimals."""
    estimate, low, high = (decimals(value, 2) for value in (found.estimate, found.low, found.high))
    return estimate, f"[{low}, {high}]"


def _right_seeds(side: TaskPredictions, place: int) -> str:
    return f"{int(side.right[:, place].sum())} of {len(side.seeds)}"


def _mean_score(side: TaskPredictions, place: int) -> str:
    values = side.predictions[:, place]
    return f"{decimals(float(values.mean()), 2)} ± {values.std(ddof=1):.2f}"
