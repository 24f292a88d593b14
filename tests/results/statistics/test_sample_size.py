"""The seeds or dev examples with which an open row gets a verdict."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.power import TTestPower

from results.statistics import Difference, Noise, minimum_detectable_effect
from results.statistics.sample_size import MOST, POWER, SampleSize, power, sample_size


def row(
    estimate: float, variance: float = 4.0, examples: float = 0.0, seeds: int = 4, residual: float = 0.0
) -> Difference:
    return Difference(estimate, Noise(variance / seeds, examples, seeds - 1, 999 if examples else 0, residual / seeds))


def test_without_a_margin_the_seeds_are_those_of_a_t_test() -> None:
    found = sample_size(row(1.5), seeds=4)
    assert found is not None and (found.verdict, found.times) == ("helps", None)
    by_t = [TTestPower().power(1.5 / 2, n, 0.05, alternative="two-sided") for n in range(2, 41)]
    assert found.seeds == 2 + next(place for place, each in enumerate(by_t) if each >= POWER)


def test_with_a_margin_the_nearest_verdict_is_the_one_sided_one_on_the_side_of_the_estimate() -> None:
    gains, loses = (sample_size(row(estimate), seeds=4, margin=1.0) for estimate in (0.5, -0.5))
    assert gains is not None and loses is not None
    assert (gains.verdict, loses.verdict, gains.seeds) == ("no loss", "no gain", loses.seeds)
    by_t = [TTestPower().power(1.5 / 2, n, 0.05, alternative="larger") for n in range(2, 41)]
    assert gains.seeds == 2 + next(place for place, each in enumerate(by_t) if each >= POWER)


def test_a_difference_of_zero_needs_a_margin() -> None:
    assert sample_size(row(0.0), seeds=4) is None
    found = sample_size(row(0.0), seeds=4, margin=2.0)
    assert found is not None and found.verdict == "no loss"


def test_dev_examples_reduce_the_residual_and_the_examples_but_not_the_seeds_own_part() -> None:
    by_residual = sample_size(row(1.5, examples=0.2, residual=4.0), seeds=4)
    assert by_residual is not None and by_residual.times is not None and 1 < by_residual.times < MOST
    times, noise = by_residual.times, row(1.5, examples=0.2, residual=4.0).noise
    for tried, enough in ((times, True), (times - 0.1, False)):
        with_more = Noise(noise.seeds / tried, 0.2 / tried, noise.seed_df, noise.example_df, noise.floor / tried)
        assert (power(1.5, with_more, 0.95) >= POWER) is enough
    of_seeds = sample_size(row(1.5, examples=0.2, residual=0.0), seeds=4)
    assert of_seeds is not None and of_seeds.times is None


def test_more_seeds_do_not_reduce_what_the_examples_share() -> None:
    found = sample_size(row(1.0, variance=0.004, examples=1.0), seeds=4)
    assert found is not None and found.seeds is None
    assert found.times == pytest.approx(1 / (1 / (1.95996 + 0.84162) ** 2 - 0.001), abs=0.25)  # normal quantiles


def test_beyond_ten_times_as_many_there_is_no_number() -> None:
    assert sample_size(row(0.2, residual=4.0), seeds=4) == SampleSize("helps", None, None)


def test_a_stricter_level_needs_more() -> None:
    needed = [sample_size(row(1.5), seeds=4, level=level) for level in (0.95, 0.995)]
    plain, adjusted = (each.seeds for each in needed if each is not None)
    assert plain is not None and adjusted is not None and plain < adjusted


@pytest.mark.parametrize(("examples", "df", "level"), [(0.0, 4, 0.95), (0.1, 4, 0.95), (0.2, 12, 0.995)])
def test_the_power_agrees_with_the_smallest_detectable_difference(examples: float, df: float, level: float) -> None:
    effect = minimum_detectable_effect(1.0, 5, example_variance=examples, level=level, df=df)
    assert power(effect, Noise(0.2, examples, df, 10**6), level) == pytest.approx(0.8, abs=0.01)


def test_rows_with_the_needed_seeds_get_their_verdict_in_four_of_five_studies() -> None:
    found = sample_size(row(0.5, examples=0.05), seeds=4, margin=1.0)
    assert found is not None and found.seeds is not None
    rng, n = np.random.default_rng(0), found.seeds
    means = 0.5 + rng.normal(0, np.sqrt(0.05), 1500)
    runs = means[:, None] + rng.normal(0, 2.0, (1500, n))
    tried = [Difference(float(r.mean()), Noise(float(r.var(ddof=1)) / n, 0.05, n - 1, 10**6)) for r in runs]
    assert np.mean([each.p_above(-1.0) <= 0.05 for each in tried]) == pytest.approx(0.8, abs=0.04)
