"""The section "Which run ran when": a timeline of lanes."""

from __future__ import annotations

from results.sections.section import OneFigure
from results.study_results import StudyResults
from results.summary import Summary
from results.timeline import timeline
from results.timeline_figure import timeline_figure, timeline_sentence


def build(results: StudyResults, found: Summary) -> OneFigure | None:
    """The timeline, and how busy the workers were; None before a run has ended."""
    lanes = timeline(results.runs)
    if not lanes.bars:
        return None
    return OneFigure(timeline_figure(lanes, results.units.score), timeline_sentence(lanes))
