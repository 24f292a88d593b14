"""Metrics against numbers worked out by hand, correlations against scipy, macro averages against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics

from mtbert import metrics

PREDICTED = [1, 1, 0, 1, 0, 0]
LABELS = [1, 0, 0, 1, 1, 0]  # 2 true positives, 1 false positive, 1 false negative


def test_accuracy_is_the_share_of_hits() -> None:
    assert metrics.accuracy(PREDICTED, LABELS) == pytest.approx(4 / 6)


def test_precision_recall_and_f1_by_hand() -> None:
    assert metrics.precision([1, 1, 1, 0], [1, 0, 0, 1]) == pytest.approx(1 / 3)
    assert metrics.recall([1, 1, 1, 0], [1, 0, 0, 1]) == pytest.approx(1 / 2)
    assert metrics.binary_f1([1, 1, 1, 0], [1, 0, 0, 1]) == pytest.approx(2 / 5)


def test_f1_is_zero_where_it_is_undefined() -> None:
    assert metrics.precision([0, 0], [1, 0]) == 0.0
    assert metrics.recall([1, 0], [0, 0]) == 0.0
    assert metrics.binary_f1([0, 0], [0, 0]) == 0.0


def test_macro_f1_counts_a_class_that_is_only_predicted_and_none_that_never_occurs() -> None:
    # class 0: 2*1/(1+2) = 2/3; class 1: 2*1/(1+1) = 1; class 2, never a label: 0
    assert metrics.macro_f1([0, 2, 1], [0, 0, 1]) == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert metrics.macro_f1([0, 4], [0, 4]) == 1.0


def test_macro_averages_are_scikit_learns_where_classes_are_missing_on_either_side() -> None:
    rng = np.random.default_rng(0)
    for said, known in ((5, 5), (3, 5), (5, 2), (1, 4)):  # so many classes are predicted, so many are labels
        predicted, labels = rng.integers(0, said, 30), rng.integers(0, known, 30) + 1
        expected = sklearn.metrics.precision_recall_fscore_support(labels, predicted, average="macro", zero_division=0)
        measured = (metrics.macro_precision, metrics.macro_recall, metrics.macro_f1)
        assert [each(predicted, labels) for each in measured] == pytest.approx(expected[:3])


def test_pearson_equals_scipy() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=200)
    y = 0.3 * x + rng.normal(size=200)
    assert metrics.pearson(x, y) == pytest.approx(scipy.stats.pearsonr(x, y).statistic, abs=1e-12)


def test_spearman_equals_scipy_with_ties() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.integers(0, 5, size=100), rng.integers(0, 7, size=100)
    assert metrics.spearman(x, y) == pytest.approx(scipy.stats.spearmanr(x, y).statistic, abs=1e-12)


def test_correlation_of_a_constant_is_zero_and_of_nan_nan() -> None:
    assert metrics.pearson([2.5, 2.5, 2.5], [0, 1, 2]) == 0.0
    assert metrics.spearman([0, 1, 2], [1, 1, 1]) == 0.0
    assert all(np.isnan(found([np.nan, 1.0], [0.0, 1.0])) for found in (metrics.pearson, metrics.spearman))


def test_pearson_of_tiny_numbers_does_not_vanish() -> None:
    assert metrics.pearson([1e-200, 2e-200, 3e-200], [1, 2, 3]) == pytest.approx(1.0)


def test_mean_squared_error_by_hand() -> None:
    assert metrics.mean_squared_error([1.0, 5.0], [0.0, 3.0]) == 2.5


def test_metrics_refuse_nothing_and_unequal_lengths() -> None:
    with pytest.raises(ValueError, match="n >= 1"):
        metrics.accuracy([], [])
    with pytest.raises(ValueError, match="n >= 1"):
        metrics.pearson([1, 2], [1, 2, 3])


MAIN = {"sst": "accuracy", "quora": "accuracy", "sts": "pearson"}
VALUES = {"sst": {"accuracy": 0.5}, "quora": {"accuracy": 0.8, "f1": 0.1}, "sts": {"pearson": 0.2}}


def test_score_is_the_mean_of_the_main_metrics_and_the_leaderboards_halves_one_plus_r() -> None:
    assert metrics.score(VALUES, MAIN) == pytest.approx((0.5 + 0.8 + 0.2) / 3)
    assert metrics.leaderboard_score(VALUES, MAIN) == pytest.approx((0.5 + 0.8 + 0.6) / 3)


def test_a_score_of_no_task_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one task"):
        metrics.score({}, MAIN)
