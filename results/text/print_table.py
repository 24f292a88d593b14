"""Tables for print: LaTeX floats that fit a column or the page, and Markdown.

A document that includes the LaTeX needs these packages:

    \\usepackage[T1]{fontenc}  \\usepackage{booktabs,graphicx}
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from results.text.tex import breakable, escape, lines, one_line

PREAMBLE = r"% \usepackage[T1]{fontenc} \usepackage{booktabs,graphicx}"
# Points (1/72.27 inch): a column of ACL; a page, not much wider than the text of the article class (345).
COLUMN, PAGE = 219.0, 400.0
FONT, LEADING, CHARACTER, GAP = 8.0, 9.5, 4.0, 6.0  # points: font size, line height, mean width, column gap
NATURAL = 25  # characters: longer texts are wrapped
NARROWEST, WIDEST = 96.0, 176.0  # points: width of a wrapped column
LINES = 36  # per part of a table, below the caption and the headings
FLOATS = 12  # floats that TeX can hold until there is a page for them
HEADING = 12  # shortest line of a heading, in characters


@dataclass(frozen=True)
class PrintColumn:
    """Column of a table: the lines of its heading, and the alignment of its cells."""

    lines: tuple[str, ...]
    align: Literal["l", "r"] = "r"


@dataclass(frozen=True)
class PrintTable:
    """Table of formatted text, whose first column names the rows.

    `bold`: (row, column) of the cells in bold; `marks`: (row, column, superscript in TeX's math mode); `name`: of the
    file and the label.
    """

    name: str
    caption: str
    columns: tuple[PrintColumn, ...]
    rows: tuple[tuple[str, ...], ...]
    bold: frozenset[tuple[int, int]] = frozenset()
    marks: tuple[tuple[int, int, str], ...] = ()

    @cached_property
    def longest(self) -> tuple[int, ...]:
        """Length of the longest cell of each column, in characters."""
        return tuple(max((len(one_line(row[at])) for row in self.rows), default=0) for at in range(len(self.columns)))


def markdown_table(table: PrintTable) -> str:
    """Return the table in GitHub-flavoured Markdown, with the caption above it."""
    from results.text.markdown import escaped, escaped_within

    rows = [
        [escaped_within(" ".join(column.lines)) for column in table.columns],
        ["---:" if column.align == "r" else ":---" for column in table.columns],
    ]
    for place, row in enumerate(table.rows):
        texts = [escaped_within(text) for text in row]
        rows.append([f"**{text}**" if text and (place, at) in table.bold else text for at, text in enumerate(texts)])
    return "\n".join([escaped(table.caption), "", *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"


def latex_table(table: PrintTable) -> str:
    """Return the table as one LaTeX float, or several if it is wider or longer than a page.

    A table that fits a column is a `table`, others are `table*`, which TeX shrinks to the document's width. Every part
    repeats the headings and the first column. Characters that T1 fonts lack are printed as [U+6570].
    """
    if not table.columns:
        return f"{PREAMBLE}\n% a table without columns\n"
    parts = [(panel, rows) for panel in _panels(table) for rows in _pages(table, panel)]
    floats = [PREAMBLE]
    for place, (panel, rows) in enumerate(parts, start=1):
        if place > 1 and place % FLOATS == 1:
            floats.append(r"\clearpage")
        part = f" Part {place} of {len(parts)}." if len(parts) > 1 else ""
        caption = breakable(f"{table.caption if place == 1 else ''}{part}".strip())
        label = rf"\label{{tab:{_label(table.name)}}}" if place == 1 else ""
        floats.append(_float(table, panel, rows, rf"\caption{{{caption}}}{label}"))
    return "\n".join(floats) + "\n"


@dataclass(frozen=True)
class _Panel:
    """Columns of one float, by index; `wrapped` is the width of those with long texts, in points."""

    columns: tuple[int, ...]
    wrapped: float
    starred: bool


def _panels(table: PrintTable) -> list[_Panel]:
    """Return one panel if the table fits a column or a page, else panels of the first and as many columns as fit."""
    every = tuple(range(len(table.columns)))
    for width in (COLUMN, PAGE):
        if (wrapped := _wrapped(table, every, width)) is not None:
            return [_Panel(every, wrapped, starred=width > COLUMN)]
    groups: list[tuple[int, ...]] = [(0,)]
    for at in every[1:]:
        if len(groups[-1]) > 1 and _wrapped(table, (*groups[-1], at), PAGE) is None:
            groups.append((0,))
        groups[-1] = (*groups[-1], at)
    return [_Panel(columns, _wrapped(table, columns, PAGE) or NARROWEST, starred=True) for columns in groups]


def _wrapped(table: PrintTable, columns: Sequence[int], available: float) -> float | None:
    """Return the width of each wrapped column if the columns fit the available width, else None; in points."""
    long = [at for at in columns if _is_long(table, at)]
    left = available - sum(GAP if at in long else CHARACTER * _characters(table, at) + GAP for at in columns)
    width = min(WIDEST, left / len(long)) if long else WIDEST
    return width if left >= 0 and width >= NARROWEST else None


def _is_long(table: PrintTable, at: int) -> bool:
    return table.columns[at].align == "l" and table.longest[at] > NATURAL


def _characters(table: PrintTable, at: int) -> int:
    return max([table.longest[at], *(len(line) for line in _heading(table, at))])


def _heading(table: PrintTable, at: int) -> list[str]:
    return [line for text in table.columns[at].lines for line in lines(text, max(table.longest[at], HEADING))]


def _pages(table: PrintTable, panel: _Panel) -> list[range]:
    """Return the rows of each part, none of them longer than a page."""
    long = [at for at in panel.columns if _is_long(table, at)]
    starts, filled = [0], 0
    for place, row in enumerate(table.rows):
        height = max([1, *(math.ceil(1.3 * CHARACTER * len(one_line(row[at])) / panel.wrapped) for at in long)])
        if filled and filled + height > LINES:
            starts.append(place)
            filled = 0
        filled += height
    return [range(first, last) for first, last in itertools.pairwise([*starts, len(table.rows)])]


def _float(table: PrintTable, panel: _Panel, rows: range, caption: str) -> str:
    kind = "table*" if panel.starred else "table"
    aligned = "".join(
        f"p{{{panel.wrapped:.1f}pt}}" if _is_long(table, at) else table.columns[at].align for at in panel.columns
    )
    body = [" & ".join(_cell(table, row, at) for at in panel.columns) for row in rows]
    return "\n".join(
        [
            rf"\begin{{{kind}}}[tbp]",
            r"\centering",
            caption,
            rf"\fontsize{{{FONT:g}}}{{{LEADING:g}}}\selectfont\setlength{{\tabcolsep}}{{{GAP / 2:g}pt}}",
            r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
            rf"\begin{{tabular}}{{@{{}}{aligned}@{{}}}}",
            r"\toprule",
            rf"{' & '.join(_head(table, at) for at in panel.columns)} \tabularnewline",
            r"\midrule",
            *(rf"{line} \tabularnewline" for line in body),
            r"\bottomrule",
            r"\end{tabular}}",
            rf"\end{{{kind}}}",
        ]
    )


def _cell(table: PrintTable, row: int, at: int) -> str:
    text, long = table.rows[row][at], _is_long(table, at)
    mark = next((mark for *cell, mark in table.marks if cell == [row, at]), "")
    source = (breakable(text) if long else escape(text)) + (f"$^{{{mark}}}$" if mark else "")
    source = rf"\textbf{{{source}}}" if (row, at) in table.bold and text else source
    return rf"\raggedright {source}" if long else source


def _head(table: PrintTable, at: int) -> str:
    if _is_long(table, at):
        return rf"\raggedright {breakable(' '.join(table.columns[at].lines))}"
    heading = _heading(table, at)
    stacked = r"\\ ".join(map(escape, heading))
    return (
        stacked
        if len(heading) < 2
        else rf"\begin{{tabular}}[b]{{@{{}}{table.columns[at].align}@{{}}}}{stacked}\end{{tabular}}"
    )


def _label(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9:]", "-", name)
