"""The errors on one task in words, as the report shows them: sentences, names of classes, lists of examples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from results.arrays import Float64
from results.class_scores import SCORES
from results.statistics import Interval
from results.task_errors import BASELINE, BEST, TaskErrors
from results.task_predictions import TaskPredictions
from results.wording import (
    NONE,
    decimals,
    plural,
    points_interval,
    points_text,
    score_interval,
    score_text,
    score_with_spread,
)

SHOWN = 12  # examples of a list; the export has them all
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
    """One example of a list, numbered from 1: its label, what the best predicts, and how the two fare with it."""

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
class ScoreRow:
    """A metric of classes in words: `means` of the configurations in the order of `sides`, mean ± sd over seeds."""

    name: str
    means: tuple[str, ...]
    difference: Interval | None


@dataclass(frozen=True)
class WordsRow:
    """A part of the examples by their words, as texts; `means` of the configurations in the order of `sides`."""

    name: str
    examples: int
    means: tuple[str, ...]
    difference: str


@dataclass(frozen=True, eq=False)
class TaskView:
    """One task's errors; `found` has the numbers."""

    found: TaskErrors

    @property
    def name(self) -> str:
        """The task's."""
        return self.found.task

    @property
    def class_names(self) -> list[str]:
        """Of all classes, in order: "3 positive"; the number alone where the task is not ours."""
        names = CLASS_NAMES.get(self.name, ())
        return [f"{place} {names[place]}" if place < len(names) else str(place) for place in range(self.found.classes)]

    @property
    def heat_names(self) -> list[str]:
        """The rows and columns of the heat map: classes, or the lower edges of a score's bins."""
        if self.found.kind == "scores":
            return [f"{edge:g}" for edge in self.found.bins[BEST].edges[:-1]]
        return self.class_names

    @property
    def heat(self) -> dict[str, Float64]:
        """Of each configuration, the share of every true class or bin that is predicted as each."""
        if self.found.kind == "scores":
            return {role: bins.confusion.shares for role, bins in self.found.bins.items()}
        return {role: one.shares for role, one in self.found.confusions.items()}

    @property
    def hard_words(self) -> str:
        """ "41 of 1,101 sst examples are wrong with all 5 seeds of the best (were it luck ...: 3)"."""
        hard, size = self.found.hard, len(self.found.best.labels)
        return (
            f"{len(hard.positions):,} of {size:,} {self.name} examples are wrong with all {len(self.found.best.seeds)} "
            f"seeds of the best (were it luck which ones each seed has wrong: {hard.by_luck:,.0f})"
        )

    @property
    def confusion_words(self) -> str:
        """Which two classes are mixed up most, or how scores lie in the bins."""
        if self.found.kind == "scores":
            return self._bins_words()
        counts = self.found.confusions[BEST].counts.copy()
        said = np.flatnonzero(counts.sum(axis=0))
        if len(said) == 1:
            return f"The best calls every example {self.class_names[said[0]]}, with every seed: it tells nothing apart."
        np.fill_diagonal(counts, 0)
        if not counts.any():
            return f"The best has no {self.name} example wrong."
        true, predicted = (int(place) for place in np.unravel_index(counts.argmax(), counts.shape))
        share = percent(float(self.found.confusions[BEST].shares[true, predicted]))
        mixed = f"{self.class_names[true]} taken for {self.class_names[predicted]}"
        told = f"The most frequent error of the best: {mixed}, {share} of that class."
        if self.found.distances:
            near = self.found.distances[1].shares[BEST] / (1 - self.found.distances[0].shares[BEST])
            told += f" Of its wrong predictions, {percent(near)} are one class away."
        return told

    @property
    def score_rows(self) -> list[ScoreRow]:
        """Of classes: accuracy, precision, recall and F1 of each configuration, and their difference in points."""
        rows = []
        for score in self.found.scores:
            means = [score_with_spread(each.mean(), each.std(ddof=1)) for each in score.values.values()]
            rows.append(ScoreRow(self._metric_words(score.metric), tuple(means), score.difference))
        return rows

    def _metric_words(self, metric: str) -> str:
        """ "Macro F1", "Accuracy", "Precision of 1 duplicate"."""
        told = metric.replace("_", " ").capitalize().replace("f1", "F1")
        return f"{told} of {self.class_names[1]}" if metric in SCORES else told

    @property
    def words_rows(self) -> list[WordsRow]:
        """By length, overlap, one word that differs and rare words: accuracies or absolute errors, their difference.

        Dashes where a part has too few examples.
        """
        judged = self.found.kind == "classes"
        rows = []
        for part, found in self.found.by_words:
            name = YES_OR_NO[part.kind][part.name] if part.kind in YES_OR_NO else part.name
            means = [NONE if found is None else _interval_text(found.mean[role], judged) for role in self.found.sides]
            apart = None if found is None else found.difference
            if apart is None:
                difference = NONE
            elif judged:
                difference = f"{points_text(apart.estimate)} {points_interval(apart)}"
            else:
                difference = _interval_text(apart, judged)
            rows.append(WordsRow(name, int(part.members.sum()), tuple(means), difference))
        return rows

    @property
    def flip_words(self) -> str:
        """How many examples turn between the baseline and the best; empty where they have no two seeds in common."""
        if self.found.flips is None or self.found.pair is None:
            return ""
        seeds = plural(len(self.found.pair[0].seeds), "seed")
        return (
            f"From the baseline to the best, {len(self.found.flips.gained):,} turn from wrong with all {seeds} to "
            f"right with all, {len(self.found.flips.lost):,} from right to wrong."
        )

    @property
    def lists(self) -> list[ShownList]:
        """The hardest examples, and those that turn; of scores, those farthest off."""
        places = self.found.farthest
        if self.found.kind == "scores":
            return [ShownList("Farthest off", len(places), self._examples(places[:SHOWN]))]
        wrong = set(self.found.hard.positions.tolist())
        lists = [("Wrong with all seeds of the best", [place for place in places if int(place) in wrong])]
        if self.found.flips is not None:
            lists.append(("Right with all seeds of the best, with none of the baseline", [*self.found.flips.gained]))
            lists.append(("Right with all seeds of the baseline, with none of the best", [*self.found.flips.lost]))
        return [ShownList(title, len(each), self._examples(each[:SHOWN])) for title, each in lists]

    def _bins_words(self) -> str:
        means = {role: float(np.abs(side.errors).mean()) for role, side in self.found.sides.items()}
        told = "; ".join(f"the {role} {mean:.2f}" for role, mean in means.items())
        outside = self.found.bins[BEST].outside
        beyond = f" {plural(outside, 'prediction')} of the best beyond the ends stand in the last bins."
        return (
            f"How far predictions lie from the labels on average, in the label's units: {told}. Pearson's r does not "
            f"see a shift or a stretch of all predictions, this does.{beyond if outside else ''}"
        )

    def _examples(self, places: Iterable[int]) -> tuple[ShownExample, ...]:
        return tuple(self._example(int(place)) for place in places)

    def _example(self, place: int) -> ShownExample:
        found, baseline = self.found, self.found.sides.get(BASELINE)
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
    """ "37 %"."""
    return f"{100 * share:.0f} %"


def _interval_text(found: Interval, judged: bool) -> str:
    """Accuracies with three decimals, what is in a label's units with two."""
    if judged:
        return f"{score_text(found.estimate)} {score_interval(found)}"
    estimate, low, high = (decimals(value, 2) for value in (found.estimate, found.low, found.high))
    return f"{estimate} [{low}, {high}]"


def _right_seeds(side: TaskPredictions, place: int) -> str:
    return f"{int(side.right[:, place].sum())} of {len(side.seeds)}"


def _mean_score(side: TaskPredictions, place: int) -> str:
    values = side.predictions[:, place]
    return f"{decimals(float(values.mean()), 2)} ± {values.std(ddof=1):.2f}"
