"""The epoch that a run keeps: how much its dev score is above the last epoch's, and the train score above it."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from results.measurements.study_results import StudyResults
from results.text.formatting import plural

CHOSEN_ON_DEV = (
    "A run keeps the epoch that did best on dev, and its dev score is that epoch's: higher than new data would give, "
    "the more so the more epochs there are to choose from and the fewer dev examples to choose by."
)


def disclosure(results: StudyResults) -> str:
    """Return what dev scores are, and how much the kept epochs of this study are above the last ones."""
    above = [
        run.score - run.last_score
        for run in results.runs
        if run.status == "complete" and run.score is not None and run.last_score is not None
    ]
    unit = results.units.score
    if not above:
        return CHOSEN_ON_DEV
    return (
        f"{CHOSEN_ON_DEV} Over {plural(len(above), 'complete run')} it is {unit.change(fmean(above))} above the "
        "score after the last epoch, which nothing was chosen by (run.last_score)."
    )


def train_above_dev(results: StudyResults, run_ids: Sequence[int]) -> tuple[float, float] | None:
    """Return the mean score of these runs on dev and on the larger sample of train, at the epoch that each keeps.

    None where one of them has no such sample, as in studies of an older release.
    """
    pairs = [(results.metric(run, "dev", "", "score"), results.metric(run, "train", "", "score")) for run in run_ids]
    known = [(dev, train) for dev, train in pairs if dev is not None and train is not None]
    if not known or len(known) < len(pairs):
        return None
    return fmean(dev for dev, _ in known), fmean(train for _, train in known)
