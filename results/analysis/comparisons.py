"""Tables of contrasts, with differences from one reference or any others, pooled seed noise, and verdicts.

Three seeds are too few to estimate the variance of one configuration, so it is shrunk towards that of all rows
(`variance_shrinkage`).
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
from results.analysis.sequential import interim_analyses, schedule
from results.analysis.winners_curse import WinnersCurse, confirmed_means
from results.measurements.study_results import StudyResults
from results.measurements.task_units import margin_of
from results.statistics import Difference, Judgement, judge


@dataclass(frozen=True)
class JudgedComparison:
    """One row: its contrast (None with fewer than two common seeds) and the verdict on it.

    `judged` is the difference that the verdict is about: corrected for the selection bias of the reference.
    """

    comparison: Comparison | None
    judgement: Judgement | None
    judged: Difference | None = None


def compare_all(results: StudyResults, digests: Sequence[str], reference: str) -> list[JudgedComparison]:
    """Return each of `digests` minus `reference`, in this order; error rates are controlled over the whole table.

    Verdicts are corrected for the selection bias of the best (`winners_curse`). Differences below the study's margin
    (`--margin`, half a point by default) count as none. If open rows get further seeds, error rates are controlled over
    all interim analyses.
    """
    if (plan := schedule(results.study)) is None:
        return _compare_once(results, digests, reference)
    rows = interim_analyses(results, digests, reference, plan)
    if any(row.judgement for row in rows):
        missing = JudgedComparison(None, None)
        judged = [JudgedComparison(row.comparison, row.judgement, row.differences[-1]) for row in rows]
        return [row if row.comparison else missing for row in judged]
    return [replace(row, judgement=None) for row in _compare_once(results, digests, reference)]


def judged_contrasts(results: StudyResults, rows: Sequence[Weights]) -> list[JudgedComparison]:
    """Return each row's contrast in score with its verdict; error rates are controlled over the whole table.

    At most the requested number of seeds is used. Differences below the study's margin count as none. A row has no
    contrast if its configurations share fewer than two seeds, or if it has no configuration.
    """
    requested = results.study.settings_json.get("seeds")
    plain = [
        contrast(results, {SCORE: row}, seeds=common_seeds(results, list(row))[:requested], closed_form=True)
        for row in rows
    ]
    measured = [row for row, one in zip(rows, plain, strict=True) if one is not None]
    scores = {digest: results.scores(digest) for row in measured for digest in row}
    return _judged(results, plain, rows, scores, WinnersCurse(()))


def _compare_once(results: StudyResults, digests: Sequence[str], reference: str) -> list[JudgedComparison]:
    """Return the rows of a table that has no interim analyses."""
    plain = [compare(results, digest, reference) for digest in digests]
    scores = {digest: results.scores(digest, one.seeds) for digest, one in zip(digests, plain, strict=True) if one}
    weights = [weights_of([digest], [reference]) for digest in digests]
    curse = WinnersCurse(confirmed_means(results, reference))
    return _judged(results, plain, weights, {reference: results.scores(reference), **scores}, curse)


def _judged(
    results: StudyResults,
    plain: Sequence[Comparison | None],
    weights: Sequence[Weights],
    scores: Mapping[str, Sequence[float]],
    curse: WinnersCurse,
) -> list[JudgedComparison]:
    """Return the contrasts with pooled seed noise and their verdicts; a missing contrast stays missing."""
    measured = {place: one for place, one in enumerate(plain) if one is not None}
    comparisons = with_pooled_noise(measured, dict(enumerate(weights)), scores)
    rows = [JudgedComparison(None, None)] * len(plain)
    judged = curse.correct_all(list(comparisons.values()))
    verdicts = judge([[difference] for difference in judged], margin=margin_of(results.study))
    for (place, one), verdict, difference in zip(comparisons.items(), verdicts, judged, strict=True):
        rows[place] = JudgedComparison(one, verdict, difference)
    return rows


def judged_record(comparison: Comparison | None, judgement: Judgement | None) -> dict[str, object]:
    """Return the exports' columns for a comparison and its verdict; columns of a missing one are left out."""
    columns: dict[str, object] = {"paired_seeds": 0}
    if comparison:
        interval = comparison.interval
        columns = {"difference": interval.estimate, "low": interval.low, "high": interval.high}
        columns |= {"paired_seeds": len(comparison.seeds), "interval_over": comparison.over}
    if judgement:
        columns |= {"p": judgement.p, "adjusted_p": judgement.adjusted_p, "equivalence_p": judgement.equivalence_p}
        columns["verdict"] = judgement.verdict
    return columns
