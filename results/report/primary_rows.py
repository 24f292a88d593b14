"""Primary and secondary rows of an ablation table, in words."""

from __future__ import annotations

from collections.abc import Sequence

from results.analysis.ablation import AblationRow
from results.analysis.comparisons import Judged
from results.statistics.gatekeeping import SECONDARY
from results.statistics.verdicts import ALPHA


def kind(row: AblationRow, rows: Sequence[AblationRow]) -> str:
    """Return "primary" or "secondary"; "" if `rows`, the whole table, are all of one kind."""
    if row.judgement is None or len(set(_kinds(rows))) < 2:
        return ""
    return "primary" if row.judgement.primary else "secondary"


def note(rows: Sequence[Judged]) -> str:
    """Return which rows of a table are primary, and the error of each kind; "" if all rows are of one kind."""
    kinds = _kinds(rows)
    if len(set(kinds)) < 2:
        return ""
    return (
        f"Primary rows ({kinds.count(True)}, as declared before the table began) are tested first, with "
        f"{100 * ALPHA * (1 - SECONDARY):.2g} % of the 5 % chance of a wrong helps or hurts; secondary rows "
        f"({kinds.count(False)}) with {100 * ALPHA * SECONDARY:.2g} %, and more with each primary row that helps or "
        "hurts (Bretz et al. 2009)."
    )


def _kinds(rows: Sequence[Judged]) -> list[bool]:
    return [row.judgement.primary for row in rows if row.judgement]
