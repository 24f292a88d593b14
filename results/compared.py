"""A table of comparisons with one reference: differences whose seed noise is pooled over the table, and verdicts.

Three seeds tell little of how much a configuration's seeds deviate; all rows together tell a lot (`moderation`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import nan

import numpy as np

from results.looks import Schedule, looks, schedule
from results.moderation import pooled
from results.statistics import Difference, Judgement, judge
from results.study_results import Comparison, StudyResults
from results.task_units import margin_of
from results.winners_curse import WinnersCurse, confirmed_means, with_most_seeds


@dataclass(frozen=True)
class Compared:
    """One row: its difference from the reference, None with fewer than two seeds in common, and the verdict on it.

    `judged`: the difference that the verdict is about, corrected for the selection bias of a reference that was chosen.
    """

    comparison: Comparison | None
    judgement: Judgement | None
    judged: Difference | None = None


def compared(results: StudyResults, digests: Sequence[str], reference: str) -> list[Compared]:
    """Each of `digests` minus `reference`, in the order given; errors are held over the whole table.

    Where the reference is the best of those confirmed, verdicts are corrected for the bias of that (`winners_curse`).
    Differences below the study's margin (`--margin`, half a point unless said) count as none. In a study that gives
    open rows further seeds, all looks at the table are accounted for.
    """
    if (plan := schedule(results.study)) is not None:
        return _looked_at(results, digests, reference, plan)
    return _compared_once(results, digests, reference)


def _looked_at(results: StudyResults, digests: Sequence[str], reference: str, plan: Schedule) -> list[Compared]:
    """The rows after the looks that they have had; before the first one differences without a verdict."""
    rows = looks(results, digests, reference, plan)
    if any(row.judgement for row in rows):
        return [
            Compared(row.comparison, row.judgement, row.differences[-1]) if row.comparison else Compared(None, None)
            for row in rows
        ]
    return [replace(row, judgement=None) for row in _compared_once(results, digests, reference)]


def _compared_once(results: StudyResults, digests: Sequence[str], reference: str) -> list[Compared]:
    plain = [results.compare(digest, reference) for digest in digests]
    found = [(place, comparison) for place, comparison in enumerate(plain) if comparison is not None]
    if not found:
        return [Compared(None, None) for _ in digests]
    scores = [_scores(results, digests[place], comparison.seeds) for place, comparison in found]
    of_reference = _scores(results, reference, tuple(results.results_of(reference)))
    differences = pooled([comparison.difference for _, comparison in found], scores, of_reference)
    margin = margin_of(results.study)
    curse = WinnersCurse(confirmed_means(results, reference))
    judged = curse.corrected(differences, differences[with_most_seeds([comparison for _, comparison in found])])
    verdicts = judge([[difference] for difference in judged], margin=margin)
    rows = [Compared(None, None)] * len(plain)
    for (place, comparison), difference, verdict, of in zip(found, differences, verdicts, judged, strict=True):
        rows[place] = Compared(replace(comparison, difference=difference), verdict, of)
    return rows


# Of a table of comparisons: difference in score units with its 95 % interval, p of no difference, Holm's over the
# table, p of a difference of the margin or more.
COLUMNS = {
    "difference": "float64",
    "low": "float64",
    "high": "float64",
    "paired_seeds": "int64",
    "interval_over": "str",
    "p": "float64",
    "adjusted_p": "float64",
    "equivalence_p": "float64",
    "verdict": "str",
}


def record(comparison: Comparison | None, judgement: Judgement | None) -> dict[str, object]:
    """A row's part in these columns."""
    return {
        "difference": comparison.interval.estimate if comparison else nan,
        "low": comparison.interval.low if comparison else nan,
        "high": comparison.interval.high if comparison else nan,
        "paired_seeds": len(comparison.seeds) if comparison else 0,
        "interval_over": comparison.over if comparison else None,
        "p": judgement.p if judgement else nan,
        "adjusted_p": judgement.adjusted_p if judgement else nan,
        "equivalence_p": judgement.equivalence_p if judgement else nan,
        "verdict": judgement.verdict if judgement else None,
    }


def _scores(results: StudyResults, digest: str, seeds: Sequence[int]) -> np.ndarray:
    runs = results.results_of(digest)
    return np.array([runs[seed].score for seed in seeds], dtype=np.float64)
