from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower

from results.statistics import Difference, Noise, minimum_detectable_effect, noise_so_far
from results.statistics.power import NullRow, null_row


@pytest.mark.parametrize("seeds", [3, 5, 10])
@pytest.mark.parametrize(("power", "level", "comparisons"), [(0.8, 0.95, 1), (0.9, 0.9, 4)])
def test_seeds_alone_are_statsmodels_power_of_t(seeds: int, power: float, level: float, comparisons: int) -> None:
    expected = TTestPower().power(
        minimum_detectable_effect(0.7, seeds, power=power, level=level, comparisons=comparisons) / 0.7,
        seeds,
        (1 - level) / comparisons,
    )
    assert expected == pytest.approx(power, abs=2e-4)


def test_the_effect_is_found_as_often_as_it_says() -> None:
    """Simulated: 5 seeds, deviation 1, examples add a variance of 0.1: 80 % of p-values are at most 5 %."""
    effect = minimum_detectable_effect(1.0, 5, example_variance=0.1)
    rng = np.random.default_rng(0)
    means = effect + rng.normal(0, np.sqrt(0.1), 2000)
    runs = means[:, None] + rng.normal(0, 1.0, (2000, 5))
    noise = [Noise(float(row.var(ddof=1)) / 5, 0.1, 4, 10**6) for row in runs]
    p = [Difference(float(row.mean()), n).p_value() for row, n in zip(runs, noise, strict=True)]
    assert np.mean(np.array(p) <= 0.05) == pytest.approx(0.8, abs=0.03)


def test_more_seeds_see_more_and_the_examples_set_the_limit() -> None:
    found = [minimum_detectable_effect(1.0, seeds, example_variance=0.04) for seeds in (2, 3, 6, 12, 10_000)]
    assert found == sorted(found, reverse=True)
    assert found[-1] == pytest.approx(0.2 * (1.95996 + 0.84162), rel=1e-2)  # normal: z_0.975 + z_0.8


def test_noise_known_from_other_rows_sees_more() -> None:
    alone, known = (minimum_detectable_effect(1.0, 3, comparisons=20, df=df) for df in (None, 40))
    assert alone > 3 * known
    assert stats.nct.sf(stats.t.ppf(1 - 0.00125, 40), 40, known * 3**0.5) == pytest.approx(0.8, abs=1e-3)


def test_no_noise_sees_everything() -> None:
    assert minimum_detectable_effect(0.0, 3) == 0.0


def test_a_row_without_a_difference_is_decided_as_often_as_it_says() -> None:
    """Simulated: 5 seeds, deviation 1, examples add a variance of 0.1, margin 1.2."""
    expected = null_row(1.2, 1.0, 5, example_variance=0.1)
    rng = np.random.default_rng(1)
    runs = rng.normal(0, np.sqrt(0.1), (3000, 1)) + rng.normal(0, 1.0, (3000, 5))
    rows = [Difference(float(row.mean()), Noise(float(row.var(ddof=1)) / 5, 0.1, 4, 10**6)) for row in runs]
    gain, loss = (np.array(p) <= 0.05 for p in ([r.p_below(1.2) for r in rows], [r.p_above(-1.2) for r in rows]))
    assert np.mean(gain & loss) == pytest.approx(expected.equivalent, abs=0.03)
    assert np.mean(gain | loss) == pytest.approx(expected.one_sided, abs=0.03)
    assert 0.1 < expected.equivalent < expected.one_sided < 0.95  # neither is trivial


def test_without_noise_a_row_without_a_difference_is_equivalent() -> None:
    assert null_row(0.01, 0.0, 3) == NullRow(1.0, 1.0)
    with pytest.raises(ValueError, match="seeds must be at least 2"):
        null_row(0.01, 0.02, 1)


def test_impossible_plans_are_named() -> None:
    with pytest.raises(ValueError, match="seeds must be at least 2"):
        minimum_detectable_effect(1.0, 1)
    with pytest.raises(ValueError, match="power must exceed the error 0.05"):
        minimum_detectable_effect(1.0, 3, power=0.04)


def test_what_was_seen_of_the_noise_is_averaged() -> None:
    seen = [Difference(0.1, Noise(0.2, 0.1, 1, 9)), Difference(0.1, Noise(0.1, 0.3, 3, 9))]
    deviation, shared = noise_so_far(seen) or (0.0, 0.0)
    assert deviation**2 == pytest.approx((1 * 0.4 + 3 * 0.4) / 4)
    assert shared == pytest.approx((0.1 + 3 * 0.3) / 4)
    assert noise_so_far([Difference(0.1, Noise(0.0, 0.1, 0, 9))]) is None
