"""Verdicts on the claims of a table: replicated, contradicted, or open with a reason.

A claim says that a difference is above 0 (`greater`), below 0 (`smaller`), or within a tolerance of 0 (`approx_equal`)
in every one of its metrics. It is replicated if all of them agree significantly, contradicted if one of them disagrees
significantly, and open otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from results.published.tables import Direction
from results.statistics.differences import Difference
from results.statistics.hypothesis_tests import holm
from results.text.formatting import p_text

ClaimVerdict = Literal["replicated", "contradicted", "open"]
Leaning = Literal["replicated", "contradicted"]
ALPHA = 0.05

NO_NOISE = "scores do not vary between seeds, so the uncertainty of the difference is unknown"


@dataclass(frozen=True)
class ClaimTest:
    """Verdict that the estimates favour, with the p-value of the opposite."""

    leaning: Leaning
    p: float


@dataclass(frozen=True)
class ClaimJudgement:
    """Verdict on one claim of a table, with the `reason` if it is open.

    `adjusted_p`: adjusted by Holm's method over the table. Both p are None if the claim could not be tested.
    """

    verdict: ClaimVerdict
    p: float | None = None
    adjusted_p: float | None = None
    reason: str = ""


def claim_test(differences: Sequence[Difference], direction: Direction, tolerance: float | None = None) -> ClaimTest:
    """Return the test of a claim from the `differences` of its metrics, better minus worse.

    If all estimates agree with the claim, it leans to replicated and p is the largest of theirs: an intersection-union
    test (Berger 1982, Technometrics 24), in which all parts must reject. Otherwise it leans to contradicted and p is
    the smallest of those that disagree, times the number of metrics (Bonferroni). The p of a metric is the two-sided
    one of "no difference". With a tolerance it is that of "at least the tolerance" (two one-sided tests) if the
    estimate is within it, and that of "equal to the tolerance" if it is beyond. If p <= alpha decides, a wrong verdict
    has at most the probability alpha.

    Raises:
        ValueError: the claim is approx_equal and `tolerance` is None.
    """
    parts = [_metric_test(difference, direction, tolerance) for difference in differences]
    against = [part.p for part in parts if part.leaning == "contradicted"]
    if against:
        return ClaimTest("contradicted", min(1.0, len(parts) * min(against)))
    return ClaimTest("replicated", max(part.p for part in parts))


def judge_claims(tests: Sequence[ClaimTest | str], *, alpha: float = ALPHA) -> list[ClaimJudgement]:
    """Return the verdicts on the claims of one table, each from its test or from the reason why there is none.

    The probability of any wrong "replicated" or "contradicted" in the table is at most `alpha` (Holm). `open_reason`
    gives the reason of a claim that was tested and is open.
    """
    adjusted = iter(holm([test.p for test in tests if isinstance(test, ClaimTest)]).tolist())
    judgements = []
    for test in tests:
        if isinstance(test, str):
            judgements.append(ClaimJudgement("open", reason=test))
        else:
            p = next(adjusted)
            judgements.append(ClaimJudgement(test.leaning if p <= alpha else "open", test.p, p))
    return judgements


def open_reason(
    judged: ClaimJudgement,
    differences: Sequence[tuple[str, Difference]],
    direction: Direction,
    tolerance: float | None = None,
    *,
    alpha: float = ALPHA,
) -> str:
    """Return why a tested claim is open: the intervals of some metrics (name, difference), or the adjustment of p."""
    assert judged.adjusted_p is not None
    p = p_text(judged.adjusted_p)
    unsure = [name for name, difference in differences if _interval_open(difference, direction, tolerance)]
    against = [
        name
        for name, difference in differences
        if name not in unsure and _metric_test(difference, direction, tolerance).leaning == "contradicted"
    ]
    if against and len(differences) > 1:
        return f"against it: {', '.join(against)}, but not significantly over all metrics (p {p})"
    if not unsure:
        return f"not significant beside the other claims (p {p}, above {alpha:g})"
    which = f" of {', '.join(unsure)}" if len(differences) > 1 else ""
    plural, singular = ("s", "") if len(unsure) > 1 else ("", "s")
    extent = f"include{singular} 0" if tolerance is None else f"extend{singular} beyond ±{100 * tolerance:g} points"
    return f"the interval{plural}{which} {extent}"


def _metric_test(difference: Difference, direction: Direction, tolerance: float | None) -> ClaimTest:
    estimate = difference.estimate
    if direction == "approx_equal":
        margin = _margin(tolerance)
        if abs(estimate) < margin:
            return ClaimTest("replicated", difference.equivalence_p(margin))
        return ClaimTest("contradicted", difference.p_value(margin if estimate > 0 else -margin))
    claimed = estimate > 0 if direction == "greater" else estimate < 0
    return ClaimTest("replicated" if claimed else "contradicted", difference.p_value())


def _interval_open(difference: Difference, direction: Direction, tolerance: float | None) -> bool:
    """Return whether a metric's 95 % interval leaves the claim open.

    The interval that a tolerance must contain is that of 90 %, which corresponds to two one-sided tests of 5 %.
    """
    interval = difference.interval()
    if direction != "approx_equal":
        return not interval.excludes_zero
    margin = _margin(tolerance)
    beyond = interval.low >= margin or interval.high <= -margin
    narrow = difference.interval(0.9)
    return not beyond and not (-margin < narrow.low and narrow.high < margin)


def _margin(tolerance: float | None) -> float:
    if tolerance is None:
        raise ValueError("an approx_equal claim needs a tolerance, got None")
    return tolerance
