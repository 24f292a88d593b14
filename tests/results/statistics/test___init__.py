from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from results.statistics import (
    CorrelationDifference,
    Float64,
    Interval,
    MeanDifference,
    paired_bootstrap,
    paired_difference,
    paired_score_bootstrap,
    paired_t_interval,
    pearson_scores,
    score_difference,
)


def two_way(
    rng: np.random.Generator,
    *,
    seeds: int = 5,
    examples: int = 400,
    gain: float = 0.0,
    seed_deviation: float = 0.01,
    noise: float = 0.3,
    shared: float = 0.0,
) -> tuple[Float64, Float64]:
    """Two configurations whose difference varies by seed and by example, `shared` of it alike for all seeds."""
    difficulty = rng.normal(0, 0.2, examples)
    gains = gain + rng.normal(0, shared, examples)
    a = difficulty + gains + rng.normal(0, seed_deviation, (seeds, 1)) + rng.normal(0, noise, (seeds, examples))
    b = difficulty + rng.normal(0, seed_deviation, (seeds, 1)) + rng.normal(0, noise, (seeds, examples))
    return a, b


def test_the_estimate_is_the_difference_of_the_means() -> None:
    a, b = [[1.0, 0.0, 1.0], [1.0, 1.0, 0.0]], [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    assert paired_bootstrap(a, b).estimate == pytest.approx(4 / 6 - 2 / 6)


def test_a_difference_that_never_varies_has_no_width() -> None:
    a = np.random.default_rng(0).random((3, 50))
    interval = paired_bootstrap(a + 0.25, a)
    assert (interval.low, interval.high) == (pytest.approx(0.25), pytest.approx(0.25))


def test_equal_configurations_give_zero() -> None:
    a = np.random.default_rng(0).random((3, 50))
    assert paired_bootstrap(a, a) == Interval(0.0, 0.0, 0.0)


def test_exchanging_the_two_changes_the_sign() -> None:
    a, b = two_way(np.random.default_rng(1), gain=0.05)
    one, other = paired_bootstrap(a, b), paired_bootstrap(b, a)
    assert (one.low, one.high) == (pytest.approx(-other.high), pytest.approx(-other.low))


def test_the_same_arguments_give_the_same_interval_and_another_seed_another() -> None:
    a, b = two_way(np.random.default_rng(2), shared=0.3)
    assert paired_bootstrap(a, b, seed=3) == paired_bootstrap(a, b, seed=3)
    assert paired_bootstrap(a, b, seed=3) != paired_bootstrap(a, b, seed=4)


def test_a_higher_level_is_wider() -> None:
    a, b = two_way(np.random.default_rng(3))
    narrow, wide = paired_bootstrap(a, b, level=0.8), paired_bootstrap(a, b, level=0.99)
    assert wide.low < narrow.low < narrow.high < wide.high


def test_with_one_seed_the_interval_is_that_of_a_bootstrap_over_examples() -> None:
    difference = np.random.default_rng(4).normal(0.1, 1.0, 500)
    mine = paired_bootstrap(difference[None], np.zeros((1, 500)), resamples=4000)
    theirs = stats.bootstrap((difference,), np.mean, n_resamples=4000, method="percentile", rng=5)
    assert mine.low == pytest.approx(theirs.confidence_interval.low, abs=0.01)
    assert mine.high == pytest.approx(theirs.confidence_interval.high, abs=0.01)


def test_resampling_finds_the_noise_of_the_closed_form() -> None:
    a, b = two_way(np.random.default_rng(6), seeds=3, examples=300, seed_deviation=0.1, shared=1.0)
    resampled, exact = score_difference([MeanDifference(a, b)], resamples=20_000), paired_difference(a, b)
    assert resampled.noise.seeds == pytest.approx(exact.noise.seeds)
    assert resampled.noise.examples == pytest.approx(exact.noise.examples, rel=0.04)


def test_the_intervals_cover_a_true_gain_as_often_as_they_say() -> None:
    """400 times 95 % are 372 to 389 within two errors; benchmarks/statistics.py simulates whole studies."""
    rng = np.random.default_rng(8)
    covered = 0
    for _ in range(400):
        interval = paired_bootstrap(*two_way(rng, seeds=3, gain=0.02, examples=200, shared=0.2), resamples=200)
        covered += interval.low <= 0.02 <= interval.high
    assert 368 <= covered <= 392


def test_a_score_is_the_mean_over_tasks_whatever_their_sizes() -> None:
    a, b = [[1.0, 1.0, 1.0, 1.0]], [[0.0, 0.0, 0.0, 0.0]]
    assert paired_score_bootstrap([(a, b), (np.zeros((1, 9)), np.zeros((1, 9)))]).estimate == 0.5


def test_seeds_are_drawn_jointly_for_all_tasks() -> None:
    """Where the tasks' seed effects cancel, a joint draw has no width and separate draws would have."""
    effect = np.array([[1.0], [2.0], [3.0]]) * np.ones((3, 5))
    interval = paired_score_bootstrap([(effect, np.zeros((3, 5))), (-effect, np.zeros((3, 5)))])
    assert (interval.low, interval.high) == (pytest.approx(0.0, abs=1e-12), pytest.approx(0.0, abs=1e-12))


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        (np.zeros((2, 3)), np.zeros((2, 4)), r"same shape \(seeds, examples\), got \(2, 3\) and \(2, 4\)"),
        (np.zeros(3), np.zeros(3), r"same shape \(seeds, examples\), got \(3,\)"),
        ([[0.0, np.nan]], [[0.0, 1.0]], r"a must be finite, got nan at index \[0, 1\]"),
        ([[0.0, 1.0]], [[np.inf, 1.0]], r"b must be finite, got inf at index \[0, 0\]"),
        (np.zeros((0, 3)), np.zeros((0, 3)), r"a must not be empty, got shape \(0, 3\)"),
    ],
)
def test_what_cannot_be_compared_is_named(a: Any, b: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        paired_bootstrap(a, b)


def test_impossible_settings_are_named() -> None:
    with pytest.raises(ValueError, match="0 < level < 1 must hold, got 95"):
        paired_bootstrap([[0.0]], [[0.0]], level=95)
    with pytest.raises(ValueError, match="resamples must be at least 1, got 0"):
        paired_bootstrap([[0.0]], [[0.0]], resamples=0)
    with pytest.raises(ValueError, match="at least one task"):
        paired_score_bootstrap([])
    with pytest.raises(ValueError, match="all tasks must have the same seeds, got 1, 2 rows"):
        paired_score_bootstrap([([[0.0]], [[0.0]]), ([[0.0], [1.0]], [[0.0], [1.0]])])


def test_the_t_interval_is_scipy_s() -> None:
    a, b = np.array([0.7, 0.72, 0.69]), np.array([0.66, 0.665, 0.67])
    expected = stats.ttest_rel(a, b).confidence_interval(0.95)
    interval = paired_t_interval(a, b)
    assert [interval.low, interval.high] == pytest.approx([expected.low, expected.high])


def test_the_t_interval_needs_two_seeds() -> None:
    with pytest.raises(ValueError, match="at least 2 seeds, got 1"):
        paired_t_interval([0.7], [0.6])


def test_a_correlation_is_computed_anew_in_every_resample() -> None:
    rng = np.random.default_rng(11)
    labels = rng.normal(size=40)
    a, b = (strength * labels + rng.normal(size=(2, 40)) for strength in (1.0, 0.5))
    task = CorrelationDifference(a, b, labels)
    weights = np.stack([np.ones(40), np.bincount(rng.integers(0, 40, 40), minlength=40)])
    for i, drawn in enumerate(np.repeat(np.arange(40), count.astype(int)) for count in weights):
        expected = [
            stats.pearsonr(x[drawn], labels[drawn]).statistic - stats.pearsonr(y[drawn], labels[drawn]).statistic
            for x, y in zip(a, b, strict=True)
        ]
        assert task.weighted(weights)[i] == pytest.approx(expected)
    assert task.values() == pytest.approx(task.weighted(weights)[0])


def test_a_constant_prediction_correlates_with_nothing_in_a_resample_either() -> None:
    labels = np.arange(10.0)
    task = CorrelationDifference(np.full((1, 10), 0.1), np.zeros((1, 10)), labels)
    assert task.resampled(50, 0).tolist() == [[0.0]] * 50


def test_exact_correlations_and_their_first_order_scores_have_the_same_noise() -> None:
    rng = np.random.default_rng(12)
    labels = rng.normal(size=1500)
    shared = rng.normal(size=1500)  # what all seeds get wrong alike
    a = labels + shared + 0.5 * rng.normal(size=(3, 1500))
    b = labels + 0.9 * rng.normal(size=(3, 1500))
    exact = score_difference([CorrelationDifference(a, b, labels)])
    first_order = score_difference([MeanDifference(pearson_scores(a, labels), pearson_scores(b, labels))])
    assert exact.estimate == pytest.approx(first_order.estimate)
    assert exact.noise.examples == pytest.approx(first_order.noise.examples, rel=0.05)


def test_a_score_of_three_tasks_mixes_accuracies_and_a_correlation() -> None:
    rng = np.random.default_rng(13)
    labels = rng.normal(size=60)
    right, other = rng.integers(0, 2, (2, 2, 80)).astype(float)
    similar = labels + rng.normal(size=(2, 60))
    tasks = [
        MeanDifference(right, other),
        MeanDifference(other, right),
        CorrelationDifference(similar, -similar, labels),
    ]
    found = score_difference(tasks)
    r = np.mean([stats.pearsonr(row, labels).statistic for row in similar])
    assert found.estimate == pytest.approx(2 * r / 3)
    assert found.noise.seed_df == 1
    assert found.noise.example_df == 59


def test_labels_must_fit_the_predictions() -> None:
    with pytest.raises(ValueError, match=r"labels must have shape \(4,\) like the predictions, got \(3,\)"):
        CorrelationDifference(np.zeros((2, 4)), np.zeros((2, 4)), np.zeros(3))


def test_pearson_scores_average_to_r() -> None:
    rng = np.random.default_rng(9)
    labels = rng.normal(size=30)
    predictions = labels + rng.normal(size=(2, 30))
    expected = [stats.pearsonr(row, labels).statistic for row in predictions]
    assert pearson_scores(predictions, labels).mean(axis=1) == pytest.approx(expected)


def test_pearson_scores_are_r_plus_the_influence() -> None:
    """By hand: x = y = (-1, 0, 1): r = 1, z = sqrt(3/2) (-1, 0, 1), influence z^2 - z^2 = 0."""
    assert pearson_scores([-1.0, 0.0, 1.0], [-1.0, 0.0, 1.0]) == pytest.approx([1.0, 1.0, 1.0])
    # x = (-1, 0, 1), y = (0, 1, 0) around its mean: r = 0, influence zx zy = sqrt(3/2) / sqrt(2) (1, 0, -1)
    assert pearson_scores([-1.0, 0.0, 1.0], [0.0, 1.0, 0.0]) == pytest.approx([0.75**0.5, 0.0, -(0.75**0.5)])


def test_pearson_scores_follow_the_jackknife() -> None:
    """To first order, leaving example i out changes r by -influence_i / n."""
    rng = np.random.default_rng(10)
    x = rng.normal(size=400)
    y = 0.6 * x + rng.normal(size=400)
    r = stats.pearsonr(x, y).statistic
    left_out = [stats.pearsonr(np.delete(x, i), np.delete(y, i)).statistic for i in range(400)]
    assert (r - np.array(left_out)) * 399 == pytest.approx(pearson_scores(x, y) - r, abs=0.1)


@pytest.mark.parametrize("constant", [0.0, 0.1, 3.7e6])
def test_a_constant_prediction_correlates_with_nothing(constant: float) -> None:
    assert pearson_scores(np.full(7, constant), np.arange(7.0)).tolist() == [0.0] * 7


def test_an_interval_that_touches_zero_does_not_exclude_it() -> None:
    assert not Interval(0.1, 0.0, 0.2).excludes_zero
    assert Interval(-0.1, -0.2, -0.01).excludes_zero
    assert Interval(0.1, 0.01, 0.2).excludes_zero
