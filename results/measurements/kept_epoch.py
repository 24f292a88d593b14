"""The epoch that a run keeps: its dev score compared with the last epoch's, and with the train score."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from results.measurements import dev_parts
from results.measurements.study_results import StudyResults
from results.text.formatting import plural

CHOSEN_ON_DEV = (
    "A run keeps the epoch with the highest dev score and reports that score. It is higher than on new data; the bias "
    "grows with the number of epochs and shrinks with the number of dev examples."
)


def disclosure(results: StudyResults) -> str:
    """Return a note on what dev scores chose: the parts of dev, or the bias where dev was not divided."""
    if divided := dev_parts.note(results.study):
        return divided
    differences = [
        run.score - run.last_score
        for run in results.runs
        if run.status == "complete" and run.score is not None and run.last_score is not None
    ]
    if not differences:
        return CHOSEN_ON_DEV
    return (
        f"{CHOSEN_ON_DEV} Over {plural(len(differences), 'complete run')} it is "
        f"{results.units.score.change(fmean(differences))} above the score after the last epoch "
        "(run.last_score), which has no such bias."
    )


def train_above_dev(results: StudyResults, run_ids: Sequence[int]) -> tuple[float, float] | None:
    """Return the mean scores of these runs on dev and on the train sample, at the kept epochs; None if one is missing.

    Studies of older releases have no train scores.
    """
    dev, train = ([results.metric(run, split, "", "score") for run in run_ids] for split in ("dev", "train"))
    scores = [score for score in (*dev, *train) if score is not None]
    if not run_ids or len(scores) < 2 * len(run_ids):
        return None
    return fmean(scores[: len(run_ids)]), fmean(scores[len(run_ids) :])
