"""The end of a launch with further designs: a small table each, of what the report's sections say."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console
from sqlite import migrated

from results.analysis.comparisons import shown_interval
from results.analysis.summary import summarise
from results.database.database import open_database
from results.measurements.study_results import StudyResults
from results.report.content import outcome
from results.report.sections import added
from results.text.formatting import points_interval, points_text
from study.console.summary_designs import DesignsEnding
from tests.results.conftest import StudyMaker
from tests.results.test_design_sections import fill


@pytest.fixture
def make(tmp_path: Path) -> Iterator[StudyMaker]:
    with open_database(migrated(tmp_path)) as database:
        yield StudyMaker(database)


def shown(ending: DesignsEnding) -> str:
    text = io.StringIO()
    ending.show(Console(file=text, width=120))
    return text.getvalue()


def test_every_design_that_was_run_has_its_table_with_the_numbers_and_sections_of_the_report(make: StudyMaker) -> None:
    results = fill(make, seeds=(1000, 1001, 1002))
    found = summarise(results)
    told = shown(DesignsEnding.of(results, found))
    for title in (
        "a change of the best, averaged over the others",
        "one change of the baseline",
        "from the baseline to the best",
        "two changes together, beyond the sum",
    ):
        assert title in told
    section = added.build(results, found)
    assert section is not None and section.rows[0].alone.comparison is not None
    interval = shown_interval(section.rows[0].alone)
    assert interval is not None
    _, _, alone = told.partition("one change of the baseline")
    (line,) = [line for line in alone.splitlines() if line.startswith(f"{section.rows[0].alone.cell.factor} cls ->")]
    assert (
        points_text(interval.estimate) in line and points_interval(interval) in line and line.rstrip().endswith("helps")
    )
    assert shown(DesignsEnding.of_sections(outcome(make.database, make.name).sections, found.units.score)) == told


def test_a_study_without_designs_says_nothing(make: StudyMaker) -> None:
    make.study()
    results = StudyResults(make.database, make.name)
    assert shown(DesignsEnding.of(results, summarise(results))) == ""
