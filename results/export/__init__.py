"""Every table of a study as CSV, Markdown, LaTeX or JSON, and every figure of its report as SVG or PNG.

    python -m results.export --name N [--storage URL] [--out FOLDER] [--format csv|md|latex|json] [--figures svg|png]
    python -m results.export --name A --name B [--storage URL [--storage URL_OF_B]] [--out FOLDER] [--format ...]
    python -m results.export --name A [--name B ...] --findings --out FOLDER

The second writes the table of a comparison of studies (`results.report` draws it), the third pages in Markdown for a
repository (`findings_pages.py`). docs/exports.md says what is in the files, results/data/export.schema.json is the
JSON's schema.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from results import commands
from results.errors import ResultsError
from results.export.formats import PRINTED, WRITERS
from search_spaces import output

if TYPE_CHECKING:
    import pandas as pd

    from results.commands import Opened
    from results.database.database import Database
    from results.report.content import Outcome


def write_tables(database: Database, name: str, folder: Path, kind: str = "csv") -> None:
    """Write the tables of study `name` into `folder`, one file each. UnknownStudy when there is none of that name."""
    from results.report.content import outcome

    write_tables_of(outcome(database, name), folder, kind)


def write_tables_of(found: Outcome, folder: Path, kind: str = "csv") -> None:
    """Write the tables of a study into `folder`, one file each; a table without rows has its header.

    Scores are 0..1, times seconds, moments UTC; a value that is not there or not a number is empty. What follows from
    runs names them: the column run_ids, ids of the table `runs`. In Markdown and LaTeX, tables that a paper has are as
    `paper_tables` makes them.
    """
    printed = {}
    if kind in PRINTED:
        from results.report.paper_tables import paper_tables

        printed = {name: PRINTED[kind](table) for name, table in paper_tables(found.results, found.summary).items()}
    _write(tables_of(found), folder, kind, printed)


def write_figures(database: Database, name: str, folder: Path, kind: str = "svg") -> None:
    """Write the figures of study `name` into `folder`, one file each.

    FiguresError where what draws them is not installed, UnknownStudy when the database has none of that name.
    """
    from results.export.figures import images, report_figures

    for figure, image in images(report_figures(database, name), kind).items():
        commands.write_bytes(folder / f"{figure}.{kind}", image)


def tables(database: Database, name: str) -> dict[str, pd.DataFrame]:
    """`tables_of` a study by its name."""
    from results.report.content import outcome

    return tables_of(outcome(database, name))


def tables_of(found: Outcome) -> dict[str, pd.DataFrame]:
    """File name -> frame: what was recorded (runs, ...) and what follows from it (leaderboard, ...)."""
    from results.analysis.ablation import ablation_frame
    from results.analysis.grid import against_baseline_frame
    from results.analysis.leaderboard import leaderboard_frame
    from results.analysis.method_task import method_task, method_task_frame
    from results.analysis.pareto import pareto_frame
    from results.measurements.natural_tables import in_natural_units
    from results.measurements.record_frames import record_frames

    frames, results = record_frames(found.database, found.name), found.results
    against = found.summary.against_baseline if found.summary.is_grid else None
    made = {
        **{name: frames[name] for name in ("runs", "choices", "epochs", "tasks", "cells", "data_issues")},
        "leaderboard": leaderboard_frame(results),
        "ablation": ablation_frame(results),
        **({} if against is None else {"against_baseline": against_baseline_frame(results, against)}),
        "method_task": method_task_frame(method_task(results, found.summary)),
        "pareto": pareto_frame(results),
        **{table: frame for section in found.sections for table, frame in section.content.tables().items()},
    }
    # The runs have their own numbers already.
    return {
        name: frame if name == "runs" else in_natural_units(name, frame, results.units) for name, frame in made.items()
    }


def comparison_tables(studies: Sequence[Opened]) -> dict[str, pd.DataFrame]:
    """`comparison`: the effects of the first study in each of the others."""
    from results.comparison.compare import compare_studies
    from results.comparison.frame import comparison_frame
    from results.measurements.natural_tables import in_natural_units
    from results.measurements.study_results import StudyResults

    read = [StudyResults(*study) for study in studies]
    return {"comparison": in_natural_units("comparison", comparison_frame(compare_studies(read)), read[0].units)}


@output.command
def main(arguments: Sequence[str] | None = None) -> int:
    """Return the command; the exit code."""
    parser = commands.parser("results.export", "Write every table of a study, or of a comparison.", list(WRITERS))
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="default runs/NAME/tables")
    parser.add_argument(
        "--figures", choices=("svg", "png"), help="the report's figures too (pip install 'mtbert-study[figures]')"
    )
    parser.add_argument(
        "--findings",
        action="store_true",
        help="in place of tables, pages in Markdown for a repository: one a study, and the scoreboard of the claims",
    )
    given = parser.parse_args(arguments)

    def write(studies: Sequence[Opened], folder: Path) -> None:
        if given.findings:
            from results.export.findings import write_pages

            if given.figures or not given.out:
                raise ResultsError(
                    "--findings writes pages into a folder of yours, without figures: --findings --out DIR"
                )
            write_pages(studies, folder)
            return
        if len(studies) > 1:
            if given.figures:
                raise ResultsError("--figures writes the figures of one report. Give one --name.")
            _write(comparison_tables(studies), folder, given.format)
            return
        if given.figures:  # first: it is what may be missing something
            write_figures(*studies[0], folder, given.figures)
        write_tables(*studies[0], folder, given.format)

    return commands.run(given, write, "tables")


def _write(
    found: Mapping[str, pd.DataFrame], folder: Path, kind: str, printed: Mapping[str, str] | None = None
) -> None:
    """Write each table; `printed` are the texts of those that are not written column by column."""
    ending, text = WRITERS[kind]
    for table, frame in found.items():
        whole = (printed or {}).get(table)
        commands.write_text(folder / f"{table}.{ending}", text(frame, table) if whole is None else whole)
