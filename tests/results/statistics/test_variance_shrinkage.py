from __future__ import annotations

from math import inf

import numpy as np
import pytest
from scipy import special

from results.statistics import judge, paired_difference
from results.statistics.variance_shrinkage import (
    VariancePrior,
    _trigamma_inverse,
    moderated_differences,
    variance_prior,
)


def test_a_variance_is_moderated_by_hand() -> None:
    """(4 x 2 + 2 x 5) / 6 = 3 with 6 degrees of freedom; never more than were seen."""
    assert VariancePrior(2.0, 4.0, 40.0).moderated(5.0, 2) == (pytest.approx(3.0), 6.0)
    assert VariancePrior(2.0, 4.0, 5.0).moderated(5.0, 2) == (pytest.approx(3.0), 5.0)
    assert VariancePrior(2.0, inf, 40.0).moderated(5.0, 2) == (2.0, 40.0)


def test_the_inverse_of_trigamma() -> None:
    for x in (0.05, 0.7, 3.0, 250.0):
        assert _trigamma_inverse(float(special.polygamma(1, x))) == pytest.approx(x)


@pytest.mark.parametrize("df", [2, 4])
def test_the_population_is_found_again(df: int) -> None:
    """5,000 variances around 3 with 6 degrees of freedom, each estimated with few."""
    rng = np.random.default_rng(df)
    true = 3.0 * 6 / rng.chisquare(6, 5000)
    prior = variance_prior(true * rng.chisquare(df, 5000) / df, np.full(5000, df))
    assert prior.variance == pytest.approx(3.0, rel=0.06)
    assert prior.df == pytest.approx(6.0, rel=0.25)
    assert prior.total_df == 5000 * df


def test_variances_that_differ_by_chance_alone_are_one() -> None:
    prior = variance_prior([1.0, 1.1, 0.9, 1.0], [3, 3, 3, 3])
    assert (prior.variance, prior.df, prior.total_df) == (pytest.approx(1.0), inf, 12)


def test_scores_that_tie_by_chance_do_not_make_the_others_differ() -> None:
    """20 variances as even as chance makes them with 2 degrees of freedom; then the two smallest are 0."""
    even = special.chdtri(2, 1 - (np.arange(20) + 0.5) / 20) / 2
    tied = np.where(np.arange(20) < 2, 0.0, even)
    assert variance_prior(even, np.full(20, 2)).df == inf
    prior = variance_prior(tied, np.full(20, 2))
    assert prior.df > 2 and prior.variance > 0.4  # with 0 taken for a millionth: 0.5 and 0.02
    calm, degrees = prior.moderated(0.0, 2)
    least = np.average(tied) * special.chdtri(2, 1 - 0.1 / 20) / 2
    assert calm == pytest.approx(prior.moderated(float(least), 2)[0]) and degrees == prior.df + 2


def test_equal_noise_gives_student_s_t_of_all_rows() -> None:
    """By hand: every configuration has scores +-0.01 around its mean, variance 2e-4 with 1 degree; 4 of them."""
    noise = np.array([[-0.01], [0.01]])
    rows = [0.7 + noise, 0.8 + noise, 0.9 - noise]
    found = moderated_differences(rows, 0.6 + noise)
    assert [one.estimate for one in found] == pytest.approx([0.1, 0.2, 0.3])
    assert found[0].noise.seeds == pytest.approx(2 * 2e-4 / 2)
    assert found[0].noise.seed_df == 4
    t = 0.1 / np.sqrt(2e-4)
    assert found[0].p_value() == pytest.approx(2 * special.stdtr(4, -t))


def test_rows_with_fewer_seeds_are_paired_with_the_first_of_the_best() -> None:
    rng = np.random.default_rng(3)
    best, row = rng.normal(size=(5, 40)), rng.normal(size=(3, 40))
    found = moderated_differences([row], best)[0]
    plain = paired_difference(row, best[:3])
    assert (found.estimate, found.noise.examples) == (plain.estimate, plain.noise.examples)


def test_three_seeds_of_many_rows_find_what_three_seeds_alone_cannot() -> None:
    rng = np.random.default_rng(4)
    best, *rows = rng.normal(0, 0.007, (21, 3, 1))
    rows[0] = rows[0] + 0.04
    alone = judge([[paired_difference(row, best)] for row in rows])
    together = judge([[one] for one in moderated_differences(rows, best)])
    assert (alone[0].verdict, together[0].verdict) == ("open", "helps")
    assert {row.verdict for row in together[1:]} <= {"open", "equivalent"}


def test_no_noise_at_all() -> None:
    assert moderated_differences([np.ones((2, 1))], np.zeros((2, 1)))[0].p_value() == 0.0


def test_seeds_must_be_those_of_the_best() -> None:
    with pytest.raises(ValueError, match=r"rows must have 2 to 3 seeds, no more than best, got \[4\]"):
        moderated_differences([np.zeros((4, 2))], np.zeros((3, 2)))
    with pytest.raises(ValueError, match="at least two values each"):
        variance_prior([1.0], [2])
