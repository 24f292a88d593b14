"""A frame for print: LaTeX with booktabs, what people read of it, the best row bold, verdicts as daggers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from results.text.print_table import PrintColumn, PrintTable, latex_table

if TYPE_CHECKING:
    import pandas as pd

MOST_CHARACTERS = 60  # of a text in a cell; the whole is in the other formats
SHOWN_DIGITS = 4  # of a score 0..1: a hundredth of a point
LEAST_P = 10**-SHOWN_DIGITS
MINUS = "\N{MINUS SIGN}"

# A column that judges a number, and that number's column. The daggers stand at the number.
_JUDGED = (("verdict", "difference"), ("reference_verdict", "reference_effect"), ("study_verdict", "study_effect"))
DAGGERS: Mapping[str, str] = {
    "helps": r"\dagger",
    "hurts": r"\dagger",
    "replicated": r"\dagger",
    "contradicted": r"\dagger",
    "differs": r"\dagger",
    "reverses": r"\dagger",
    "equivalent": r"\ddagger",
    "carries over": r"\ddagger",
}
_SHOWN = {r"\dagger": "†", r"\ddagger": "‡"}
_NOTES = {
    r"\dagger": "differs from 0, error held over the table",
    r"\ddagger": "surely within the margin",
}
_COMPARED_NOTES = {
    r"\dagger": "an effect differs from 0, effects differ from each other; error held over the table",
    r"\ddagger": "an effect is surely within the margin, or carries over",
}
# What leads from a row to its records is for programs: other formats have it.
_FOR_PROGRAMS = re.compile(r"(^|_)(run_ids|config_digest|[a-z]+_json)$|^(is_best|is_baseline)$")


def latex(frame: pd.DataFrame, name: str = "table", caption: str = "") -> str:
    """Return the table as floats that fit a page (`print_table`), every text escaped; `name` is that of its label.

    Columns that are for programs (ids of runs, digests, JSON, names of cells where others say what a row is) are left
    out, `low` and `high` become one, numbers have four digits, long texts are cut. The best row of a table that has a
    best is bold; at a difference, a dagger says that it is told from 0 and a double dagger that it is surely within the
    margin.
    """
    names = [str(one) for one in frame.columns]
    columns = [_Column(one, frame) for one in names if not _FOR_PROGRAMS.search(one) and not _is_cell(one, names)]
    columns = [column for column in columns if not column.is_upper_end]
    rows = frame.to_dict("records")
    marks = [
        (place, at, mark)
        for place, row in enumerate(rows)
        for at, column in enumerate(columns)
        if (mark := column.mark(row))
    ]
    notes = _COMPARED_NOTES if "reference_verdict" in names else _NOTES
    used = [f"{_SHOWN[mark]}: {notes[mark]}." for mark in notes if any(mark == one for _, _, one in marks)]
    bold = [(place, at) for place, row in enumerate(rows) if row.get("is_best") is True for at in range(len(columns))]
    return latex_table(
        PrintTable(
            name=name,
            caption=" ".join([caption or f"{name.replace('_', ' ')}.", *used]),
            columns=tuple(PrintColumn((column.heading,), column.alignment) for column in columns),
            rows=tuple(tuple(column.cell(row) for column in columns) for row in rows),
            bold=frozenset(bold),
            marks=tuple(marks),
        )
    )


def _is_cell(column: str, names: Sequence[str]) -> bool:
    """Return whether a column has names of cells ("confirm:1"), and another one says what is compared."""
    return column in ("cell", "cells") and not {"factor", "recipe", "label"}.isdisjoint(names)


class _Column:
    """One column of the printed table."""

    def __init__(self, name: str, frame: pd.DataFrame) -> None:
        names = [str(each) for each in frame.columns]
        high = re.sub(r"low$", "high", name)
        is_pair = re.search(r"(^|_)low$", name) is not None and high in names
        self.name, self._high = name, high if is_pair else None
        low = re.sub(r"high$", "low", name)
        self.is_upper_end = low != name and re.search(r"(^|_)low$", low) is not None and low in names
        self._verdict = next((verdict for verdict, of in _JUDGED if of == name and verdict in names), None)
        self.heading = (re.sub(r"low$", "95 % interval", name) if is_pair else name).replace("_", " ")
        self.alignment: Literal["l", "r"] = "r" if is_number(frame, name) else "l"

    def cell(self, row: Mapping[object, object]) -> str:
        """Return the text of a row's cell."""
        if self._high is None:
            return _printed(self.name, row[self.name])
        ends = _printed(self.name, row[self.name]), _printed(self._high, row[self._high])
        return f"[{ends[0]}, {ends[1]}]" if all(ends) else ""

    def mark(self, row: Mapping[object, object]) -> str:
        """Return the dagger at a row's cell."""
        return DAGGERS.get(str(row.get(self._verdict)), "") if self._verdict and self.cell(row) else ""


def is_number(frame: pd.DataFrame, name: str) -> bool:
    """Return whether a column has numbers; booleans are none."""
    import pandas as pd

    return bool(pd.api.types.is_numeric_dtype(frame[name]) and not pd.api.types.is_bool_dtype(frame[name]))


def cell_text(column: str, value: object) -> str:
    """Return a cell as people read it, with ASCII minus; empty if missing. No zero has a sign, and no p is zero."""
    import pandas as pd

    if value is None or value is pd.NaT or value is pd.NA or value != value:
        return ""
    if not isinstance(value, float):
        return " ".join(str(value).split())
    if re.search(r"(^|_)p$", column) and value < LEAST_P:
        return f"< {LEAST_P:g}"
    return f"{value:z.{SHOWN_DIGITS}f}" if abs(value) < 100 else f"{value:.1f}"


def _printed(column: str, value: object) -> str:
    text = cell_text(column, value)
    if isinstance(value, float):
        return text.replace("-", MINUS)
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 1]}…"
