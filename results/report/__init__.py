"""One HTML file that shows a study: works from file://, without a network, on a phone, by keyboard, in print.

    python -m results.report --name N [--storage URL] [--out PATH]
    python -m results.report --name A --name B [--storage URL [--storage URL_OF_B]] [--out PATH]

The second compares studies: what A found, and whether it carries over to B.

The same database gives the same bytes: nothing of the moment or the machine of writing goes in.
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
    """Write the report of study `name` to `path`, whatever state the study is in; replaced in one step.

    UnknownStudy when the database has none of that name.
    """
    from results.report.content import outcome

    write_report_of(outcome(database, name), path)


def write_report_of(study: Outcome, path: Path) -> None:
    """Write the report of a study that was read already."""
    from results.report.render import render

    commands.write_text(path, render(study))


def write_comparison(studies: Sequence[Opened], path: Path) -> list[str]:
    """Write the page that compares two studies or more to `path`; the first is the reference. What it says in brief.

    UnknownStudy when a database has none of the name.
    """
    from results.comparison.compare import compare_studies
    from results.measurements.study_results import StudyResults
    from results.report.comparison_page import in_brief, render_comparison

    comparison = compare_studies([StudyResults(database, name) for database, name in studies])
    commands.write_text(path, render_comparison(comparison))
    return in_brief(comparison)


@output.command
def main(arguments: Sequence[str] | None = None) -> int:
    """Return the command; the exit code."""
    parser = commands.parser("results.report", "Write the HTML report of a study, or compare several.", ["html"])
    parser.add_argument(
        "--out", type=Path, help="the file to write (default runs/NAME/report.html, or comparison.html)"
    )
    given = parser.parse_args(arguments)

    def write(studies: Sequence[Opened], path: Path) -> None:
        if len(studies) > 1:
            for line in write_comparison(studies, path):
                print(plain(line), file=sys.stderr)
        else:
            write_report(*studies[0], path)

    return commands.run(given, write, "report.html" if len(given.name) == 1 else "comparison.html")
