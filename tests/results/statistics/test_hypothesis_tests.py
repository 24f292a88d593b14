from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import ttost_paired

from results.statistics import holm, paired_difference, permutation_test, sequential_level, sequential_p, spending, tost


def test_permutations_are_scipy_s() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(0.5, 1, 7), rng.normal(0, 1, 7)
    theirs = stats.permutation_test((a, b), lambda x, y: np.mean(x - y), permutation_type="samples", vectorized=False)
    assert permutation_test(a, b) == pytest.approx(theirs.pvalue)


def test_permutations_exchange_whole_seeds() -> None:
    """By hand: of the 8 exchanges of 3 seeds that all gained, 2 are as far out."""
    a = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [1.0, 0.0, 1.0]])
    assert permutation_test(a, np.zeros((3, 3))) == pytest.approx(2 / 8)
    means = a.mean(axis=1)
    flipped = [abs(np.mean(means * signs)) for signs in itertools.product([1, -1], repeat=3)]
    assert np.mean(np.array(flipped) >= means.mean() - 1e-12) == 2 / 8


def test_with_one_seed_examples_are_exchanged() -> None:
    a = np.ones((1, 6))
    assert permutation_test(a, 0 * a) == pytest.approx(2 / 2**6)


def test_equal_configurations_have_p_one() -> None:
    a = np.random.default_rng(1).random((4, 20))
    assert permutation_test(a, a) == 1.0
    with pytest.raises(ValueError, match="at least 2 pairs, got 1"):
        permutation_test([0.5], [0.4])


def test_many_seeds_are_permuted_at_random_and_repeatably() -> None:
    a = np.random.default_rng(2).normal(0.4, 1, 30)
    one, again = (permutation_test(a, 0 * a, resamples=4000) for _ in range(2))
    assert one == again
    assert one == pytest.approx(stats.ttest_1samp(a, 0).pvalue, abs=0.02)


def test_holm_by_hand() -> None:
    """0.01 x 4; 0.02 x 3 = 0.06; 0.03 x 2 = 0.06; 0.5 x 1: in the order given."""
    assert holm([0.03, 0.01, 0.5, 0.02]) == pytest.approx([0.06, 0.04, 0.5, 0.06])
    assert holm([0.9, 0.8]) == pytest.approx([1.0, 1.0])
    assert holm([]).tolist() == []


@pytest.mark.parametrize("rows", [1, 2, 20])
def test_holm_is_statsmodels(rows: int) -> None:
    p = np.random.default_rng(rows).random(rows) ** 3
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])


@pytest.mark.parametrize(("p", "said"), [([1.2], "between 0 and"), ([np.nan], "finite"), ([[0.1]], r"shape \(rows,\)")])
def test_what_is_no_p_value_is_named(p: list[float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        holm(p)


def test_tost_is_statsmodels_for_scores_of_seeds() -> None:
    a, b = np.array([0.701, 0.700, 0.698, 0.702]), np.array([0.700, 0.701, 0.700, 0.699])
    assert tost(a, b, 0.005) == pytest.approx(ttost_paired(a, b, -0.005, 0.005)[0])


def test_tost_of_a_difference_at_the_margin_is_one_half() -> None:
    a = np.array([[0.1, 0.3, 0.2], [0.5, 0.2, 0.4]])
    assert tost(a, 0 * a, float(a.mean())) == pytest.approx(0.5)
    assert tost(a, 0 * a, 10.0) < 0.05 < tost(a, 0 * a, 0.1)


def test_tost_hears_of_the_examples_too() -> None:
    rng = np.random.default_rng(3)
    a = rng.normal(0, 0.001, (5, 1)) + rng.normal(0, 0.3, 100)  # seeds agree, examples do not
    assert tost(a.mean(axis=1), np.zeros(5), 0.1) < tost(a, np.zeros((5, 100)), 0.1)


def test_looks_spend_what_the_family_says() -> None:
    """By hand: (3/6)^2 = 0.25, (4/6)^2 - 0.25, 1 - (4/6)^2."""
    assert spending([3, 4, 6]) == pytest.approx([0.25, 7 / 36, 20 / 36])
    assert spending([3, 4, 6], exponent=1) == pytest.approx([0.5, 1 / 6, 1 / 3])
    with pytest.raises(ValueError, match=r"ascending numbers above 0, got \[3, 3\]"):
        spending([3, 3])


def test_a_sequential_p_is_the_smallest_after_its_share() -> None:
    assert sequential_p([0.03, 0.01], [0.25, 0.25, 0.5]) == pytest.approx(0.04)
    assert sequential_p([0.5], [0.25, 0.75]) == 1.0
    with pytest.raises(ValueError, match="1 to 2 interim analyses, got 3"):
        sequential_p([0.1, 0.1, 0.1], [0.5, 0.5])
    with pytest.raises(ValueError, match="sum to at most 1"):
        sequential_p([0.1], [0.7, 0.7])


def test_repeated_intervals_and_sequential_p_agree() -> None:
    """What one look's interval of its own level excludes has a sequential p at that level, and the other way round."""
    shares = spending([3, 5])
    found = paired_difference([0.71, 0.72, 0.69, 0.70, 0.73], [0.69, 0.71, 0.68, 0.70, 0.70])
    alpha = found.p_value() / shares[1]
    assert found.interval(sequential_level(1 - alpha, shares, 1)).low == pytest.approx(0.0, abs=1e-9)


def test_looking_again_keeps_the_error() -> None:
    """1,000 null rows, a look at 3, 4, 5 and 6 seeds: at most 5 %, and at least a third of it is used."""
    rng = np.random.default_rng(4)
    shares, wrong, naive = spending([3, 4, 5, 6]), 0, 0
    for row in rng.normal(size=(1000, 6)):
        p = [paired_difference(row[:seeds], np.zeros(seeds)).p_value() for seeds in (3, 4, 5, 6)]
        wrong += sequential_p(p, shares) <= 0.05
        naive += min(p) <= 0.05
    assert 1000 * 0.05 / 3 < wrong < 1000 * 0.055
    assert naive > 1000 * 0.08
