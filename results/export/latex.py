"""A frame as LaTeX with booktabs: readable columns, the best row in bold, verdicts as daggers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from results.text.print_table import PrintColumn, PrintTable, latex_table

if TYPE_CHECKING:
    import pandas as pd

MOST_CHARACTERS = 60  # per cell; the other formats have the whole text
SHOWN_DIGITS = 4  # decimals: a hundredth of a point for a score 0..1
LEAST_P = 10**-SHOWN_DIGITS
MINUS = "\N{MINUS SIGN}"

# (column of verdicts, column of the numbers that get the daggers).
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
    r"\dagger": "differs from 0, error rate controlled over the table",
    r"\ddagger": "surely within the margin",
}
_COMPARED_NOTES = {
    r"\dagger": "an effect differs from 0, or effects differ from each other; error rate controlled over the table",
    r"\ddagger": "an effect is surely within the margin, or carries over",
}
# Columns for programs, which the other formats have.
_FOR_PROGRAMS = re.compile(
    r"(^|_)(run_ids|config_digest|[a-z]+_json|interval_level)$"
    r"|^(is_best|is_baseline|single_low|single_high|no_gain_p|no_loss_p|within|identical|primary)$"
)


def latex(frame: pd.DataFrame, name: str = "table", caption: str = "") -> str:
    """Return the table as floats that fit a page (`print_table`), with all text escaped; `name` is that of its label.

    Columns for programs (ids of runs, digests, JSON, redundant names of cells, further p-values) are left out, `low`
    and `high` become one column, numbers have four decimals, long texts are cut, and the best row is bold. A dagger
    marks a difference that is distinguished from 0, a double dagger one that is surely within the margin.
    """
    names = [str(column) for column in frame.columns]
    shown = (name for name in names if not _FOR_PROGRAMS.search(name) and not _is_cell(name, names))
    columns = [column for column in (_Column(name, frame) for name in shown) if not column.is_upper_end]
    rows = frame.to_dict("records")
    marks = [
        (place, at, mark)
        for place, row in enumerate(rows)
        for at, column in enumerate(columns)
        if (mark := column.mark(row))
    ]
    notes = _COMPARED_NOTES if "reference_verdict" in names else _NOTES
    used = [f"{_SHOWN[mark]}: {notes[mark]}." for mark in notes if mark in {each for _, _, each in marks}]
    if {row.get(verdict) for row in rows for verdict, _ in _JUDGED} & {"no gain", "no loss"}:
        used.append("No gain, no loss: of more than the margin.")
    if any(name.endswith("interval_level") for name in names):
        used.append("Intervals are those that the verdicts use.")
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
    """Return whether a column has names of cells ("confirm:1") although another column describes the rows."""
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
        self._verdict = next((verdict for verdict, number in _JUDGED if number == name and verdict in names), None)
        adjusted = re.sub(r"low$", "interval_level", name) in names  # the interval that a verdict uses
        interval = "interval" if adjusted else "95 % interval"
        self.heading = (re.sub(r"low$", interval, name) if is_pair else name).replace("_", " ")
        self.alignment: Literal["l", "r"] = "r" if is_number(frame, name) else "l"

    def cell(self, row: Mapping[object, object]) -> str:
        """Return the text of a row's cell."""
        if self._high is None:
            return _printed(self.name, row[self.name])
        ends = _printed(self.name, row[self.name]), _printed(self._high, row[self._high])
        return f"[{ends[0]}, {ends[1]}]" if all(ends) else ""

    def mark(self, row: Mapping[object, object]) -> str:
        """Return the dagger of a row's cell, or an empty text."""
        return DAGGERS.get(str(row.get(self._verdict)), "") if self._verdict and self.cell(row) else ""


def is_number(frame: pd.DataFrame, name: str) -> bool:
    """Return whether a column has numbers; booleans are not numbers."""
    import pandas as pd

    return bool(pd.api.types.is_numeric_dtype(frame[name]) and not pd.api.types.is_bool_dtype(frame[name]))


def cell_text(column: str, value: object) -> str:
    """Return a cell's text with ASCII minus; empty if missing. Zero has no sign, and no p is zero."""
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
