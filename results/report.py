"""One HTML file that shows a study: works from file://, without a network, on a phone, by keyboard, in print.

    python -m results.report --name N [--storage URL] [--out PATH]

The same database gives the same bytes: nothing of the moment or the machine of writing goes in.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from results import command

if TYPE_CHECKING:
    from results.records import Database


def write_report(database: Database, name: str, path: Path) -> None:
    """Write the report of study `name` to `path`, whatever state the study is in; replaced in one step.

    UnknownStudy when the database has none of that name.
    """
    from results.rendering import render_report

    command.write_text(path, render_report(database, name))


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; the exit code."""
    parser = command.parser("results.report", "Write the HTML report of a study.", ["html"])
    parser.add_argument("--out", type=Path, help="the file to write (default runs/NAME/report.html)")
    given = parser.parse_args(arguments)
    return command.run(given, lambda database, path: write_report(database, given.name, path), "report.html")


if __name__ == "__main__":
    sys.exit(main())
