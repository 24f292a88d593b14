"""Verdicts on claims from differences made by hand."""

from __future__ import annotations

import pytest
from scipy import stats

from results.published.verdicts import ClaimTest, claim_test, judge_claims, open_reason
from results.statistics import Difference, Noise


def difference(estimate: float, error: float = 0.002, seeds: int = 5) -> Difference:
    return Difference(estimate, Noise(error**2, 0.0, seeds - 1, 0))


def t_p(estimate: float, error: float, df: int = 4) -> float:
    return float(2 * stats.t.sf(abs(estimate) / error, df))


def verdict_of(*differences: Difference, direction: str = "greater", tolerance: float | None = None) -> str:
    test = claim_test(differences, direction, tolerance)  # type: ignore[arg-type]
    return judge_claims([test])[0].verdict


@pytest.mark.parametrize(
    ("direction", "estimate", "verdict"),
    [
        ("greater", 0.03, "replicated"),
        ("greater", -0.03, "contradicted"),
        ("greater", 0.002, "open"),
        ("greater", -0.002, "open"),
        ("smaller", -0.03, "replicated"),
        ("smaller", 0.03, "contradicted"),
        ("smaller", -0.002, "open"),
    ],
)
def test_a_direction_is_tested_both_ways(direction: str, estimate: float, verdict: str) -> None:
    assert verdict_of(difference(estimate), direction=direction) == verdict


@pytest.mark.parametrize(
    ("estimate", "verdict"),
    [
        (0.0, "replicated"),
        (0.01, "replicated"),
        (0.019, "open"),
        (0.024, "open"),
        (0.03, "contradicted"),
        (-0.03, "contradicted"),
    ],
)
def test_equality_is_a_test_of_its_own(estimate: float, verdict: str) -> None:
    assert verdict_of(difference(estimate), direction="approx_equal", tolerance=0.02) == verdict


def test_no_significant_difference_is_not_equality() -> None:
    assert verdict_of(difference(0.001, 0.02), direction="approx_equal", tolerance=0.02) == "open"


def test_equality_without_a_tolerance_is_refused() -> None:
    with pytest.raises(ValueError, match="tolerance"):
        claim_test([difference(0.0)], "approx_equal")


def test_the_p_of_a_direction_is_student_s() -> None:
    found = claim_test([difference(0.005)], "greater")
    assert found.leaning == "replicated"
    assert found.p == pytest.approx(t_p(0.005, 0.002))


def test_the_p_beyond_a_tolerance_is_of_the_tolerance() -> None:
    found = claim_test([difference(-0.03)], "approx_equal", 0.02)
    assert found.leaning == "contradicted"
    assert found.p == pytest.approx(t_p(0.01, 0.002))


def test_every_metric_must_agree() -> None:
    sure, unsure, against = difference(0.03), difference(0.002), difference(-0.03)
    assert verdict_of(sure, sure, sure) == "replicated"
    assert verdict_of(sure, sure, unsure) == "open"
    assert verdict_of(sure, sure, against) == "contradicted"
    assert verdict_of(difference(0.0), difference(0.03), direction="approx_equal", tolerance=0.02) == "contradicted"


def test_the_least_sure_metric_decides_agreement_and_the_surest_the_contrary_for_all_of_them() -> None:
    assert claim_test([difference(0.03), difference(0.005)], "greater").p == pytest.approx(t_p(0.005, 0.002))
    found = claim_test([difference(0.03), difference(-0.006), difference(-0.002)], "greater")
    assert found.leaning == "contradicted"
    assert found.p == pytest.approx(3 * t_p(0.006, 0.002))


def test_no_difference_at_all_is_no_agreement() -> None:
    assert claim_test([difference(0.0)], "greater").p == 1.0


def test_errors_are_held_over_the_claims_that_were_tested() -> None:
    first, second, last = ClaimTest("replicated", 0.03), ClaimTest("contradicted", 0.01), ClaimTest("replicated", 0.04)
    assert judge_claims([first])[0].verdict == "replicated"
    found = judge_claims([first, second, "row 'x' has not been run", last])
    assert [judged.verdict for judged in found] == ["open", "contradicted", "open", "open"]
    assert [judged.adjusted_p for judged in found] == [
        pytest.approx(0.06),
        pytest.approx(0.03),
        None,
        pytest.approx(0.06),
    ]
    assert found[2].reason == "row 'x' has not been run" and found[2].p is None and found[0].reason == ""


def test_an_untested_table_has_no_p() -> None:
    assert [judged.verdict for judged in judge_claims(["fewer than two seeds in common"])] == ["open"]


def reason(differences: dict[str, Difference], direction: str = "greater", tolerance: float | None = None) -> str:
    others = [ClaimTest("replicated", 0.5)] * 9
    judged = judge_claims([claim_test(list(differences.values()), direction, tolerance), *others])[0]  # type: ignore[arg-type]
    assert judged.verdict == "open"
    return open_reason(judged, list(differences.items()), direction, tolerance)  # type: ignore[arg-type]


def test_an_open_claim_says_which_interval_holds_zero() -> None:
    assert reason({"SST": difference(0.002)}) == "the interval includes 0"
    told = {"SST": difference(0.002), "Quora": difference(0.03), "STS": difference(-0.002)}
    assert reason(told) == "the intervals of SST, STS include 0"
    assert reason({"SST": difference(0.03), "STS": difference(0.002)}) == "the interval of STS includes 0"


def test_an_open_claim_says_that_the_adjustment_made_it_so() -> None:
    told = reason({"SST": difference(0.007)})
    assert told == f"not significant beside the other claims (p {10 * t_p(0.007, 0.002):.2g}, above 0.05)"


def test_an_open_claim_says_on_which_side_of_the_limit_its_p_lies() -> None:
    judged = judge_claims([ClaimTest("replicated", 0.0504)])[0]
    told = open_reason(judged, [("SST", difference(0.03))], "greater")
    assert told == "not significant beside the other claims (p 0.0504, above 0.05)"


def test_an_open_claim_says_which_metric_is_against_it() -> None:
    told = reason({"SST": difference(0.03), "Quora": difference(-0.007)})
    assert told.startswith("against it: Quora, but not significantly over all metrics (p 0.")


def test_an_open_equality_says_that_the_interval_reaches_out() -> None:
    assert reason({"SST": difference(0.019)}, "approx_equal", 0.02) == "the interval extends beyond ±2 points"
