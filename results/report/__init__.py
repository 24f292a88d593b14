"""The report of a study as one HTML file, for browsers, phones, keyboards and paper; it needs no network.

    python -m results.report --name N [--storage URL] [--out PATH]
    python -m results.report --name A --name B [--storage URL [--storage URL_OF_B]] [--out PATH]

The second form compares studies: the effects in A, and whether they carry over to B.

The same database gives the same bytes: the page contains neither the time nor the machine of writing.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from results import commands
from search_spaces import output
from search_spaces.output import plain

if TYPE_CHECKING:
    from results.commands import Opened
    from results.database.database import Database
    from results.report.content import Outcome


def write_report(database: Database, name: str, path: Path) -> None:
    """Write the report of study `name`, finished or not, to `path`; an old file is replaced in one step.

    Raises:
        UnknownStudy: the database has no study of that name.
    """
    from results.report.content import outcome

    write_report_of(outcome(database, name), path)


def write_report_of(study: Outcome, path: Path) -> None:
    """Write the report of a study that has been read."""
    from results.report.render import render

    commands.write_text(path, render(study))


def write_comparison(studies: Sequence[Opened], path: Path) -> list[str]:
    """Write the page that compares studies, with the first as reference, to `path`; return its conclusions as lines.

    Raises:
        UnknownStudy: a database has no study of that name.
    """
    from results.comparison.compare import compare_studies
    from results.measurements.study_results import StudyResults
    from results.report.comparison_page import in_brief, render_comparison

    comparison = compare_studies([StudyResults(database, name) for database, name in studies])
    commands.write_text(path, render_comparison(comparison))
    return in_brief(comparison)


@output.command
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = commands.parser("results.report", "Write the HTML report of a study, or compare several.", ["html"])
    parser.add_argument(
        "--out", type=Path, help="the file to write; default: runs/NAME/report.html, or comparison.html"
    )
    options = parser.parse_args(arguments)

    def write(studies: Sequence[Opened], path: Path) -> None:
        if len(studies) > 1:
            for line in write_comparison(studies, path):
                print(plain(line), file=sys.stderr)
        else:
            write_report(*studies[0], path)

    return commands.run(options, write, "report.html" if len(options.name) == 1 else "comparison.html")
