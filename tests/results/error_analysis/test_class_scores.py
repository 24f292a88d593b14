"""Precision, recall and F1 from predictions of several seeds, and the noise of their differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mtbert import metrics
from results.error_analysis.class_scores import SCORES, Score, class_score_values, score_values
from results.statistics import paired_difference
from results.statistics.bootstrap import resample_counts

RNG = np.random.default_rng(3)
LABELS = RNG.integers(0, 4, 60)
FIRST = np.where(RNG.random((3, 60)) < 0.6, LABELS, RNG.integers(0, 6, (3, 60)))
SECOND = np.where(RNG.random((3, 60)) < 0.4, LABELS, 0)


def test_a_run_scores_what_it_measured_when_it_was_trained() -> None:
    macro = (metrics.macro_precision, metrics.macro_recall, metrics.macro_f1)
    of_one = (metrics.precision, metrics.recall, metrics.binary_f1)
    for predictions in (FIRST, SECOND):
        for score, averaged, single in zip(SCORES, macro, of_one, strict=True):
            # Class 6 never occurs, so it counts for nothing.
            found = class_score_values(predictions, LABELS, score, range(7)).mean(axis=1)
            assert found.tolist() == pytest.approx([averaged(seed, LABELS) for seed in predictions])
            found = class_score_values(predictions, LABELS, score, [1]).mean(axis=1)
            assert found.tolist() == pytest.approx([single(seed, LABELS, 1) for seed in predictions])


def test_classes_that_never_occur_score_0() -> None:
    assert class_score_values([[0, 0]], [0, 0], "f1", [1]).tolist() == [[0.0, 0.0]]


def test_two_classes_have_the_scores_of_class_1_beside_the_macro_averages() -> None:
    macro = ["macro_precision", "macro_recall", "macro_f1"]
    assert list(score_values(FIRST, LABELS, 6)) == ["accuracy", *macro]
    found = score_values(FIRST % 2, LABELS % 2, 2)
    assert list(found) == ["accuracy", *SCORES, *macro]
    assert np.array_equal(found["recall"], class_score_values(FIRST % 2, LABELS % 2, "recall", [1]))


def test_recall_of_a_class_that_all_examples_have_is_the_accuracy_example_by_example() -> None:
    right = (FIRST == LABELS).astype(np.float64)
    assert class_score_values(right, np.ones(60), "recall", [1]) == pytest.approx(right)


def test_the_noise_of_a_difference_is_that_of_resampled_examples() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 600)
    sides = [np.where(rng.random((2, 600)) < right, labels, rng.integers(0, 3, (2, 600))) for right in (0.6, 0.5)]
    for score in SCORES:
        first, second = (class_score_values(side, labels, score, range(3)) for side in sides)
        # One seed alone: all noise is of the examples, and is what computing the score anew in resamples shows.
        expected = paired_difference(first[:1], second[:1]).noise.error
        drawn = [_repeated(sides, labels, counts, score) for counts in resample_counts(600, 300, 1)]
        assert np.std(drawn) == pytest.approx(expected, rel=0.12), score


def _repeated(sides: list[Any], labels: Any, counts: Any, score: Score) -> float:
    """The difference of the first seeds' macro scores where each example is there `counts` times."""
    macro = dict(zip(SCORES, (metrics.macro_precision, metrics.macro_recall, metrics.macro_f1), strict=True))[score]
    first, second = (macro(np.repeat(side[0], counts), np.repeat(labels, counts)) for side in sides)
    return first - second
