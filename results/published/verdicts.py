"""From differences to verdicts on claims: replicated, contradicted, or open, with its reason. A table at a time.

A claim says that a difference is above 0 (`greater`), below 0 (`smaller`), or within a tolerance of 0
(`approx_equal`), in every one of its metrics. It is replicated when all of them agree with it surely, contradicted when
one of them surely does not, and open otherwise.
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

NO_NOISE = "scores do not vary, so nothing tells how sure the difference is"


@dataclass(frozen=True)
class ClaimTest:
    """The verdict that the estimates favour, and the p-value of the opposite."""

    leaning: Leaning
    p: float


@dataclass(frozen=True)
class ClaimJudgement:
    """The verdict on one claim of a table. `adjusted_p`: Holm's over the table; `reason`: why it is open, else empty.

    Both p are None where the claim could not be tested.
    """

    verdict: ClaimVerdict
    p: float | None = None
    adjusted_p: float | None = None
    reason: str = ""


def claim_test(differences: Sequence[Difference], direction: Direction, tolerance: float | None = None) -> ClaimTest:
    """Test one claim; `differences` are those of its metrics, better minus worse.

    Where all estimates agree with the claim, it leans to replicated, and p is the largest of theirs: an
    intersection-union test (Berger 1982, Technometrics 24), all parts must reject. Else it leans to contradicted, and p
    is the smallest of those that disagree, times the number of metrics (Bonferroni). p of a metric: two-sided, of "no
    difference"; with a tolerance, of "the tolerance or more" (two one-sided tests) where the estimate is within it, and
    of "just the tolerance" where it is beyond. A wrong verdict has probability alpha at most where p <= alpha decides.
    """
    parts = [_metric_test(difference, direction, tolerance) for difference in differences]
    against = [part.p for part in parts if part.leaning == "contradicted"]
    if against:
        return ClaimTest("contradicted", min(1.0, len(parts) * min(against)))
    return ClaimTest("replicated", max(part.p for part in parts))


def judge_claims(tests: Sequence[ClaimTest | str], *, alpha: float = ALPHA) -> list[ClaimJudgement]:
    """Return the verdicts of one table, each from a test or from the reason why there is none.

    Any wrong "replicated" or "contradicted" in the table: at most `alpha` (Holm). A claim that is open for its p alone
    gets its reason from `open_reason`.
    """
    adjusted = iter(holm([test.p for test in tests if isinstance(test, ClaimTest)]).tolist())
    found = []
    for test in tests:
        if isinstance(test, str):
            found.append(ClaimJudgement("open", reason=test))
            continue
        held = next(adjusted)
        found.append(ClaimJudgement(test.leaning if held <= alpha else "open", test.p, held))
    return found


def open_reason(
    judged: ClaimJudgement,
    differences: Sequence[tuple[str, Difference]],
    direction: Direction,
    tolerance: float | None = None,
    *,
    alpha: float = ALPHA,
) -> str:
    """Return why a tested claim is open: intervals of some metrics (name, difference), or the adjustment of p."""
    assert judged.adjusted_p is not None
    unsure = [name for name, difference in differences if _interval_open(difference, direction, tolerance)]
    against = [
        name
        for name, difference in differences
        if name not in unsure and _metric_test(difference, direction, tolerance).leaning == "contradicted"
    ]
    if against and len(differences) > 1:
        return (
            f"{', '.join(against)} against it, but not surely enough among all metrics (p {p_text(judged.adjusted_p)})"
        )
    which = f" of {', '.join(unsure)}" if len(differences) > 1 else ""
    intervals = "the intervals" if len(unsure) > 1 else "the interval"
    if not unsure:
        return f"not sure enough beside the other claims (p {p_text(judged.adjusted_p)}, above {alpha:g})"
    if tolerance is None:
        return f"{intervals}{which} {'hold' if len(unsure) > 1 else 'holds'} 0"
    return f"{intervals}{which} {'lie' if len(unsure) > 1 else 'lies'} across ±{100 * tolerance:g} points"


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
    """Return whether a metric's interval leaves the claim open: 95 %, and 90 % if a tolerance must contain it.

    A 90 % interval within the tolerance is what two one-sided tests of 5 % ask for.
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
        raise ValueError("a claim of approx_equal needs a tolerance, got none")
    return tolerance
