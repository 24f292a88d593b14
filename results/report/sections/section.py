"""A section of the report: one file here, one template of its name, its tables in every export."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from results.analysis.comparisons import Judged, shown_interval
from results.analysis.summary import Summary
from results.figures import interval_svg
from results.figures.figure import Figure
from results.measurements.study_results import StudyResults
from results.text.units import Unit

if TYPE_CHECKING:
    import pandas as pd


class Content(ABC):
    """Content of a section; its template reads it as `it`. A section without figures or tables keeps the defaults."""

    @abstractmethod
    def sentence(self) -> str:
        """Return the section's conclusion, which is shown under the heading whether the section is folded or not."""

    def figures(self) -> Sequence[Figure]:
        """Return the figures that the template places with `plot(figure)`; their ids are unique in the page."""
        return ()

    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Return tables for `results.export`, file name without ending -> frame; their rows name their runs."""
        return {}


@dataclass(frozen=True)
class Figures(Content):
    """A sentence and figures; other tables of every export have their numbers."""

    drawn: tuple[Figure, ...]
    text: str

    def sentence(self) -> str:
        """Return the sentence."""
        return self.text

    def figures(self) -> Sequence[Figure]:
        """Return the figures in order."""
        return self.drawn


def interval_bars(rows: Sequence[Judged], unit: Unit) -> tuple[Markup, list[Markup]]:
    """Return a shared axis, and one bar per row of a table; a row without an interval has an empty bar."""
    shown = [(shown_interval(row), row.judgement) for row in rows]
    margin = next((judgement.margin for _, judgement in shown if judgement), None)
    axis = interval_svg.shared_axis([interval for interval, _ in shown if interval], unit, margin)
    bars = [interval_svg.bar(interval, axis, judgement) if interval else Markup() for interval, judgement in shown]
    return interval_svg.scale(axis), bars


@dataclass(frozen=True)
class Section:
    """A section of the page: `id` is its anchor, `title` its heading, `short` its name in the table of contents.

    The template is templates/sections/ID.html.j2, or else figures.html.j2. `build` returns the section's content, or
    None if the study has nothing to show there.
    """

    id: str
    title: str
    build: Callable[[StudyResults, Summary], Content | None]
    short: str


@dataclass(frozen=True)
class BuiltSection:
    """A section of one study, with its content."""

    id: str
    title: str
    short: str
    content: Content


def build_all(sections: Sequence[Section], results: StudyResults, summary: Summary) -> list[BuiltSection]:
    """Return those of `sections` that have something to show, in their order."""
    built = ((each, each.build(results, summary)) for each in sections)
    return [BuiltSection(each.id, each.title, each.short, content) for each, content in built if content is not None]
