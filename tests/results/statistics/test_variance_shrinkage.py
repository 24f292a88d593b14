"""Moderation of the rows' noise: by hand, in populations with known variances, and what breaks it."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest
from scipy import special

from results.statistics import (
    Difference,
    Noise,
    judge,
    moderated,
    moderated_differences,
    paired_difference,
    paired_row,
    row_of_scores,
)
from results.statistics.variance_shrinkage import Prior, _trigamma_inverse, prior_of


def test_a_variance_is_moderated_by_hand() -> None:
    """(4 x 2 + 2 x 5) / 6 = 3 with 6 degrees of freedom."""
    values, dfs = Prior(2.0, 4.0).moderated(np.array([5.0]), np.array([2.0]))
    assert (values[0], dfs[0]) == (pytest.approx(3.0), 6.0)
    values, dfs = Prior(2.0, inf).moderated(np.array([5.0]), np.array([2.0]))
    assert (values[0], dfs[0]) == (2.0, inf)


def test_the_inverse_of_trigamma() -> None:
    for x in (0.05, 0.7, 3.0, 250.0):
        assert _trigamma_inverse(float(special.polygamma(1, x))) == pytest.approx(x)


@pytest.mark.parametrize("df", [2, 4])
def test_the_population_is_found_again(df: int) -> None:
    """5,000 variances around 3 with 6 degrees of freedom, each estimated with few."""
    rng = np.random.default_rng(df)
    true = 3.0 * 6 / rng.chisquare(6, 5000)
    prior = prior_of(true * rng.chisquare(df, 5000) / df, np.full(5000, df))
    assert prior.value == pytest.approx(3.0, rel=0.06)
    assert prior.df == pytest.approx(6.0, rel=0.25)


def test_variances_that_differ_by_chance_alone_are_one() -> None:
    prior = prior_of([1.0, 1.1, 0.9, 1.0], [3, 3, 3, 3])
    assert (prior.value, prior.df) == (pytest.approx(1.0), inf)


def test_scores_that_tie_by_chance_do_not_make_the_others_differ() -> None:
    """20 variances as even as chance makes them with 2 degrees of freedom; then the two smallest are 0."""
    even = special.chdtri(2, 1 - (np.arange(20) + 0.5) / 20) / 2
    tied = np.where(np.arange(20) < 2, 0.0, even)
    assert prior_of(even, np.full(20, 2)).df == inf
    prior = prior_of(tied, np.full(20, 2))
    assert prior.df > 2 and prior.value > 0.4  # with 0 taken for a millionth: 0.5 and 0.02


def independent_rows(rng: np.random.Generator, count: int, seeds: int, examples: int = 200) -> list[np.ndarray]:
    """Differences of (seeds, examples) that share nothing: 0.02 between seeds, 0.4 of residual."""
    return [rng.normal(0, 0.4, (seeds, examples)) + rng.normal(0, 0.02, (seeds, 1)) for _ in range(count)]


def test_rows_without_a_common_cause_give_each_other_degrees_of_freedom() -> None:
    rows = [paired_row([each]) for each in independent_rows(np.random.default_rng(1), 20, 3)]
    found = moderated(rows)
    true = 0.02**2 + 0.4**2 / 200
    assert np.mean([one.noise.seeds * 3 for one in found]) == pytest.approx(true, rel=0.4)
    assert min(one.noise.seed_df for one in found) > 10
    assert [one.estimate for one in found] == [row.difference.estimate for row in rows]


def test_a_reference_that_is_noisier_than_the_rows_leaves_them_its_own_degrees_of_freedom() -> None:
    rng = np.random.default_rng(2)
    reference = rng.normal(0, 0.1, (5, 1))
    rows = [paired_row([each - reference]) for each in independent_rows(rng, 20, 5)]
    assert all(one.noise.seed_df < 6 for one in moderated(rows))


def test_rows_almost_identical_to_a_noisy_reference_do_not_calm_the_others() -> None:
    """15 rows share the reference's noise and have a tiny residual; they tell nothing of the 5 that do not share it."""
    rng = np.random.default_rng(3)
    reference = rng.normal(0, 0.1, (5, 1))
    alike = [paired_row([each / 100]) for each in independent_rows(rng, 15, 5)]
    others = [paired_row([each - reference]) for each in independent_rows(rng, 5, 5)]
    together, alone = moderated([*alike, *others])[15:], moderated(others)
    assert together == alone


def test_an_outlier_keeps_its_own_noise() -> None:
    rng = np.random.default_rng(4)
    rows = independent_rows(rng, 20, 5)
    rows[7] = rows[7] + np.array([[0.5], [0], [-0.5], [0], [0]])
    found = moderated([paired_row([each]) for each in rows])
    assert found[7].noise.seed_df == 4
    assert found[7].noise.seeds == pytest.approx(rows[7].mean(axis=1).var(ddof=1) / 5)
    assert found[6].noise.seeds < found[7].noise.seeds / 20


def test_the_noise_is_never_below_the_residual() -> None:
    """All seeds agree on the mean by chance: the residual alone would make them deviate."""
    rng = np.random.default_rng(5)
    tied = [row - row.mean(axis=1)[:, None] for row in independent_rows(rng, 6, 3)]
    for row, found in zip(tied, moderated([paired_row([each]) for each in tied]), strict=True):
        assert found.noise.seeds == pytest.approx((paired_row([row]).residual or 0) / 3)


def test_a_floor_lowers_no_p_value_and_is_used_where_seeds_agree_by_chance() -> None:
    """With many degrees of freedom for the floor, p lies between the normal one at the floor and Student's t."""
    plain, floored = Noise(4e-4, 1e-4, 4, 999), Noise(4e-4, 1e-4, 4, 999, floor=3e-4)
    agreeing = Noise(4e-4, 1e-4, 4, 999, floor=4e-4, sampled=1e-4)
    for estimate in (0.01, 0.03, 0.08):
        p, with_floor, agreed = (Difference(estimate, noise).p_value() for noise in (plain, floored, agreeing))
        assert p < with_floor and agreed < with_floor
        assert agreed > Difference(estimate, Noise(0.0, 5e-4, 4, 999)).p_value()
    interval = Difference(0.03, agreeing).test_interval(0.99)
    assert Difference(0.03, agreeing).p_value(interval.low) == pytest.approx(0.01)


def test_identical_outputs_tell_nothing_and_have_no_noise() -> None:
    rows = [paired_row([each]) for each in independent_rows(np.random.default_rng(6), 4, 3)]
    same = paired_row([np.zeros((3, 200))])
    found = moderated([*rows, same])
    assert found[:4] == moderated(rows)
    assert found[4].is_zero


def test_two_seeds_are_pooled_by_their_residuals() -> None:
    found = moderated([paired_row([each]) for each in independent_rows(np.random.default_rng(7), 20, 2)])
    assert sum(one.noise.seed_df > 10 for one in found) >= 19


def test_rows_of_scores_are_moderated_without_examples() -> None:
    rng = np.random.default_rng(8)
    rows = [row_of_scores(rng.normal(0, 0.01, 3)) for _ in range(20)]
    found = moderated(rows)
    assert np.mean([one.noise.seeds * 3 for one in found]) == pytest.approx(0.01**2, rel=0.3)
    assert all(2 < one.noise.seed_df <= 40 / (1 + 19 * 0.25) for one in found)  # they share a reference
    assert moderated(rows[:2]) == [row.difference for row in rows[:2]]  # two rows are too few


def test_rows_with_fewer_seeds_are_paired_with_the_first_of_the_best() -> None:
    rng = np.random.default_rng(3)
    best, row = rng.normal(size=(5, 40)), rng.normal(size=(3, 40))
    found = moderated_differences([row], best)[0]
    plain = paired_difference(row, best[:3])
    assert (found.estimate, found.noise.examples) == pytest.approx((plain.estimate, plain.noise.examples))


def test_three_seeds_of_many_rows_find_what_three_seeds_alone_cannot() -> None:
    rng = np.random.default_rng(4)
    best = rng.normal(0, 0.3, (3, 200))
    rows = [best + each for each in independent_rows(rng, 20, 3)]
    rows[0] = rows[0] + 0.12
    alone = judge([[paired_difference(row, best)] for row in rows])
    together = judge([[one] for one in moderated_differences(rows, best)])
    assert (alone[0].verdict, together[0].verdict) == ("no loss", "helps")
    assert not {row.verdict for row in together[1:]} & {"helps", "hurts"}


def test_seeds_must_be_those_of_the_best() -> None:
    with pytest.raises(ValueError, match=r"rows must have 2 to 3 seeds, no more than best, got \[4\]"):
        moderated_differences([np.zeros((4, 2))], np.zeros((3, 2)))
    with pytest.raises(ValueError, match="at least two numbers each"):
        prior_of([1.0], [2])
    with pytest.raises(ValueError, match="at least two"):
        row_of_scores([1.0])
