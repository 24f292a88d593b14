"""Levels of interim analyses: the error that they use up together, by simulation and against published boundaries."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from results.statistics import ExactSpending, spending
from results.statistics.error_spending import BonferroniSpending, two_sided_levels

LOOKS = (3, 5, 8, 12)


def test_a_single_analysis_tests_at_the_whole_error() -> None:
    once = ExactSpending((5,))
    assert once.level(0.05, 0) == pytest.approx(0.05, rel=1e-3)
    assert once.p_at(0.013, 0) == pytest.approx(0.013, rel=1e-3)


def test_boundaries_are_those_of_the_literature() -> None:
    """The O'Brien-Fleming type function of Lan and DeMets 1983 at five equal steps, as every textbook prints it."""
    times = np.arange(1, 6) / 5
    spent = 4 * norm.sf(norm.isf(0.0125) / np.sqrt(times))  # 2.5 % in each direction
    levels = two_sided_levels(times, np.diff(spent, prepend=0.0))
    boundaries = [norm.isf(level / 2) for level in levels]
    assert boundaries == pytest.approx([4.877, 3.357, 2.680, 2.290, 2.031], abs=0.001)


@pytest.mark.parametrize("alpha", [0.05, 0.002])
def test_the_analyses_use_up_the_error(alpha: float) -> None:
    """400,000 sums of normal draws that are looked at four times, two-sided and one-sided."""
    rule, rng = ExactSpending(LOOKS), np.random.default_rng(1)
    sums = rng.normal(size=(400_000, LOOKS[-1])).cumsum(axis=1)
    z = np.stack([sums[:, count - 1] / np.sqrt(count) for count in LOOKS], axis=1)
    levels = np.array([rule.level(alpha, analysis) for analysis in range(len(LOOKS))])
    crossed = (2 * norm.sf(np.abs(z)) <= levels).any(axis=1).mean()
    assert crossed == pytest.approx(alpha, abs=3 * np.sqrt(alpha / len(z)))
    one_sided = (norm.sf(z) <= levels).any(axis=1).mean()
    assert one_sided < alpha + 3 * np.sqrt(alpha / len(z))


def test_levels_are_above_the_shares_and_grow_with_the_error() -> None:
    rule, bonferroni = ExactSpending(LOOKS), BonferroniSpending.of(spending(LOOKS))
    for analysis in range(len(LOOKS)):
        levels = [rule.level(alpha, analysis) for alpha in np.geomspace(1e-12, 1, 50)]
        assert (np.diff(levels) >= 0).all()
        assert rule.level(0.05, analysis) >= bonferroni.level(0.05, analysis) * 0.999
        assert rule.level(1e-11, analysis) == pytest.approx(bonferroni.level(1e-11, analysis), rel=0.01)
    assert rule.level(0.05, 3) > 1.3 * bonferroni.level(0.05, 3)


@pytest.mark.parametrize("rule", [ExactSpending(LOOKS), BonferroniSpending.of(spending(LOOKS))])
def test_level_and_p_are_each_others_inverse(rule: ExactSpending | BonferroniSpending) -> None:
    for analysis in range(rule.analyses):
        for alpha in (1e-13, 1e-6, 0.0025, 0.05, 0.3):
            assert rule.p_at(rule.level(alpha, analysis), analysis) == pytest.approx(alpha)
        assert rule.p_at(1.0, analysis) == 1.0
        assert rule.p_at(0.0, analysis) == 0.0


def test_more_analyses_than_planned_are_refused() -> None:
    with pytest.raises(ValueError, match="1 to 4 interim analyses, got 5"):
        ExactSpending(LOOKS).check(5)
