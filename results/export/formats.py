"""A table as the text of a file: CSV and JSON in full precision, Markdown and LaTeX rounded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from results.export.latex import cell_text, is_number, latex
from results.text.print_table import PrintTable, latex_table, markdown_table

if TYPE_CHECKING:
    import pandas as pd


def csv(frame: pd.DataFrame, name: str = "") -> str:
    """Return comma-separated values in full precision; missing values are empty."""
    return str(frame.to_csv(index=False, lineterminator="\n"))


def json(frame: pd.DataFrame, name: str = "") -> str:
    """Return a JSON list of objects in full precision; missing values are null, times are ISO 8601."""
    return (
        str(frame.to_json(orient="records", date_format="iso", double_precision=15, indent=2, force_ascii=False)) + "\n"
    )


def markdown(frame: pd.DataFrame, name: str = "") -> str:
    """Return a table in GitHub-flavoured Markdown."""
    from tabulate import tabulate

    names = [str(name) for name in frame.columns]
    rows = [
        [cell_text(name, value).replace("|", "\\|") for name, value in zip(names, row, strict=True)]
        for row in frame.itertuples(index=False, name=None)
    ]
    numbers = ["right" if is_number(frame, name) else "left" for name in frame.columns]
    text = tabulate(rows, headers=list(frame.columns), tablefmt="pipe", disable_numparse=True, colalign=numbers or None)
    return f"{text}\n"


# Format -> file ending, and writer: (frame, name of the file) -> text.
WRITERS: Mapping[str, tuple[str, Callable[[pd.DataFrame, str], str]]] = {
    "csv": ("csv", csv),
    "md": ("md", markdown),
    "latex": ("tex", latex),
    "json": ("json", json),
}
# The same for tables that are laid out for print.
PRINTED: Mapping[str, Callable[[PrintTable], str]] = {"md": markdown_table, "latex": latex_table}
