"""Tables of contrasts, with differences from one reference or any others, and verdicts.

Three seeds are too few to estimate the noise of one row, so it is moderated over all rows (`variance_shrinkage`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from results.analysis.contrasts import (
    SCORE,
    Comparison,
    Weights,
    common_seeds,
    compare,
    contrast,
    moderated_contrasts,
    telling,
)
from results.analysis.leaderboard import baseline_digest
from results.analysis.sequential import interim_analyses, schedule
from results.analysis.winners_curse import WinnersCurse, reference_bias
from results.measurements.study_results import StudyResults
from results.measurements.task_units import margin_of
from results.statistics import Interval, Judgement, judge

# The columns of an export that are fields of a judgement.
JUDGED_COLUMNS = (
    "p", "adjusted_p", "equivalence_p", "no_gain_p", "no_loss_p", "within", "identical", "primary", "verdict",
)  # fmt: skip


class Judged(Protocol):
    """Row of a table: its comparison (None with fewer than two common seeds) and the verdict on it."""

    @property
    def comparison(self) -> Comparison | None:
        """The contrast."""

    @property
    def judgement(self) -> Judgement | None:
        """The verdict."""


@dataclass(frozen=True)
class JudgedComparison:
    """One row: its contrast (None with fewer than two common seeds) and the verdict on it."""

    comparison: Comparison | None
    judgement: Judgement | None


def compare_all(
    results: StudyResults, digests: Sequence[str], reference: str, primary: Collection[str] | None = None
) -> list[JudgedComparison]:
    """Return each of `digests` minus `reference`, in this order; error rates are controlled over the whole table.

    `primary` are the digests whose rows are tested before the others (`gatekeeping`); default: all.

    Differences are corrected for the selection bias of the best (`winners_curse`). Differences below the study's margin
    (`--margin`, a point by default) count as none. If open rows get further seeds, error rates are controlled over
    all interim analyses.
    """
    if (plan := schedule(results.study)) is None:
        return _compare_once(results, digests, reference, primary)
    rows = interim_analyses(results, digests, reference, plan, primary=primary)
    if any(row.judgement for row in rows):
        missing = JudgedComparison(None, None)
        judged = [JudgedComparison(row.comparison, row.judgement) for row in rows]
        return [row if row.comparison else missing for row in judged]
    return [replace(row, judgement=None) for row in _compare_once(results, digests, reference, primary)]


def judged_contrasts(results: StudyResults, rows: Sequence[Weights]) -> list[JudgedComparison]:
    """Return each row's contrast in score with its verdict; error rates are controlled over the whole table.

    At most the requested number of seeds is used. Differences below the study's margin count as none. A row has no
    contrast if its configurations share fewer than two seeds, or if it has no configuration.
    """
    requested = results.study.settings_json.get("seeds")
    plain = [contrast(results, {SCORE: row}, seeds=common_seeds(results, list(row))[:requested]) for row in rows]
    also = telling(results, baseline_digest(results))
    return _judged(results, plain, also, WinnersCurse())


def _compare_once(
    results: StudyResults, digests: Sequence[str], reference: str, primary: Collection[str] | None
) -> list[JudgedComparison]:
    """Return the rows of a table that has no interim analyses."""
    plain = [compare(results, digest, reference) for digest in digests]
    curse = reference_bias(results, reference)
    also = telling(results, reference, without=digests)
    return _judged(results, plain, also, curse, [primary is None or digest in primary for digest in digests])


def _judged(
    results: StudyResults,
    plain: Sequence[Comparison | None],
    also: Sequence[Comparison],
    curse: WinnersCurse,
    primary: Sequence[bool] | None = None,
) -> list[JudgedComparison]:
    """Return the contrasts with noise moderated over them and `also`, and their verdicts; missing ones stay missing."""
    measured = {place: one for place, one in enumerate(plain) if one is not None}
    comparisons = {place: curse.correct(one) for place, one in moderated_contrasts(measured, also).items()}
    rows = [JudgedComparison(None, None)] * len(plain)
    first = None if primary is None else [primary[place] for place in comparisons]
    verdicts = judge([[one.difference] for one in comparisons.values()], margin=margin_of(results.study), primary=first)
    for (place, one), verdict in zip(comparisons.items(), verdicts, strict=True):
        rows[place] = JudgedComparison(one, verdict)
    return rows


def shown_interval(row: Judged) -> Interval | None:
    """Return the interval that a row's verdict uses; before there is a verdict, the 95 % one of the row alone."""
    if row.judgement is not None and row.judgement.interval is not None:
        return row.judgement.interval
    return row.comparison.interval if row.comparison is not None else None


def judged_record(row: Judged) -> dict[str, object]:
    """Return the exports' columns for a comparison and its verdict; columns of a missing one are left out."""
    comparison, judgement, interval = row.comparison, row.judgement, shown_interval(row)
    columns: dict[str, object] = {"paired_seeds": 0}
    if comparison and interval:
        single = comparison.interval
        columns = {"difference": interval.estimate, "low": interval.low, "high": interval.high}
        columns |= {"interval_level": judgement.level if judgement else comparison.level}
        columns |= {"single_low": single.low, "single_high": single.high}
        columns |= {"paired_seeds": len(comparison.seeds), "interval_over": comparison.over}
    if judgement:
        columns |= {name: getattr(judgement, name) for name in JUDGED_COLUMNS}
    return columns
