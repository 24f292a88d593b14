"""A whole table from arrays: rows against a reference, with intervals and verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from results.statistics.arrays import difference
from results.statistics.paired_noise import PairedRow, paired_row
from results.statistics.variance_shrinkage import moderated
from results.statistics.verdicts import ALPHA, MARGIN, Judgement, Verdict, judge

Tasks = Sequence[ArrayLike]  # one array (seeds, examples) per task


@dataclass(frozen=True)
class ComparedRow:
    """A row minus the reference, in score units, with the verdict.

    `low` and `high` are the interval that the verdict uses; `judgement` has its level, and what the row excludes.
    """

    estimate: float
    low: float
    high: float
    p: float
    adjusted_p: float
    verdict: Verdict
    judgement: Judgement


def compare(
    rows: Sequence[Tasks],
    reference: Tasks,
    *,
    margin: float | None = MARGIN,
    alpha: float = ALPHA,
    primary: Sequence[bool] | None = None,
) -> list[ComparedRow]:
    """Return each row minus `reference`, with its interval, p-values and verdict, as the tables of a study have them.

    A row, and the reference, is a list of arrays (seeds, examples), one per task: scores per example, more is better
    (`pearson_scores` for a correlation). The score is the mean over tasks. Row i of every array has the same seed, and
    column j of a task the same example. A row may have fewer seeds than the reference: it has its first ones.

        >>> rng = np.random.default_rng(0)
        >>> baseline = [rng.random((5, 200)) < 0.6, rng.random((5, 300)) < 0.7]
        >>> better = [task | (rng.random(task.shape) < 0.2) for task in baseline]
        >>> same = [task.copy() for task in baseline]
        >>> [row.verdict for row in compare([better, same], baseline, margin=0.01)]
        ['helps', 'equivalent']

    Raises:
        ValueError: the shapes do not fit, there are fewer than two seeds or examples, or a value is not finite.
    """
    judged = [_row(row, reference) for row in rows]
    judgements = judge([[each] for each in moderated(judged)], margin=margin, alpha=alpha, primary=primary)
    return [_compared(row, judgement) for row, judgement in zip(judged, judgements, strict=True)]


def _row(tasks: Tasks, reference: Tasks) -> PairedRow:
    if len(tasks) != len(reference):
        raise ValueError(f"a row must have the reference's {len(reference)} tasks, got {len(tasks)}")
    pairs = [(np.asarray(a, np.float64), np.asarray(b, np.float64)) for a, b in zip(tasks, reference, strict=True)]
    return paired_row([difference(a, b[: len(a)], [2]) for a, b in pairs])


def _compared(row: PairedRow, judgement: Judgement) -> ComparedRow:
    interval = judgement.interval
    assert interval is not None  # every row has at least two seeds
    p, adjusted = judgement.p, judgement.adjusted_p
    return ComparedRow(interval.estimate, interval.low, interval.high, p, adjusted, judgement.verdict, judgement)
