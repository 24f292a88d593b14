"""A table as the text of a file: CSV, Markdown, LaTeX or JSON, with nothing rounded but for people's eyes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from results.export.latex import cell_text, is_number, latex
from results.text.print_table import PrintTable, latex_table, markdown_table

if TYPE_CHECKING:
    import pandas as pd


def csv(frame: pd.DataFrame, name: str = "") -> str:
    """Comma separated, whole precision; what is not there is empty."""
    return str(frame.to_csv(index=False, lineterminator="\n"))


def json(frame: pd.DataFrame, name: str = "") -> str:
    """Return a list of objects, whole precision; what is not there is null, moments are ISO 8601."""
    return (
        str(frame.to_json(orient="records", date_format="iso", double_precision=15, indent=2, force_ascii=False)) + "\n"
    )


def markdown(frame: pd.DataFrame, name: str = "") -> str:
    """Return a table of GitHub-flavoured Markdown."""
    from tabulate import tabulate

    names = [str(name) for name in frame.columns]
    rows = [
        [cell_text(name, value).replace("|", "\\|") for name, value in zip(names, row, strict=True)]
        for row in frame.itertuples(index=False, name=None)
    ]
    numbers = ["right" if is_number(frame, name) else "left" for name in frame.columns]
    text = tabulate(rows, headers=list(frame.columns), tablefmt="pipe", disable_numparse=True, colalign=numbers or None)
    return f"{text}\n"


# Format -> the ending of a file, and from a table and the name of its file to the file's text.
WRITERS: Mapping[str, tuple[str, Callable[[pd.DataFrame, str], str]]] = {
    "csv": ("csv", csv),
    "md": ("md", markdown),
    "latex": ("tex", latex),
    "json": ("json", json),
}
# Of tables that are laid out for print.
PRINTED: Mapping[str, Callable[[PrintTable], str]] = {"md": markdown_table, "latex": latex_table}
