"""Every table of a study as CSV, Markdown, LaTeX or JSON.

python -m results.export --name N [--storage URL] [--out FOLDER] [--format csv|md|latex|json]
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from results import command
from results.table_formats import WRITERS

if TYPE_CHECKING:
    import pandas as pd

    from results.records import Database


def write_tables(database: Database, name: str, folder: Path, kind: str = "csv") -> None:
    """Write the tables of study `name` into `folder`, one file each; a table without rows has its header.

    Scores are 0..1, times seconds, moments UTC; a value that is not there or not a number is empty. What follows from
    runs names them: the column run_ids, ids of the table `runs`. UnknownStudy when the database has none of that name.
    """
    ending, text = WRITERS[kind]
    for table, frame in tables(database, name).items():
        command.write_text(folder / f"{table}.{ending}", text(frame))


def tables(database: Database, name: str) -> dict[str, pd.DataFrame]:
    """File name -> frame: what was recorded (runs, ...) and what follows from it (leaderboard, ...)."""
    from results.ablation import ablation_frame
    from results.frames import study_frames
    from results.leaderboard import leaderboard_frame
    from results.pareto import pareto_frame
    from results.sections import SECTIONS, build_all
    from results.study_results import StudyResults
    from results.summary import summarise

    frames = study_frames(database, name)
    results = StudyResults(database, name)
    sections = build_all(SECTIONS, results, summarise(results))
    return {
        "runs": frames.runs,
        "choices": frames.choices,
        "epochs": frames.epochs,
        "tasks": frames.tasks,
        "cells": frames.cells,
        "data_issues": frames.data_issues,
        "leaderboard": leaderboard_frame(results),
        "ablation": ablation_frame(results),
        "pareto": pareto_frame(results),
        **{table: frame for section in sections for table, frame in section.content.tables().items()},
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; the exit code."""
    parser = command.parser("results.export", "Write every table of a study.", list(WRITERS))
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="default runs/NAME/tables")
    given = parser.parse_args(arguments)

    def write(database: Database, folder: Path) -> None:
        write_tables(database, given.name, folder, given.format)

    return command.run(given, write, "tables")


if __name__ == "__main__":
    sys.exit(main())
