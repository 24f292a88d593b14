"""From differences to words: helps, hurts, equivalent, or open. A whole table at a time, with its error held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from results.statistics.differences import Difference
from results.statistics.hypothesis_tests import holm, sequential_p

MARGIN = 0.005  # half a point: smaller differences count as none

Verdict = Literal["helps", "hurts", "equivalent", "open"]


@dataclass(frozen=True)
class Judgement:
    """The verdict on one row of a table and the p-values behind it.

    `p`: of "no difference", all looks taken into account; `adjusted_p`: Holm's over the table; `equivalence_p`: of "a
    difference of the margin or more".
    """

    verdict: Verdict
    p: float
    adjusted_p: float
    equivalence_p: float


def verdict(estimate: float, p: float, equivalence_p: float, *, alpha: float = 0.05) -> Verdict:
    """Return the verdict of two tests: `p` of "no difference", `equivalence_p` of "the margin or more".

    helps or hurts where the first rejects, equivalent where the second does. Where both do, the difference is real and
    too small to matter (Lakens 2017): equivalent. Where neither does, the question is open; "no significant difference"
    alone never makes a row equivalent.
    """
    if equivalence_p <= alpha:
        return "equivalent"
    if p <= alpha and estimate != 0:
        return "helps" if estimate > 0 else "hurts"
    return "open"


def judge(
    rows: Sequence[Sequence[Difference | None]],
    *,
    shares: ArrayLike = (1.0,),
    margin: float | Sequence[float | None] | None = MARGIN,
    alpha: float = 0.05,
) -> list[Judgement]:
    """Return the verdicts of one table, in the order given.

    `rows`: each row's differences at the looks it has had, the first look first; a row that was decided early has
    fewer, and None is a look that had too few seeds to compare: it rejects nothing. `shares` (`hypotheses.spending`)
    says what each look may spend. Any false "helps" or "hurts" in the table: at most `alpha` (Holm over sequential
    p-values). A false "equivalent": at most `alpha` a row; `margin` is that of
    all rows, or a list of theirs, and without one (None) no row is equivalent. The direction is that of the look that
    weighs most.
    """
    parts = np.asarray(shares, dtype=np.float64)
    by_look = [[look.p_value() if look else 1.0 for look in looks] for looks in rows]
    p = [sequential_p(values, parts) for values in by_look]
    margins = margin if isinstance(margin, Sequence) else [margin] * len(rows)
    same = [
        sequential_p([look.equivalence_p(within) if look and within is not None else 1.0 for look in looks], parts)
        for looks, within in zip(rows, margins, strict=True)
    ]
    adjusted = holm(p)
    # Of a row's looks, the one that weighs most says the direction.
    deciding = [int(np.argmin([value / share for value, share in zip(v, parts, strict=False)])) for v in by_look]
    estimates = [found.estimate if (found := looks[look]) else 0.0 for looks, look in zip(rows, deciding, strict=True)]
    return [
        Judgement(verdict(estimate, float(held), equal, alpha=alpha), alone, float(held), equal)
        for estimate, alone, held, equal in zip(estimates, p, adjusted, same, strict=True)
    ]
