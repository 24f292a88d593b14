from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

from results.comparison.verdicts import EffectPair, effect_difference, judge_carry_over
from results.statistics import Difference, Noise, paired_difference


def effect(estimate: float, error: float = 0.002, df: float = 20) -> Difference:
    return Difference(estimate, Noise(error**2, 0.0, df, 0))


def pair(first: Difference, second: Difference, *verdicts: str, shares: tuple[float, float] = (1, 1)) -> EffectPair:
    return EffectPair(first, second, verdicts, shares)  # type: ignore[arg-type]


def verdicts_of(*pairs: EffectPair) -> list[str]:
    return [judged.verdict for judged in judge_carry_over(pairs)]


def test_variances_add_up_part_by_part_and_degrees_of_freedom_are_welch_satterthwaites() -> None:
    first = Difference(0.01, Noise(seeds=4e-6, examples=1e-6, seed_df=2, example_df=99))
    second = Difference(0.04, Noise(seeds=1e-6, examples=3e-6, seed_df=4, example_df=199))
    found = effect_difference(first, second)
    assert found.estimate == pytest.approx(0.03)
    assert found.noise.seeds == pytest.approx(5e-6) and found.noise.examples == pytest.approx(4e-6)
    assert found.noise.seed_df == pytest.approx(25 / (16 / 2 + 1 / 4))  # (4 + 1)^2 / (4^2 / 2 + 1^2 / 4)
    assert found.noise.example_df == int(16 / (1 / 99 + 9 / 199))


def test_without_examples_it_is_welchs_test() -> None:
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(0)
    a, b = rng.normal(0, 0.01, 4), rng.normal(0.02, 0.03, 6)
    found = effect_difference(paired_difference(a, np.zeros(4)), paired_difference(b, np.zeros(6)))
    expected = stats.ttest_ind(b, a, equal_var=False)
    assert found.p_value() == pytest.approx(expected.pvalue, rel=1e-6)
    ends = expected.confidence_interval(0.95)
    assert (found.interval().low, found.interval().high) == pytest.approx((ends.low, ends.high), rel=1e-6)


def test_degrees_of_freedom_lie_between_the_smaller_and_the_sum() -> None:
    for variance in (1e-9, 1e-5, 1e-2):
        found = effect_difference(effect(0, 0.003, 3), effect(0, sqrt(variance), 5))
        assert 3 <= found.noise.seed_df <= 8


def test_a_study_whose_runs_do_not_vary_adds_no_noise() -> None:
    found = effect_difference(effect(0.01, 0.0, 2), effect(0.03, 0.004, 7))
    assert found.noise.seeds == pytest.approx(0.004**2) and found.noise.seed_df == pytest.approx(7)
    still = effect_difference(effect(0.01, 0.0, 2), effect(0.01, 0.0, 3))
    assert still.interval().low == still.interval().high == 0 and still.p_value() == 1


def test_the_interval_covers_the_true_difference_as_often_as_it_says() -> None:
    """Seeds crossed with examples in both studies, of unequal sizes and noise; the truth is 0.02 apart."""
    rng, inside, repeats = np.random.default_rng(11), 0, 400

    def study(delta: float, seeds: int, examples: int, noise: float) -> Difference:
        apart = delta + rng.normal(0, noise, (seeds, 1)) + rng.normal(0, 0.1, (1, examples))
        return paired_difference(apart + rng.normal(0, 0.3, (seeds, examples)), np.zeros((seeds, examples)))

    for _ in range(repeats):
        found = effect_difference(study(0.01, 3, 150, 0.01), study(0.03, 5, 80, 0.02)).interval()
        inside += found.low <= 0.02 <= found.high
    assert 0.925 <= inside / repeats <= 0.985


def test_equal_effects_that_are_sure_carry_over_and_opposite_ones_reverse() -> None:
    found = verdicts_of(
        pair(effect(0.05), effect(0.051), "helps", "helps"),
        pair(effect(0.05), effect(-0.05), "helps", "hurts"),
        pair(effect(-0.05), effect(0.05), "hurts", "helps"),
    )
    assert found == ["carries over", "reverses", "reverses"]


def test_an_effect_of_another_size_or_that_is_gone_differs() -> None:
    found = verdicts_of(
        pair(effect(0.02), effect(0.08), "helps", "helps"),
        pair(effect(0.05), effect(0.0), "helps", "equivalent"),
        pair(effect(0.05), effect(0.001), "helps", "open"),
    )
    assert found == ["differs"] * 3


def test_no_sure_difference_alone_never_makes_an_effect_carry_over() -> None:
    wide = effect(0.004, 0.02)
    assert verdicts_of(pair(wide, wide, "open", "open"), pair(effect(0.05), wide, "helps", "open")) == ["open"] * 2


def test_effects_that_are_surely_alike_carry_over_though_no_study_could_tell_them_from_nothing() -> None:
    tight = effect(0.0045, 0.0008)
    assert verdicts_of(pair(tight, tight, "open", "open")) == ["carries over"]


def test_errors_are_held_over_the_table() -> None:
    close = pair(effect(0.02), effect(0.028, 0.003), "helps", "helps")  # p alone is below 5 %
    (alone,) = judge_carry_over([close])
    assert alone.p < 0.05 and alone.verdict == "differs"
    first, *_ = judge_carry_over([close, *[pair(effect(0), effect(0), "open", "open")] * 9])
    assert first.adjusted_p == pytest.approx(min(1, 10 * first.p)) and first.verdict == "carries over"


def test_looks_spend_their_share_of_the_error() -> None:
    once = pair(effect(0.02), effect(0.03, 0.003), "helps", "helps")
    looked = pair(effect(0.02), effect(0.03, 0.003), "helps", "helps", shares=(0.5, 0.25))
    (one,), (other,) = judge_carry_over([once]), judge_carry_over([looked])
    assert other.p == pytest.approx(8 * one.p) and looked.level == pytest.approx(1 - 0.05 / 8)


def test_an_empty_table_has_no_verdicts() -> None:
    assert judge_carry_over([]) == []
