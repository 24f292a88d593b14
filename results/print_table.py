"""A table laid out for print: LaTeX that fits a column or the width of a page, and Markdown.

A document that inputs the LaTeX needs these packages:

    \\usepackage[T1]{fontenc}  \\usepackage{booktabs}
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from results.tex_text import BOLD, breakable, escape, one_line, pieces, width

PREAMBLE = r"% \usepackage[T1]{fontenc} \usepackage{booktabs}"
# Points (1/72.27 inch) that a table may be wide: ACL's column; article's page of one column; ACL's page of two.
COLUMN, PAGE, WIDE_PAGE = 219.0, 345.0, 455.0
FONT, LEADING = 8.0, 9.5  # points, whatever the document's size is, so that widths are known
SEPARATION = 3.0  # points on each side of a column
LINES = 36  # of a table on one page, below the caption and the headings
FLOATS = 12  # that TeX can hold until there is a page for them
# Points: the least width of the first column and of another text, of a heading, of a heading's word that is not broken.
KEY, TEXT, HEADING, HEADING_WORD = 70.0, 48.0, 36.0, 72.0
WORD = 15.0  # ems of a caption that are never broken: in any column and size of type


@dataclass(frozen=True)
class PrintColumn:
    """`lines` of the heading, and on which side the cells stand."""

    lines: tuple[str, ...]
    align: Literal["l", "r"] = "r"


@dataclass(frozen=True)
class PrintTable:
    """Texts as people read them; the first column names the rows. `bold` has (row, column) of cells in bold.

    `marks`: what stands raised behind a cell, in TeX's mathematics. `name` is that of the file and of the label.
    """

    name: str
    caption: str
    columns: tuple[PrintColumn, ...]
    rows: tuple[tuple[str, ...], ...]
    bold: frozenset[tuple[int, int]] = frozenset()
    marks: tuple[tuple[int, int, str], ...] = ()


def markdown_table(table: PrintTable) -> str:
    """The table in GitHub-flavoured Markdown, the caption above it."""
    from results.markdown import escaped, escaped_within

    def cells(texts: Iterable[str]) -> str:
        return f"| {' | '.join(texts)} |"

    rows = [
        cells(
            f"**{escaped_within(text)}**" if (place, at) in table.bold and text else escaped_within(text)
            for at, text in each
        )
        for place, each in enumerate(map(enumerate, table.rows))
    ]
    head = cells(escaped_within(" ".join(column.lines)) for column in table.columns)
    rule = cells("---:" if column.align == "r" else ":---" for column in table.columns)
    return "\n".join([escaped(table.caption), "", head, rule, *rows]) + "\n"


def latex_table(table: PrintTable) -> str:
    """The table as one float, or several where it is wider than a page or longer than one.

    A table that fits a column is a `table`, another one a `table*`. What TeX's fonts lack is shown by its number, as in
    [U+6570]. Every part repeats the headings and the first column, and ends before the page does.
    """
    if not table.columns:
        return f"{PREAMBLE}\n% a table without columns\n"
    natural = [_natural(table, at) for at in range(len(table.columns))]
    for room in (COLUMN, PAGE):
        if (whole := _whole(table, natural, room)) is not None:
            return "\n".join([PREAMBLE, *_floats(table, [whole])]) + "\n"
    narrow = _floats(table, _panels(table, natural))
    if (wide := _whole(table, natural, WIDE_PAGE)) is None:
        return "\n".join([PREAMBLE, *narrow]) + "\n"
    chosen = [rf"\ifdim\textwidth<{WIDE_PAGE:g}pt % in parts, where the page is too narrow for the whole", *narrow]
    return "\n".join([PREAMBLE, *chosen, r"\else", *_floats(table, [wide]), r"\fi"]) + "\n"


@dataclass(frozen=True)
class _Panel:
    """Columns that stand side by side: their places, and the width of those that are wrapped."""

    columns: tuple[int, ...]
    wrapped: dict[int, float]
    starred: bool


def _whole(table: PrintTable, natural: Sequence[float], room: float) -> _Panel | None:
    """All columns side by side in so many points; None where they have no room."""
    every = tuple(range(len(table.columns)))
    wrapped = _fitted(table, every, natural, room)
    return None if wrapped is None else _Panel(every, wrapped, room > COLUMN)


def _panels(table: PrintTable, natural: Sequence[float]) -> list[_Panel]:
    """As many columns at a time as a page takes, each time with the first."""
    panels: list[tuple[int, ...]] = []
    for at in range(1, len(table.columns)):
        wider = (*panels[-1], at) if panels else (0, at)
        if panels and _fitted(table, wider, natural, PAGE) is not None:
            panels[-1] = wider
        else:
            panels.append((0, at))
    return [_Panel(columns, _fitted(table, columns, natural, PAGE) or {}, True) for columns in panels or [(0,)]]


def _floats(table: PrintTable, panels: Sequence[_Panel]) -> list[str]:
    """The floats of panels side by side, each in parts that are no longer than a page."""
    parts = [(panel, rows) for panel in panels for rows in _pages(table, panel)]
    floats = []
    for place, (panel, rows) in enumerate(parts, start=1):
        if place > 1 and place % FLOATS == 1:
            floats.append(r"\clearpage")
        told = table.caption if place == 1 else ""
        of = f" Part {place} of {len(parts)}." if len(parts) > 1 else ""
        label = rf"\label{{tab:{_label(table.name)}}}" if place == 1 else ""
        floats.append(_float(table, panel, rows, f"{told}{of}".strip(), label))
    return floats


def _fitted(
    table: PrintTable, columns: Sequence[int], natural: Sequence[float], room: float
) -> dict[int, float] | None:
    """The widths of the columns that must be wrapped to fit `room` points; None where they cannot be narrow enough."""
    room -= 2 * SEPARATION * (len(columns) - 1)
    least = {
        at: min(natural[at], KEY if at == columns[0] else TEXT) for at in columns if table.columns[at].align == "l"
    }
    spare = room - sum(least.get(at, natural[at]) for at in columns)
    if spare < 0:
        return None
    wrapped = {}
    # The narrowest wish first: what it leaves is there for the others.
    for left, at in enumerate(sorted(least, key=lambda one: natural[one] - least[one])):
        more = min(natural[at] - least[at], spare / (len(least) - left))
        spare -= more
        if least[at] + more < natural[at]:
            wrapped[at] = math.floor(10 * (least[at] + more)) / 10
    return wrapped


def _natural(table: PrintTable, at: int) -> float:
    """How wide a column is in points where nothing is wrapped."""
    cells = _widest(table, at)
    return FONT * max([cells, *(width(line) for line in _heading(table, at, cells))])


def _widest(table: PrintTable, at: int) -> float:
    """The widest cell of a column in ems, with its mark."""
    marked = {line for line, of, _ in table.marks if of == at}
    cells = (
        width(row[at]) * (BOLD if (place, at) in table.bold else 1) + (place in marked)
        for place, row in enumerate(table.rows)
    )
    return max(cells, default=0.0)


def _heading(table: PrintTable, at: int, wide: float) -> list[str]:
    """The heading in lines that are not much wider than the cells."""
    longest = max(width(word) for line in table.columns[at].lines for word in (line or " ").split(" "))
    widest = max(wide, HEADING / FONT, min(longest, HEADING_WORD / FONT))
    return [piece for line in table.columns[at].lines for piece in pieces(line, widest)]


def _pages(table: PrintTable, panel: _Panel) -> list[range]:
    """The rows of each part, so that none is longer than a page."""
    pages, begin, lines = [], 0, 0
    for place, row in enumerate(table.rows):
        high = max([1, *(math.ceil(1.25 * FONT * width(row[at]) / wide) for at, wide in panel.wrapped.items())])
        if lines and lines + high > LINES:
            pages.append(range(begin, place))
            begin, lines = place, 0
        lines += high
    return [*pages, range(begin, len(table.rows))]


def _float(table: PrintTable, panel: _Panel, rows: range, caption: str, label: str) -> str:
    kind = "table*" if panel.starred else "table"
    aligned = (
        f"p{{{panel.wrapped[at]}pt}}" if at in panel.wrapped else table.columns[at].align for at in panel.columns
    )
    body = [" & ".join(_cell(table, panel, row, at) for at in panel.columns) for row in rows]
    head = " & ".join(_head(table, panel, at) for at in panel.columns)
    return "\n".join(
        [
            rf"\begin{{{kind}}}[tbp]",
            r"\centering",
            rf"\caption{{{breakable(caption, WORD)}}}{label}",
            rf"\fontsize{{{FONT:g}}}{{{LEADING:g}}}\selectfont\setlength{{\tabcolsep}}{{{SEPARATION:g}pt}}",
            rf"\begin{{tabular}}{{@{{}}{''.join(aligned)}@{{}}}}",
            r"\toprule",
            rf"{head} \tabularnewline",
            r"\midrule",
            *(rf"{line} \tabularnewline" for line in body),
            r"\bottomrule",
            r"\end{tabular}",
            rf"\end{{{kind}}}",
        ]
    )


def _cell(table: PrintTable, panel: _Panel, row: int, at: int) -> str:
    text = one_line(table.rows[row][at])
    told = breakable(text, panel.wrapped[at] / FONT) if at in panel.wrapped else escape(text)
    mark = next((mark for line, of, mark in table.marks if (line, of) == (row, at)), "")
    told += f"$^{{{mark}}}$" if mark else ""
    told = rf"\textbf{{{told}}}" if (row, at) in table.bold and text else told
    return rf"\raggedright {told}" if at in panel.wrapped else told


def _head(table: PrintTable, panel: _Panel, at: int) -> str:
    if at in panel.wrapped:
        return rf"\raggedright {breakable(' '.join(table.columns[at].lines), panel.wrapped[at] / FONT)}"
    lines = [escape(line) for line in _heading(table, at, _widest(table, at))]
    if len(lines) < 2:
        return "".join(lines)
    stacked = r"\\ ".join(lines)
    return rf"\begin{{tabular}}[b]{{@{{}}{table.columns[at].align}@{{}}}}{stacked}\end{{tabular}}"


def _label(name: str) -> str:
    return "".join(one if one.isascii() and (one.isalnum() or one == ":") else "-" for one in name)
