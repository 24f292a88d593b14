from __future__ import annotations

import pytest

from results.statistics import Difference, Noise, judge, spending, verdict


def difference(estimate: float, error: float, seeds: int = 5) -> Difference:
    return Difference(estimate, Noise(error**2, 0.0, seeds - 1, 999))


def test_each_verdict() -> None:
    rows = [difference(0.03, 0.002), difference(-0.03, 0.002), difference(0.0, 0.001), difference(0.01, 0.01)]
    assert [row.verdict for row in judge([[row] for row in rows])] == ["helps", "hurts", "equivalent", "open"]


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
    assert (among.verdict, among.p) == ("open", alone.p)
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
