"""Tables of contrasts: differences from one reference, or any others, with pooled seed noise and verdicts.

Three seeds tell little of how much a configuration's seeds deviate; all rows together tell a lot (`moderation`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from results.analysis.contrasts import (
    SCORE,
    Comparison,
    Weights,
    common_seeds,
    compare,
    contrast,
    weights_of,
    with_pooled_noise,
)
from results.analysis.sequential import Schedule, interim_analyses, schedule
from results.analysis.winners_curse import WinnersCurse, confirmed_means, with_most_seeds
from results.measurements.study_results import StudyResults
from results.measurements.task_units import margin_of
from results.statistics import Difference, Judgement, judge


@dataclass(frozen=True)
class JudgedComparison:
    """One row: its contrast, None with fewer than two seeds in common, and the verdict on it.

    `judged`: the difference that the verdict is about, corrected for the selection bias of a reference that was chosen.
    """

    comparison: Comparison | None
    judgement: Judgement | None
    judged: Difference | None = None


def compare_all(results: StudyResults, digests: Sequence[str], reference: str) -> list[JudgedComparison]:
    """Return each of `digests` minus `reference`, in the order given; errors are held over the whole table.

    Where the reference is the best of those confirmed, verdicts are corrected for the bias of that (`winners_curse`).
    Differences below the study's margin (`--margin`, half a point by default) count as none. In a study that gives
    open rows further seeds, all looks at the table are accounted for.
    """
    if (plan := schedule(results.study)) is not None:
        return _looked_at(results, digests, reference, plan)
    return _compared_once(results, digests, reference)


def judged_contrasts(results: StudyResults, rows: Sequence[Weights]) -> list[JudgedComparison]:
    """Return each row's contrast in score with its verdict, in the order given; errors are held over the whole table.

    Over as many seeds as the study asks for. Differences below the study's margin count as none. A row without two
    seeds in common in all its configurations, or without any configuration, has neither.
    """
    asked = results.study.settings_json.get("seeds")
    plain = [
        contrast(results, {SCORE: row}, seeds=common_seeds(results, list(row))[:asked], closed_form=True)
        for row in rows
    ]
    measured = [row for row, one in zip(rows, plain, strict=True) if one is not None]
    scores = {digest: results.scores(digest) for row in measured for digest in row}
    return _judged(results, plain, rows, scores, WinnersCurse(()))


def _looked_at(results: StudyResults, digests: Sequence[str], reference: str, plan: Schedule) -> list[JudgedComparison]:
    """Return the rows after the looks that they have had; before the first one differences without a verdict."""
    rows = interim_analyses(results, digests, reference, plan)
    if any(row.judgement for row in rows):
        return [
            JudgedComparison(row.comparison, row.judgement, row.differences[-1])
            if row.comparison
            else JudgedComparison(None, None)
            for row in rows
        ]
    return [replace(row, judgement=None) for row in _compared_once(results, digests, reference)]


def _compared_once(results: StudyResults, digests: Sequence[str], reference: str) -> list[JudgedComparison]:
    plain = [compare(results, digest, reference) for digest in digests]
    scores = {reference: results.scores(reference)}
    for digest, one in zip(digests, plain, strict=True):
        if one is not None:
            scores[digest] = results.scores(digest, one.seeds)
    curse = WinnersCurse(confirmed_means(results, reference))
    return _judged(results, plain, [weights_of([digest], [reference]) for digest in digests], scores, curse)


def _judged(
    results: StudyResults,
    plain: Sequence[Comparison | None],
    weights: Sequence[Weights],
    scores: Mapping[str, Sequence[float]],
    curse: WinnersCurse,
) -> list[JudgedComparison]:
    """Return the contrasts with the seed noise of the table and their verdicts, those that there are."""
    measured = {place: one for place, one in enumerate(plain) if one is not None}
    found = with_pooled_noise(measured, dict(enumerate(weights)), scores)
    rows = [JudgedComparison(None, None)] * len(plain)
    if not found:
        return rows
    comparisons = list(found.values())
    differences = [one.difference for one in comparisons]
    judged = curse.corrected(differences, differences[with_most_seeds(comparisons)])
    verdicts = judge([[difference] for difference in judged], margin=margin_of(results.study))
    for (place, one), verdict, of in zip(found.items(), verdicts, judged, strict=True):
        rows[place] = JudgedComparison(one, verdict, of)
    return rows


def judged_record(comparison: Comparison | None, judgement: Judgement | None) -> dict[str, object]:
    """Return the columns of a comparison in the exports' tables; without one, or a verdict, theirs are missing."""
    columns: dict[str, object] = {"paired_seeds": 0}
    if comparison:
        interval = comparison.interval
        columns = {"difference": interval.estimate, "low": interval.low, "high": interval.high}
        columns |= {"paired_seeds": len(comparison.seeds), "interval_over": comparison.over}
    if judgement:
        columns |= {"p": judgement.p, "adjusted_p": judgement.adjusted_p, "equivalence_p": judgement.equivalence_p}
        columns["verdict"] = judgement.verdict
    return columns
