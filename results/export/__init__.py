"""Tables of a study as CSV, Markdown, LaTeX or JSON, and the figures of its report as SVG or PNG.

    python -m results.export --name N [--storage URL] [--out FOLDER] [--format csv|md|latex|json] [--figures svg|png]
    python -m results.export --name A --name B [--storage URL [--storage URL_OF_B]] [--out FOLDER] [--format ...]
    python -m results.export --name A [--name B ...] --findings --out FOLDER

The second form writes the table of a comparison of studies, the third Markdown pages for a repository (findings.py).
docs/exports.md describes the files, and results/data/export.schema.json is the schema of the JSON.
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
    """Write the tables of study `name` into `folder`, one file each.

    Raises:
        UnknownStudy: the database has no study of that name.
    """
    from results.report.content import outcome

    write_tables_of(outcome(database, name), folder, kind)


def write_tables_of(study: Outcome, folder: Path, kind: str = "csv") -> None:
    """Write the tables of a study that has been read into `folder`, one file each, with a header even without rows.

    Scores are 0..1, durations in seconds, times in UTC; missing values and NaN are empty. The column run_ids has the
    runs that a row was computed from. Markdown and LaTeX have the tables of `paper_tables` instead of the full ones.
    """
    printed = {}
    if kind in PRINTED:
        from results.report.paper_tables import paper_tables

        printed = {name: PRINTED[kind](table) for name, table in paper_tables(study.results, study.summary).items()}
    _write(tables_of(study), folder, kind, printed)


def write_figures(database: Database, name: str, folder: Path, kind: str = "svg") -> None:
    """Write the figures of study `name` into `folder`, one file each.

    Raises:
        FiguresError: kaleido or Chromium is not installed.
        UnknownStudy: the database has no study of that name.
    """
    from results.export.figures import images, report_figures

    for figure, image in images(report_figures(database, name), kind).items():
        commands.write_bytes(folder / f"{figure}.{kind}", image)


def tables(database: Database, name: str) -> dict[str, pd.DataFrame]:
    """Return the tables of study `name`, file name -> frame.

    Raises:
        UnknownStudy: the database has no study of that name.
    """
    from results.report.content import outcome

    return tables_of(outcome(database, name))


def tables_of(study: Outcome) -> dict[str, pd.DataFrame]:
    """Return the recorded tables (runs, ...) and the derived ones (leaderboard, ...), file name -> frame."""
    from results.analysis.ablation import ablation_frame
    from results.analysis.grid import against_baseline_frame
    from results.analysis.leaderboard import leaderboard_frame
    from results.analysis.method_task import method_task, method_task_frame
    from results.analysis.pareto import pareto_frame
    from results.measurements.natural_tables import in_natural_units
    from results.measurements.record_frames import record_frames

    frames, results = record_frames(study.database, study.name), study.results
    against = study.summary.against_baseline if study.summary.is_grid else None
    tables = {
        **{name: frames[name] for name in ("runs", "choices", "epochs", "tasks", "cells", "data_issues")},
        "leaderboard": leaderboard_frame(results),
        "ablation": ablation_frame(results),
        **({} if against is None else {"against_baseline": against_baseline_frame(results, against)}),
        "method_task": method_task_frame(method_task(results, study.summary)),
        "pareto": pareto_frame(results),
        **{table: frame for section in study.sections for table, frame in section.content.tables().items()},
    }
    # The runs are in natural units already.
    return {
        name: frame if name == "runs" else in_natural_units(name, frame, results.units)
        for name, frame in tables.items()
    }


def comparison_tables(studies: Sequence[Opened]) -> dict[str, pd.DataFrame]:
    """Return the table `comparison`: the effects of the first study in each of the others."""
    from results.comparison.compare import compare_studies
    from results.comparison.frame import comparison_frame
    from results.measurements.natural_tables import in_natural_units
    from results.measurements.study_results import StudyResults

    results = [StudyResults(*study) for study in studies]
    return {"comparison": in_natural_units("comparison", comparison_frame(compare_studies(results)), results[0].units)}


@output.command
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = commands.parser("results.export", "Write every table of a study, or of a comparison.", list(WRITERS))
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="the folder to write into; default: runs/NAME/tables"
    )
    parser.add_argument(
        "--figures",
        choices=("svg", "png"),
        help="also write the report's figures (pip install 'mtbert-study[figures]')",
    )
    parser.add_argument(
        "--findings",
        action="store_true",
        help="instead of tables, write Markdown pages for a repository: one per study, and a scoreboard of the claims",
    )
    options = parser.parse_args(arguments)

    def write(studies: Sequence[Opened], folder: Path) -> None:
        if options.findings:
            from results.export.findings import write_pages

            if options.figures or not options.out:
                raise ResultsError("--findings needs a folder for its pages, and has no figures: --findings --out DIR")
            write_pages(studies, folder)
            return
        if len(studies) > 1:
            if options.figures:
                raise ResultsError("--figures writes the figures of one study's report. Give one --name.")
            _write(comparison_tables(studies), folder, options.format)
            return
        if options.figures:  # first, because kaleido or Chromium may be missing
            write_figures(*studies[0], folder, options.figures)
        write_tables(*studies[0], folder, options.format)

    return commands.run(options, write, "tables")


def _write(
    frames: Mapping[str, pd.DataFrame], folder: Path, kind: str, printed: Mapping[str, str] | None = None
) -> None:
    """Write each table; `printed` has the text of those that are laid out for print."""
    ending, write = WRITERS[kind]
    for table, frame in frames.items():
        text = (printed or {}).get(table)
        commands.write_text(folder / f"{table}.{ending}", write(frame, table) if text is None else text)
