"""Score against every factor, one at a time: the search's runs and the confirmed configurations."""

from __future__ import annotations

from results.sections.section import Figures
from results.slice_figure import slice_figure, slices, slices_sentence
from results.study_results import StudyResults
from results.summary import Summary


def build(results: StudyResults, found: Summary) -> Figures | None:
    """Draw one figure with a menu of factors; None where no factor varies among what has a score."""
    factors = slices(results, found)
    if not factors:
        return None
    return Figures((slice_figure(results, found, factors),), slices_sentence(results, factors))
