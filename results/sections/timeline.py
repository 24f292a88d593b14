"""The section "Which run ran when": a timeline of lanes."""

from __future__ import annotations

from results.sections.section import Figures
from results.study_results import StudyResults
from results.summary import Summary
from results.timeline import timeline
from results.timeline_figure import timeline_figure, timeline_sentence


def build(results: StudyResults, found: Summary) -> Figures | None:
    """Draw the timeline, and say how busy the workers were; None before a run has ended."""
    lanes = timeline(results.runs)
    if not lanes.bars:
        return None
    return Figures((timeline_figure(lanes, results.units.score),), timeline_sentence(lanes))
