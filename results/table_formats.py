"""A table as the text of a file: CSV, Markdown, LaTeX or JSON, with nothing rounded but for people's eyes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from results.latex_table import LEAST_P, is_tiny_p, latex, number_text
from results.print_table import PrintTable, latex_table, markdown_table

if TYPE_CHECKING:
    import pandas as pd


def csv(frame: pd.DataFrame, name: str = "") -> str:
    """Comma separated, whole precision; what is not there is empty."""
    return str(frame.to_csv(index=False, lineterminator="\n"))


def json(frame: pd.DataFrame, name: str = "") -> str:
    """A list of objects, whole precision; what is not there is null, moments are ISO 8601."""
    return (
        str(frame.to_json(orient="records", date_format="iso", double_precision=15, indent=2, force_ascii=False)) + "\n"
    )


def markdown(frame: pd.DataFrame, name: str = "") -> str:
    """A table of GitHub-flavoured Markdown."""
    from tabulate import tabulate

    names = [str(name) for name in frame.columns]
    shown = [[_shown(name, value) for name, value in zip(names, row, strict=True)] for row in _rows(frame)]
    rows = [[_one_line(text).replace("|", "\\|") for text in row] for row in shown]
    numbers = ["right" if _is_number(frame, name) else "left" for name in frame.columns]
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


def _rows(frame: pd.DataFrame) -> list[list[object]]:
    return [list(row) for row in frame.itertuples(index=False, name=None)]


def _shown(column: str, value: object) -> str:
    import pandas as pd

    if value is None or value is pd.NaT or value is pd.NA or value != value:
        return ""
    if is_tiny_p(column, value):
        return f"< {LEAST_P:g}"
    if isinstance(value, float):
        return number_text(value)
    return str(value)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _is_number(frame: pd.DataFrame, name: str) -> bool:
    import pandas as pd

    return bool(pd.api.types.is_numeric_dtype(frame[name]) and not pd.api.types.is_bool_dtype(frame[name]))
