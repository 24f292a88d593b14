"""Verdicts on the rows of one table, with error rates controlled over the table and over interim analyses.

Two questions are asked of each row. Is there a difference at all? Over all rows, a wrong "helps" or "hurts" has at most
the probability alpha (`gatekeeping`). And what is excluded? A gain of at least the margin, a loss of at least the
margin, or both; each such statement is wrong with at most the probability alpha, row by row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from numpy.typing import ArrayLike

from results.statistics.differences import Difference, Interval
from results.statistics.error_spending import AbstractErrorSpending, BonferroniSpending
from results.statistics.gatekeeping import Tested, gatekeeping

MARGIN = 0.01  # one point: smaller differences do not matter
ALPHA = 0.05

Verdict = Literal["helps", "hurts", "equivalent", "no gain", "no loss", "open"]
VERDICTS: tuple[Verdict, ...] = ("helps", "hurts", "equivalent", "no gain", "no loss", "open")
DECIDED = VERDICTS[:3]  # more seeds would tell no more than the size
OPPOSITE: Mapping[Verdict, Verdict] = {"helps": "hurts", "hurts": "helps", "no gain": "no loss", "no loss": "no gain"}
_PValue = Callable[[Difference], float]


@dataclass(frozen=True)
class Judgement:
    """Verdict on one row of a table, with what it rests on.

    `p`: of "no difference", over all interim analyses; `adjusted_p`: the same, adjusted over the table. `no_gain_p`: of
    "a gain of at least the margin"; `no_loss_p`: of "a loss of at least the margin" (one-sided); `equivalence_p`: of
    either, at one analysis (two one-sided tests, Schuirmann 1987).

    `interval` is the interval that the verdict uses, of level `level`: helps, hurts and open that of the adjusted test,
    so that it excludes 0 if and only if the row helps or hurts; the others that of the one-sided tests. `within`: the
    true difference is surely between -within and +within (two one-sided tests, 95 %), in score units. All three are
    None without a comparison.

    `identical`: all outputs are equal to the reference's, so there was nothing to test. `primary`: the row was tested
    before the secondary ones. `margin`: that of the statements on a margin, in score units. `error`: the row's share of
    the table's error, at which "no difference" is tested over all analyses.
    """

    verdict: Verdict
    p: float
    adjusted_p: float
    equivalence_p: float = 1.0
    no_gain_p: float = 1.0
    no_loss_p: float = 1.0
    interval: Interval | None = None
    level: float = 0.95
    within: float | None = None
    identical: bool = False
    primary: bool = True
    margin: float | None = None
    error: float = ALPHA

    @property
    def reversed(self) -> Judgement:
        """The judgement of the opposite difference."""
        interval = self.interval
        return replace(
            self,
            verdict=OPPOSITE.get(self.verdict, self.verdict),
            no_gain_p=self.no_loss_p,
            no_loss_p=self.no_gain_p,
            interval=interval and Interval(-interval.estimate, -interval.high, -interval.low),
        )

    @property
    def verdict_p(self) -> float:
        """The p-value of the test that the verdict rests on; helps, hurts and open rest on the adjusted one."""
        by_margin = {"equivalent": self.equivalence_p, "no gain": self.no_gain_p, "no loss": self.no_loss_p}
        return by_margin.get(self.verdict, self.adjusted_p)

    @property
    def decided(self) -> bool:
        """Whether it helps, hurts or is equivalent."""
        return self.verdict in DECIDED


def verdict(
    estimate: float, p: float, equivalence_p: float, *, no_gain_p: float = 1.0, no_loss_p: float = 1.0,
    alpha: float = ALPHA,
) -> Verdict:  # fmt: skip
    """Return the verdict of the tests: `p` of "no difference", `equivalence_p` of "at least the margin".

    equivalent if the second rejects, even if the first does: the difference is then real but too small to matter
    (Lakens 2017). helps or hurts if the first rejects. Otherwise "no gain" or "no loss" of the margin or more, if one
    of the one-sided tests rejects; else open. The lack of a significant difference alone decides nothing.
    """
    if equivalence_p <= alpha:
        return "equivalent"
    if p <= alpha and estimate != 0:
        return "helps" if estimate > 0 else "hurts"
    if no_gain_p <= alpha:
        return "no gain"
    return "no loss" if no_loss_p <= alpha else "open"


def judge(
    rows: Sequence[Sequence[Difference | None]],
    *,
    shares: ArrayLike | AbstractErrorSpending = (1.0,),
    margin: float | Sequence[float | None] | None = MARGIN,
    alpha: float = ALPHA,
    primary: Sequence[bool] | None = None,
) -> list[Judgement]:
    """Return the verdicts on the rows of one table, in their order.

    The probability of any false "helps" or "hurts" in the table is at most `alpha` (`gatekeeping` of sequential
    p-values; Holm's method if all rows are primary); that of a false "equivalent", "no gain" or "no loss" is at most
    `alpha` per row. A row without any difference and any noise has the same outputs as the reference: it is equivalent
    and is not tested.

    Args:
        rows: each row's differences at its interim analyses, in order. A row that was decided early has fewer; None is
            an analysis with too few seeds to compare, and rejects nothing.
        shares: the share of the error that each analysis may spend (`hypothesis_tests.spending`), or a rule that uses
            the error up (`error_spending.ExactSpending`).
        margin: the equivalence margin of all rows, or a list of one per row; None decides nothing by a margin.
        alpha: the error of the table.
        primary: whether each row is primary; default: all are.

    Raises:
        ValueError: a row has more analyses than are planned.
    """
    spent = shares if isinstance(shares, AbstractErrorSpending) else BonferroniSpending.of(shares)
    spent.check(max(map(len, rows), default=1))
    margins = margin if isinstance(margin, Sequence) else [margin] * len(rows)
    first = [True] * len(rows) if primary is None else list(primary)
    looks = [_Looks([(each, analysis) for analysis, each in enumerate(row) if each], spent) for row in rows]
    asked = [place for place, row in enumerate(looks) if not row.identical]
    p = [looks[place].p(Difference.p_value) if looks[place].looks else 1.0 for place in asked]
    tests = gatekeeping(p, [first[place] for place in asked], alpha=alpha)
    judged = [_identical(*each) for each in zip(first, margins, strict=True)]
    for place, tested in zip(asked, tests, strict=True):
        judged[place] = _judged(looks[place], margins[place], tested, alpha, first[place])
    return judged


def _identical(primary: bool, margin: float | None) -> Judgement:
    return Judgement("equivalent", 1.0, 1.0, 0.0, 0.0, 0.0, Interval(0.0, 0.0, 0.0), 1.0, 0.0, True, primary, margin)


@dataclass(frozen=True)
class _Looks:
    """The analyses of one row that had a difference, each with its place among the planned ones."""

    looks: Sequence[tuple[Difference, int]]
    spent: AbstractErrorSpending

    @property
    def identical(self) -> bool:
        """Whether the row's outputs equal those of the reference: no difference and no noise."""
        return bool(self.looks) and self.looks[-1][0].is_zero

    def p(self, p_value: Callable[[Difference], float]) -> float:
        """Return the p-value over all analyses."""
        return min(self.spent.p_at(p_value(each), analysis) for each, analysis in self.looks)

    def deciding(self, p_value: Callable[[Difference], float]) -> tuple[Difference, int]:
        """Return the analysis with the strongest evidence."""
        return min(self.looks, key=lambda look: self.spent.p_at(p_value(look[0]), look[1]))


def _judged(looks: _Looks, margin: float | None, tested: Tested, alpha: float, primary: bool) -> Judgement:
    """Return the verdict on a row."""
    if not looks.looks:
        return Judgement("open", 1.0, tested.adjusted_p, primary=primary, margin=margin, error=tested.level)
    gain, loss, both = _by_margin(margin)
    p, gain_p, loss_p, both_p = (looks.p(each) for each in (Difference.p_value, gain, loss, both))
    difference, analysis = looks.deciding(Difference.p_value)
    said = verdict(difference.estimate, tested.adjusted_p, both_p, no_gain_p=gain_p, no_loss_p=loss_p, alpha=alpha)
    one_sided = {"equivalent": both, "no gain": gain, "no loss": loss}.get(said)
    if one_sided:
        difference, analysis = looks.deciding(one_sided)
    elif said == "open":
        difference, analysis = looks.looks[-1]
    error = 2 * looks.spent.level(alpha, analysis) if one_sided else looks.spent.level(tested.level, analysis)
    last, last_analysis = looks.looks[-1]
    bounds = last.test_interval(1 - 2 * looks.spent.level(alpha, last_analysis))
    within = max(abs(bounds.low), abs(bounds.high))
    interval = difference.test_interval(1 - error)
    ps = (p, tested.adjusted_p, both_p, gain_p, loss_p)
    return Judgement(said, *ps, interval, 1 - error, within, False, primary, margin, tested.level)


def _by_margin(margin: float | None) -> tuple[_PValue, _PValue, _PValue]:
    """Return the tests of a gain, a loss and a difference of at least the margin; without one, they reject nothing."""
    if margin is None:
        return _never, _never, _never
    return (
        lambda difference: difference.p_below(margin),
        lambda difference: difference.p_above(-margin),
        lambda difference: difference.equivalence_p(margin),
    )


def _never(_: Difference) -> float:
    return 1.0
