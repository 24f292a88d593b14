"""The outcome of a study, computed once for the report, the exported tables and the end of a launch."""

from __future__ import annotations

from dataclasses import dataclass

from results.analysis.summary import Summary, summarise
from results.database.database import Database
from results.figures.figure import Figure
from results.measurements.study_results import StudyResults
from results.report.sections import SECTIONS, BuiltSection, build_all


@dataclass(frozen=True, eq=False)
class Outcome:
    """One study at one moment: its measurements, their summary, and the report's sections."""

    database: Database
    results: StudyResults
    summary: Summary
    sections: tuple[BuiltSection, ...]

    @property
    def name(self) -> str:
        """The study's name."""
        return self.results.study.study_name

    def figures(self) -> list[Figure]:
        """Return the figures that plotly draws, in the order of the page."""
        return [figure for section in self.sections for figure in section.content.figures()]


def outcome(database: Database, name: str) -> Outcome:
    """Return the outcome of study `name`.

    Raises:
        UnknownStudy: the database has no study of that name.
    """
    results = StudyResults(database, name)
    return outcome_of(database, results, summarise(results))


def outcome_of(database: Database, results: StudyResults, summary: Summary) -> Outcome:
    """Return the outcome of a study that has been read and summarised."""
    return Outcome(database, results, summary, tuple(build_all(SECTIONS, results, summary)))
