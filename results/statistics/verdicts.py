"""Verdicts on the differences of a table, with its error controlled: helps, hurts, equivalent, or open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from results.statistics.differences import Difference
from results.statistics.hypothesis_tests import holm, sequential_p

MARGIN = 0.005  # half a point: smaller differences do not matter

Verdict = Literal["helps", "hurts", "equivalent", "open"]


@dataclass(frozen=True)
class Judgement:
    """Verdict on one row of a table, with its p-values.

    `p`: of "no difference", over all interim analyses; `adjusted_p`: the same, adjusted by Holm's method over the
    table; `equivalence_p`: of "a difference of at least the margin".
    """

    verdict: Verdict
    p: float
    adjusted_p: float
    equivalence_p: float


def verdict(estimate: float, p: float, equivalence_p: float, *, alpha: float = 0.05) -> Verdict:
    """Return the verdict of two tests: `p` of "no difference", `equivalence_p` of "at least the margin".

    helps or hurts if the first rejects, equivalent if the second does. If both do, the difference is real but too small
    to matter (Lakens 2017): equivalent. If neither does, the verdict is open: the lack of a significant difference does
    not make a row equivalent.
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
    """Return the verdicts on the rows of one table, in their order.

    The probability of any false "helps" or "hurts" in the table is at most `alpha` (Holm over sequential p-values);
    that of a false "equivalent" is at most `alpha` per row.

    Args:
        rows: each row's differences at its interim analyses, in order. A row that was decided early has fewer; None is
            an analysis with too few seeds to compare, and rejects nothing.
        shares: the share of the error that each analysis may spend (`hypothesis_tests.spending`).
        margin: the equivalence margin of all rows, or a list of one per row; None makes no row equivalent.
        alpha: the error of the table.
    """
    spent = np.asarray(shares, dtype=np.float64)
    margins = margin if isinstance(margin, Sequence) else [margin] * len(rows)
    p_by_row = [[result.p_value() if result else 1.0 for result in row] for row in rows]
    p = [sequential_p(values, spent) for values in p_by_row]
    judgements = []
    for row, row_margin, values, row_p, adjusted in zip(rows, margins, p_by_row, p, holm(p).tolist(), strict=True):
        equivalence = [r.equivalence_p(row_margin) if r and row_margin is not None else 1.0 for r in row]
        equivalence_p = sequential_p(equivalence, spent)
        deciding = row[int(np.argmin(values / spent[: len(values)]))]  # the analysis with the strongest evidence
        estimate = deciding.estimate if deciding else 0.0
        judgements.append(
            Judgement(verdict(estimate, adjusted, equivalence_p, alpha=alpha), row_p, adjusted, equivalence_p)
        )
    return judgements
