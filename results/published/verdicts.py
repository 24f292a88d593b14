"""Verdicts on the claims of a table: replicated, contradicted, smaller than printed, or open with a reason.

A claim says that a difference is above 0 (`greater`), below 0 (`smaller`), or within a tolerance of 0 (`approx_equal`)
in every one of its metrics. It is replicated if all of them agree significantly, and contradicted if one of them
disagrees significantly. The report also printed how large the difference is. If it is significantly smaller than a
share of that in one metric, the claim is smaller than printed, whether or not it has the printed sign.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from results.published.tables import Direction
from results.statistics import Difference

ClaimVerdict = Literal["replicated", "contradicted", "smaller than printed", "open"]
VERDICTS: tuple[ClaimVerdict, ...] = ("replicated", "contradicted", "smaller than printed", "open")
Leaning = Literal["replicated", "contradicted"]
ALPHA = 0.05
SMALLER_THAN = 0.5  # the share of the printed difference, unless `--smaller-than` says otherwise

NO_NOISE = "scores do not vary between seeds, so the uncertainty of the difference is unknown"


@dataclass(frozen=True)
class ClaimTest:
    """The tests of one claim, of which at most one hypothesis is true (`judge_claims`).

    `leaning`: the verdict that the estimates favour; `p`: of the opposite; `smaller_p`: of "at least the share of what
    was printed in every metric", None if that is not asked. `metrics`: their number; `within`: whether the leaning is
    that all differences are within a tolerance.
    """

    leaning: Leaning
    p: float
    smaller_p: float | None = None
    metrics: int = 1
    within: bool = False

    def settled(self, *, direction: bool, smaller: bool) -> bool:
        """Return whether no further verdict is possible once these hypotheses are rejected."""
        return direction and (smaller or self.smaller_p is None or self.leaning == "contradicted")

    def interval_level(self, verdict: ClaimVerdict, alpha: float) -> float:
        """Return the level of a metric's interval that corresponds to the test of a verdict at the level `alpha`."""
        if verdict == "smaller than printed":
            return 1 - 2 * alpha / self.metrics
        return 1 - alpha * (2 if self.within else 1) / (self.metrics if self.leaning == "contradicted" else 1)


@dataclass(frozen=True)
class ClaimJudgement:
    """Verdict on one claim of a table, with the `reason` if it is open.

    `p`: of the opposite of what the estimates favour; `smaller_p`: of "at least the share of what was printed"; both
    with their adjusted values over the table, and None if they were not tested. `level`: that of the metrics' intervals
    which the verdict uses (`Difference.test_interval`): a metric's interval excludes 0, the tolerance, or the share of
    what was printed, if and only if its test rejects. `is_smaller`: smaller than printed, which a replicated claim can
    be too.
    """

    verdict: ClaimVerdict
    p: float | None = None
    adjusted_p: float | None = None
    smaller_p: float | None = None
    adjusted_smaller_p: float | None = None
    level: float = 0.95
    is_smaller: bool = False
    reason: str = ""

    @property
    def verdict_p(self) -> float | None:
        """The adjusted p-value of the test that the verdict rests on."""
        return self.adjusted_smaller_p if self.verdict == "smaller than printed" else self.adjusted_p


def claim_test(
    differences: Sequence[Difference],
    direction: Direction,
    tolerance: float | None = None,
    limits: Sequence[float] = (),
) -> ClaimTest:
    """Return the tests of a claim from the `differences` of its metrics, better minus worse.

    If all estimates agree with the claim, it leans to replicated and p is the largest of theirs: an intersection-union
    test (Berger 1982, Technometrics 24), in which all parts must reject. Otherwise it leans to contradicted and p is
    the smallest of those that disagree, times the number of metrics (Bonferroni). The p of a metric is the two-sided
    one of "no difference". With a tolerance it is that of "at least the tolerance" (two one-sided tests) if the
    estimate is within it, and that of "equal to the tolerance" if it is beyond.

    `limits` are the metrics' shares of the printed differences, with the claim's sign; none: not asked. A claim says
    that all metrics have a difference of the printed size, so it is smaller than printed if one of them has not: p is
    the smallest one-sided p of "at least the limit" (with a printed sign below 0: "at most"), times the number of
    metrics.

    Raises:
        ValueError: the claim is approx_equal and `tolerance` is None.
    """
    parts = [_metric_test(difference, direction, tolerance) for difference in differences]
    count = len(parts)
    nearer = [
        difference.p_below(limit) if direction == "greater" else difference.p_above(limit)
        for difference, limit in zip(differences, limits, strict=bool(limits))
    ]
    smaller_p = min(1.0, count * min(nearer)) if nearer else None
    against = [part.p for part in parts if part.leaning == "contradicted"]
    if against:
        return ClaimTest("contradicted", min(1.0, count * min(against)), smaller_p, count)
    return ClaimTest("replicated", max(part.p for part in parts), smaller_p, count, direction == "approx_equal")


def judge_claims(tests: Sequence[ClaimTest | ClaimJudgement], *, alpha: float = ALPHA) -> list[ClaimJudgement]:
    """Return the verdicts on the claims of one table, from their tests; judgements are those that need no test.

    Two hypotheses are tested for a claim of a printed size: "the difference does not have the printed sign" (rejecting
    it replicates the claim, rejecting the opposite contradicts it) and "the difference is at least the share of what
    was printed". They exclude each other, so at most one is true, and a claim tested at the level u gets a wrong
    verdict with at most the probability u. Therefore a claim counts as one row (Shaffer 1986, "Modified sequentially
    rejective multiple test procedures", JASA 81): while k claims are not settled, all their hypotheses are tested at
    alpha / k. A claim is settled when neither of its hypotheses can be true any more: once it is contradicted, or is
    replicated and smaller than printed, or is replicated and has no printed size. A claim that has only one of the two
    verdicts still counts; if its first verdict settled it, as in Holm's method, the error would exceed 20 %.

    Proof. Let V be the claims without a difference (in some metric, and none of the other sign), and those whose
    differences are at least the share. No correct verdict settles them, so before the first wrong verdict k is at least
    |V|. Each of them then has a wrong verdict with at most the probability alpha / |V|: in sum alpha, whatever the
    dependence of the estimates. For the other claims, only a wrong sign is a wrong verdict. That the error includes
    those is proven for independent estimates, as for Holm's method with signs (Shaffer 1980, Annals of Statistics 8).
    """
    asked = [test for test in tests if isinstance(test, ClaimTest)]
    judged = iter(_judged(asked, alpha))
    return [next(judged) if isinstance(test, ClaimTest) else test for test in tests]


def _judged(tests: Sequence[ClaimTest], alpha: float) -> list[ClaimJudgement]:
    """Return the verdicts by Shaffer's step-down test; an adjusted p-value is the largest k p up to its hypothesis."""
    hypotheses = [(test.p, place, False) for place, test in enumerate(tests)]
    hypotheses += [(test.smaller_p, place, True) for place, test in enumerate(tests) if test.smaller_p is not None]
    adjusted: dict[tuple[int, bool], float] = {}
    settled = set[int]()
    reached, level = 0.0, alpha / max(1, len(tests))
    for p, place, of_size in sorted(hypotheses):
        reached = max(reached, min(1.0, max(1, len(tests) - len(settled)) * p))
        adjusted[place, of_size] = reached
        if tests[place].settled(direction=(place, False) in adjusted, smaller=(place, True) in adjusted):
            settled.add(place)
        if reached <= alpha:
            level = alpha / max(1, len(tests) - len(settled))
    return [
        _judgement(test, adjusted[place, False], adjusted.get((place, True)), level, alpha)
        for place, test in enumerate(tests)
    ]


def _judgement(test: ClaimTest, p: float, smaller_p: float | None, level: float, alpha: float) -> ClaimJudgement:
    """Return the verdict from the adjusted p-values; `level` is that of the last tests of the table."""
    is_smaller = smaller_p is not None and smaller_p <= alpha
    verdict: ClaimVerdict = test.leaning if p <= alpha else "smaller than printed" if is_smaller else "open"
    return ClaimJudgement(
        verdict,
        test.p,
        p,
        test.smaller_p,
        smaller_p,
        test.interval_level(verdict, level),
        is_smaller and verdict != "contradicted",
    )


def open_reason(differences: Sequence[tuple[str, Difference]], level: float, tolerance: float | None = None) -> str:
    """Return why a tested claim is open: the metrics (name, difference) whose intervals of `level` decide nothing."""
    intervals = [(name, difference.test_interval(level)) for name, difference in differences]
    if tolerance is None:
        verb, limit = "include", "0"
        unsure = [name for name, each in intervals if not each.excludes_zero]
    else:
        verb, limit = "extend", f"beyond ±{100 * tolerance:g} points"
        unsure = [name for name, each in intervals if not -tolerance < each.low <= each.high < tolerance]
    which = f" of {', '.join(unsure)}" if len(differences) > 1 else ""
    plural, singular = ("s", "") if len(unsure) > 1 else ("", "s")
    return f"the interval{plural}{which} {verb}{singular} {limit}"


def _metric_test(difference: Difference, direction: Direction, tolerance: float | None) -> ClaimTest:
    estimate = difference.estimate
    if direction == "approx_equal":
        margin = _margin(tolerance)
        if abs(estimate) < margin:
            return ClaimTest("replicated", difference.equivalence_p(margin))
        return ClaimTest("contradicted", difference.p_value(margin if estimate > 0 else -margin))
    claimed = estimate > 0 if direction == "greater" else estimate < 0
    return ClaimTest("replicated" if claimed else "contradicted", difference.p_value())


def _margin(tolerance: float | None) -> float:
    if tolerance is None:
        raise ValueError("an approx_equal claim needs a tolerance, got None")
    return tolerance
