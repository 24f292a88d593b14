from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from results.statistics import (
    expected_maximum,
    expected_selection_bias,
    probability_of_superiority,
    selection_gap,
)
from results.statistics.arrays import pooled_deviation
from results.statistics.selection_bias import search_bias


def test_the_expected_maximum_is_the_mean_over_all_subsets() -> None:
    scores = [0.3, 0.1, 0.4, 0.1, 0.5, 0.9]
    expected = [np.mean([max(chosen) for chosen in combinations(scores, n)]) for n in range(1, 7)]
    assert expected_maximum(scores) == pytest.approx(expected)


def test_the_expected_maximum_is_unbiased() -> None:
    """Of 5 uniform values 5/6; estimated from 8 of them, 4,000 times."""
    rng = np.random.default_rng(0)
    found = np.mean([expected_maximum(rng.random(8))[4] for _ in range(4000)])
    assert found == pytest.approx(5 / 6, abs=0.006)


def test_long_searches_have_no_overflow() -> None:
    curve = expected_maximum(np.random.default_rng(1).random(3000))
    assert np.isfinite(curve).all()
    assert (np.diff(curve) >= -1e-12).all()


def test_a_curve_can_end_early() -> None:
    scores = [0.3, 0.1, 0.4]
    assert expected_maximum(scores, 2).tolist() == expected_maximum(scores)[:2].tolist()
    assert expected_maximum(scores, 9).tolist() == expected_maximum(scores).tolist()


def test_superiority_is_mann_whitney_s_statistic() -> None:
    a, b = [0.7, 0.72, 0.69, 0.70], [0.66, 0.70, 0.71]
    expected = stats.mannwhitneyu(a, b).statistic / 12
    assert probability_of_superiority(a, b) == pytest.approx(expected)
    assert probability_of_superiority(np.array(a)[:, None], np.array(b)[:, None]) == pytest.approx(expected)
    assert probability_of_superiority([0.5], [0.5]) == 0.5


def test_the_gap_is_what_the_search_showed_too_much() -> None:
    found = selection_gap([0.70, 0.724, 0.71], [0.713, 0.709, 0.717])
    assert (found.searched, found.bias) == (0.724, pytest.approx(0.011))
    assert found.interval is not None and found.bias_interval is not None
    expected = stats.ttest_1samp([0.713, 0.709, 0.717], 0).confidence_interval()
    assert [found.interval.low, found.interval.high] == pytest.approx([expected.low, expected.high])
    assert found.bias_interval.low == pytest.approx(0.724 - expected.high)
    one = selection_gap([0.7], [0.6])
    assert (one.confirmed, one.interval, one.bias_interval) == (0.6, None, None)


def test_luck_is_that_of_a_simulated_search() -> None:
    rng = np.random.default_rng(2)
    true = rng.normal(0, 0.5, (4000, 100))
    seen = true + rng.normal(0, 0.7, (4000, 100))
    best = seen.argmax(axis=1)[:, None]
    luck = (np.take_along_axis(seen, best, 1) - np.take_along_axis(true, best, 1)).mean()
    assert expected_selection_bias(100, 0.7, 0.5) == pytest.approx(luck, abs=0.03)
    assert luck == pytest.approx(1.4, abs=0.1)


def test_the_luck_of_two_runs_by_hand() -> None:
    """The expected maximum of two standard normal values is 1 / sqrt(pi)."""
    assert expected_selection_bias(2, 1.0) == pytest.approx(np.pi**-0.5)
    assert expected_selection_bias(1, 1.0) == pytest.approx(0.0, abs=1e-9)
    assert expected_selection_bias(50, 0.0, 1.0) == 0.0


def test_deviations_are_pooled_by_their_degrees_of_freedom() -> None:
    deviation, df = pooled_deviation([np.array([0.70, 0.72]), np.array([0.6, 0.6, 0.6]), np.array([0.9])])
    assert df == 3
    assert deviation == pytest.approx((0.0002 / 3) ** 0.5)
    assert pooled_deviation([np.array([0.9])]) == (None, 0)


def test_the_spread_of_configurations_is_what_seeds_do_not_explain() -> None:
    searched = [0.60, 0.64, 0.68, 0.72]
    found = search_bias(searched, [[0.70, 0.72]])
    seen = float(np.var(searched, ddof=1))
    assert found.deviation == pytest.approx(0.02**0.5 * 0.1)
    assert found.spread == pytest.approx((seen - 0.0002) ** 0.5)
    assert found.expected == pytest.approx(expected_selection_bias(4, found.deviation or 0.0, found.spread))


def test_seeds_that_explain_more_than_there_is_leave_no_spread() -> None:
    assert search_bias([0.7, 0.71], [[0.5, 0.9]]).spread == 0.0


def test_without_two_seeds_nothing_is_expected() -> None:
    assert search_bias([0.7, 0.8], [[0.7]]).expected is None
