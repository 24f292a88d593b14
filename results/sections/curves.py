"""The section "How training went": scores by epoch, on dev and on train, and the gap between them."""

from __future__ import annotations

from results.figures import learning_curves
from results.sections.section import Figures
from results.study_results import StudyResults
from results.summary import Summary

SENTENCE = "The score by epoch: single runs, and best and baseline as means over their seeds."


def build(results: StudyResults, found: Summary) -> Figures | None:
    """Draw the learning curves; None before any epoch was scored."""
    drawn = learning_curves(results, found)
    return Figures((drawn,), SENTENCE) if drawn is not None else None
