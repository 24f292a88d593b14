from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats
from statsmodels.stats.weightstats import ttost_paired

from results.statistics.differences import Difference, Noise, paired_difference, tail_probability
from results.statistics.power import _critical_distances, _power


def test_the_noise_is_that_of_a_two_way_analysis_of_variance() -> None:
    """By hand: D = [[1, 2, 6], [3, 4, 8]]; seeds differ by 2, examples by 0, 1, 5, and nothing is left over."""
    found = paired_difference([[1.0, 2.0, 6.0], [3.0, 4.0, 8.0]], np.zeros((2, 3)))
    assert found.estimate == 4.0
    assert found.noise.seeds == pytest.approx(2.0 / 2)  # var(3, 5) = 2, two seeds
    assert found.noise.examples == pytest.approx(7.0 / 3)  # var(2, 3, 7) = 7, three examples
    assert (found.noise.seed_df, found.noise.example_df) == (1, 2)


def test_what_varies_by_seed_and_example_is_counted_once() -> None:
    """Pure residual noise of deviation 1: the variance of the mean is 1 / (seeds examples)."""
    rng = np.random.default_rng(0)
    totals = [paired_difference(rng.normal(size=(4, 50)), np.zeros((4, 50))).noise for _ in range(400)]
    assert np.mean([noise.seeds for noise in totals]) == pytest.approx(1 / 200, rel=0.1)
    assert np.mean([noise.examples for noise in totals]) < 0.2 / 200


def test_scores_of_seeds_give_student_s_t() -> None:
    a, b = np.array([0.7, 0.72, 0.69]), np.array([0.66, 0.665, 0.67])
    test = stats.ttest_rel(a, b)
    found = paired_difference(a, b)
    assert found.p_value() == pytest.approx(test.pvalue)
    interval, expected = found.interval(0.9), test.confidence_interval(0.9)
    assert [interval.low, interval.high] == pytest.approx([expected.low, expected.high])


def test_one_seed_gives_student_s_t_over_examples() -> None:
    values = np.random.default_rng(1).normal(0.1, 1.0, (1, 30))
    assert paired_difference(values, 0 * values).p_value() == pytest.approx(stats.ttest_1samp(values[0], 0).pvalue)


@pytest.mark.parametrize("margin", [0.02, 0.05])
def test_equivalence_is_that_of_statsmodels(margin: float) -> None:
    a, b = np.array([0.7, 0.72, 0.69, 0.71]), np.array([0.69, 0.70, 0.70, 0.70])
    assert paired_difference(a, b).equivalence_p(margin) == pytest.approx(ttost_paired(a, b, -margin, margin)[0])


@pytest.mark.parametrize("df", [1, 2, 4, 9])
def test_the_tails_are_an_average_over_the_unknown_variance(df: int) -> None:
    def given(x: float) -> float:
        return float(2 * stats.t.sf(3.0 / np.sqrt(1.5 * df / x + 0.7), 40) * stats.chi2.pdf(x, df))

    expected = integrate.quad(given, 0, np.inf, limit=200)[0]
    assert tail_probability(3.0, 1.5, 0.7, seed_df=df, example_df=40) == pytest.approx(expected, rel=1e-4)


def test_the_tails_pass_into_student_s_t_where_the_examples_add_nothing() -> None:
    exact, nearly = (tail_probability([1.0, 5.0, 40.0], 1.0, e, seed_df=2, example_df=10**9) for e in (0.0, 1e-12))
    assert nearly == pytest.approx(exact, rel=1e-3)


def test_an_interval_ends_where_its_tails_hold_what_is_left() -> None:
    noise = Noise(1.0, 0.5, 4, 999)
    interval = Difference(0.2, noise).interval(0.9)
    p = tail_probability(interval.high - 0.2, 1.0, 0.5, seed_df=noise.calibrated_df(), example_df=999)
    assert p == pytest.approx(0.1)
    assert interval.high - 0.2 == pytest.approx(0.2 - interval.low)


def test_seeds_that_agree_by_chance_do_not_make_a_difference_certain() -> None:
    apart = np.array([[1.0, 0.0, 0.0, 1.0, 0.0], [0.0, 1.0, 1.0, 0.0, 0.0]])  # both seeds: 2 of 5
    assert paired_difference(apart, 0 * apart).p_value() > 0.05


def test_no_noise_makes_a_difference_certain_and_equality_too() -> None:
    certain = Difference(0.1, Noise(0.0, 0.0, 2, 99))
    assert (certain.p_value(), certain.p_value(0.1)) == (0.0, 1.0)
    assert certain.interval().low == certain.interval().high == 0.1


def test_what_cannot_be_judged_is_named() -> None:
    with pytest.raises(ValueError, match="at least 2 seeds, got 1"):
        paired_difference([0.7], [0.6])
    with pytest.raises(ValueError, match=r"same shape \(seeds,\) or \(seeds, examples\), got \(2,\) and \(3,\)"):
        paired_difference([0.7, 0.6], [0.6, 0.5, 0.4])
    with pytest.raises(ValueError, match="margin must be above 0, got -1"):
        paired_difference([0.7, 0.6], [0.6, 0.6]).equivalence_p(-1)


@pytest.mark.parametrize(("seeds", "alpha"), [(2, 0.0025), (3, 0.05), (5, 0.0025), (10, 0.05)])
def test_no_share_of_the_examples_makes_p_values_too_small(seeds: int, alpha: float) -> None:
    """How often a true null has p <= alpha, integrated over the variance that the seeds happen to show."""
    sizes = [_power(0.0, *_critical_distances(share, seeds - 1, alpha, 0.0)) for share in (1.0, 0.98, 0.7, 0.1)]
    assert max(sizes) <= alpha * 1.01
    assert sizes[0] == pytest.approx(alpha, rel=0.01)  # seeds alone: Student's t, exact


@pytest.mark.parametrize("seeds", [3, 5, 10])
def test_every_share_of_the_examples_is_covered_as_often_as_the_interval_says(seeds: int) -> None:
    nodes, weights = np.polynomial.legendre.leggauss(60)
    levels = ((nodes + 1) / 2) ** 4
    shown = stats.chi2.ppf(levels, seeds - 1) / (seeds - 1)
    for share in (1.0, 0.98, 0.9, 0.7, 0.4, 0.2, 0.05):
        noise = [Noise(float(share * x), 1 - share, seeds - 1, 10**9) for x in shown]
        reaches = np.array([Difference(0.0, one).interval().high for one in noise])
        covered = ((1 - 2 * stats.norm.sf(reaches)) * 2 * weights * ((nodes + 1) / 2) ** 3).sum()
        assert 0.945 <= covered <= 0.971
