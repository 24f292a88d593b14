from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from results.statistics import VERDICTS, Difference, Noise, judge, spending, verdict


def difference(estimate: float, error: float, seeds: int = 5) -> Difference:
    return Difference(estimate, Noise(error**2, 0.0, seeds - 1, 999))


def test_each_verdict() -> None:
    rows = [difference(0.03, 0.002), difference(-0.03, 0.002), difference(0.0, 0.001), difference(0.01, 0.01)]
    rows += [difference(-0.02, 0.009), difference(0.02, 0.009)]
    expected = ["helps", "hurts", "equivalent", "open", "no gain", "no loss"]
    assert [row.verdict for row in judge([[row] for row in rows])] == expected


def test_the_interval_is_the_one_that_the_verdict_uses() -> None:
    """Helps and hurts exclude 0, open includes it; the others exclude what they say, the margin being 1 point."""
    rng = np.random.default_rng(0)
    drawn = [difference(*pair) for pair in zip(rng.normal(0, 0.03, 60), rng.uniform(0.001, 0.02, 60), strict=True)]
    seen = judge([[each] for each in drawn], primary=[place % 3 > 0 for place in range(60)])
    assert {row.verdict for row in seen} == set(VERDICTS)
    for row in seen:
        low, high = (row.interval.low, row.interval.high) if row.interval else (0.0, 0.0)
        holds = {
            "helps": low > 0,
            "hurts": high < 0,
            "equivalent": low > -0.01 and high < 0.01,
            "no gain": high < 0.01,
            "no loss": low > -0.01,
            "open": low <= 0 <= high,
        }
        assert holds[row.verdict], row
        assert row.within is not None and (row.verdict == "equivalent") == (row.within < 0.01)


def test_identical_outputs_are_equivalent_and_not_counted() -> None:
    row, same = difference(0.03, 0.008), Difference(0.0, Noise(0.0, 0.0, 4, 999))
    alone, found = judge([[row]])[0], judge([[row], *[[same]] * 9])
    assert found[0] == alone
    assert {(each.verdict, each.identical, each.within) for each in found[1:]} == {("equivalent", True, 0.0)}


def test_a_judgement_is_turned_around_with_its_difference() -> None:
    row = difference(-0.02, 0.009)
    assert judge([[row]])[0].reversed == judge([[replace(row, estimate=0.02)]])[0]


def test_without_a_margin_only_zero_is_asked_about() -> None:
    rows = [difference(0.0, 0.001), difference(-0.02, 0.009)]
    assert [row.verdict for row in judge([[row] for row in rows], margin=None)] == ["open", "open"]


def test_a_real_difference_within_the_margin_is_equivalent() -> None:
    row = difference(0.002, 0.0002)
    assert judge([[row]])[0].p < 0.05
    assert judge([[row]])[0].verdict == "equivalent"
    assert judge([[row]], margin=0.001)[0].verdict == "helps"


def test_no_significant_difference_is_not_equivalence() -> None:
    assert verdict(0.001, 0.8, 0.2) == "open"
    assert verdict(0.001, 0.05, 0.2) == "helps"
    assert verdict(-0.001, 0.01, 0.05) == "equivalent"


def test_the_table_s_length_raises_the_hurdle() -> None:
    row, null = difference(0.03, 0.008), difference(0.0, 0.008)
    alone, among = judge([[row]])[0], judge([[row], *[[null]] * 9])[0]
    assert alone.verdict == "helps"
    assert (among.verdict, among.p) == ("no loss", alone.p)
    assert among.adjusted_p == pytest.approx(10 * alone.p)


def test_looks_are_paid_for() -> None:
    shares = spending([3, 6])
    first, second = difference(0.03, 0.008, 3), difference(0.03, 0.006, 6)
    early, late = (judge([looks], shares=shares)[0] for looks in ([first], [first, second]))
    assert early.p == pytest.approx(first.p_value() / 0.25)
    assert late.p == pytest.approx(second.p_value() / 0.75)
    assert (early.verdict, late.verdict) == ("open", "helps")


def test_a_verdict_points_where_the_look_that_decides_points() -> None:
    clear, vague = difference(-0.03, 0.001, 3), difference(0.001, 0.02, 6)
    assert judge([[clear, vague]], shares=[0.5, 0.5])[0].verdict == "hurts"


def test_an_empty_table_has_no_verdicts() -> None:
    assert judge([]) == []
