"""What a section of the report is: one file here, one template beside it, its tables in every export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from markupsafe import Markup

from results import interval_svg
from results.contrasts import Comparison
from results.figure import Figure
from results.study_results import StudyResults
from results.summary import Summary
from results.units import Unit

if TYPE_CHECKING:
    import pandas as pd


class Content(Protocol):
    """What a section has to show: its template reads it as `it`."""

    def sentence(self) -> str:
        """What the section supports: it stands under the heading, of a folded section too."""

    def figures(self) -> Sequence[Figure]:
        """The figures that the template places, by `plot(figure)`; ids are unique in the page."""

    def tables(self) -> Mapping[str, pd.DataFrame]:
        """File name without ending -> table, for `results.export`; its rows name the runs they came from."""


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
    axis = interval_svg.axis([interval for interval in intervals if interval], unit)
    bars = [Markup(interval_svg.bar(interval, axis)) if interval else Markup() for interval in intervals]
    return Markup(interval_svg.scale(axis)), bars


class Build(Protocol):
    """From a study that was read to a section's content."""

    def __call__(self, results: StudyResults, found: Summary) -> Content | None:
        """None where the study has nothing of it: then the section is left out."""


@dataclass(frozen=True)
class Section:
    """A heading with its content: `id` is its anchor, `title` its heading, `name` a short one.

    The template is templates/sections/ID.html.j2, or figures.html.j2 where there is none of that name.
    """

    id: str
    title: str
    build: Build
    name: str = ""

    @property
    def short(self) -> str:
        """What the list of contents calls it."""
        return self.name or self.title


@dataclass(frozen=True)
class BuiltSection:
    """A section with what it shows."""

    id: str
    title: str
    short: str
    content: Content


def build_all(sections: Sequence[Section], results: StudyResults, found: Summary) -> list[BuiltSection]:
    """Those of `sections` that have something to show, in their order."""
    built = [(section, section.build(results, found)) for section in sections]
    return [
        BuiltSection(section.id, section.title, section.short, content)
        for section, content in built
        if content is not None
    ]
