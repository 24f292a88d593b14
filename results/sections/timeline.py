"""The section "Which run ran when": a timeline of lanes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from results.figures import Figure
from results.study_results import StudyResults
from results.summary import Summary
from results.timeline import timeline
from results.timeline_figure import timeline_figure, timeline_sentence

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class TimelineSection:
    """The figure, and how busy the workers were."""

    drawn: Figure
    told: str

    def sentence(self) -> str:
        """How long, on how many at a time, how busy."""
        return self.told

    def figures(self) -> Sequence[Figure]:
        """The timeline."""
        return (self.drawn,)

    def tables(self) -> Mapping[str, pd.DataFrame]:
        """None of its own: the table of runs has starts and ends."""
        return {}


def build(results: StudyResults, found: Summary) -> TimelineSection | None:
    """None before a run has ended."""
    lanes = timeline(results.runs)
    return (
        TimelineSection(timeline_figure(lanes, results.units.score), timeline_sentence(lanes)) if lanes.bars else None
    )
