"""A section of the report: one file here, one template of its name, its tables in every export."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from markupsafe import Markup

from results.analysis.contrasts import Comparison
from results.analysis.summary import Summary
from results.figures import interval_svg
from results.figures.figure import Figure
from results.measurements.study_results import StudyResults
from results.text.units import Unit

if TYPE_CHECKING:
    import pandas as pd


class Content(Protocol):
    """What a section shows: its template reads it as `it`."""

    def sentence(self) -> str:
        """Return what the section shows in a sentence, which is under the heading of a folded section too."""

    def figures(self) -> Sequence[Figure]:
        """Return the figures that the template places, by `plot(figure)`; ids are unique in the page."""

    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Return tables for `results.export` by file name without ending; their rows name their runs."""


@dataclass(frozen=True)
class Figures:
    """A section of figures under their sentence, whose numbers other tables of every export have."""

    drawn: tuple[Figure, ...]
    text: str

    def sentence(self) -> str:
        """Return what the figures show."""
        return self.text

    def figures(self) -> Sequence[Figure]:
        """Return the figures in order."""
        return self.drawn

    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Return no tables."""
        return {}


def interval_bars(compared: Sequence[Comparison | None], unit: Unit) -> tuple[Markup, list[Markup]]:
    """Return a shared axis and a bar per row of a table; a row without an interval has an empty one."""
    intervals = [one.interval if one else None for one in compared]
    axis = interval_svg.shared_axis([interval for interval in intervals if interval], unit)
    bars = [interval_svg.bar(interval, axis) if interval else Markup() for interval in intervals]
    return interval_svg.scale(axis), bars


@dataclass(frozen=True)
class Section:
    """A heading with its content: `id` is its anchor, `title` its heading, `short` its name in the list of contents.

    The template is templates/sections/ID.html.j2, or figures.html.j2 where there is none of that name. `build` makes
    the content from a study that was read; None where the study has nothing of it.
    """

    id: str
    title: str
    build: Callable[[StudyResults, Summary], Content | None]
    short: str


@dataclass(frozen=True)
class BuiltSection:
    """A section with its content."""

    id: str
    title: str
    short: str
    content: Content


def build_all(sections: Sequence[Section], results: StudyResults, found: Summary) -> list[BuiltSection]:
    """Return those of `sections` that have something to show, in their order."""
    built = ((section, section.build(results, found)) for section in sections)
    return [BuiltSection(one.id, one.title, one.short, content) for one, content in built if content is not None]
