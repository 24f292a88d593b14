"""Forest plots: the interval bars of each table of the report as one figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from results.analysis.ablation import ablation_frame
from results.analysis.grid import against_baseline_frame
from results.analysis.summary import Summary
from results.figures.figure import Figure, escaped, points, whiskers
from results.measurements.study_results import StudyResults
from results.measurements.task_units import margin_of
from results.report.sections import BuiltSection
from results.statistics import VERDICTS
from results.text.formatting import level_text
from results.text.units import SHARES, Unit, difference_axis_title
from results.text.verdict_words import stated

if TYPE_CHECKING:
    import pandas as pd

Row = Mapping[Any, Any]
LABEL_CHARACTERS = 70
ROW_PIXELS, AROUND_PIXELS = 26, 150  # height of a row; of title, axis and margins
BETTER, WORSE = "triangle-right", "triangle-left"  # if higher is better
SYMBOLS = {"equivalent": "square", "no gain": WORSE, "no loss": BETTER}  # others: circles, open for open verdicts


def _change(row: Row) -> str:
    return f"{row['factor']} {level_text(row['from'])} → {level_text(row['to'])}"


def _step(row: Row) -> str:
    change = _change(row) if isinstance(row["factor"], str) else "all other changes"
    return f"{row['step']}. {change}"


# Exported tables that have bars in the report: title, name of a row, column of its estimate.
_FORESTS: Mapping[str, tuple[str, Callable[[Row], str], str]] = {
    "ablation": ("Changes to the best", _change, "difference"),
    "against_baseline": ("Against the baseline", lambda row: row["label"] or row["cells"], "difference"),
    "added": ("What each change does alone", _change, "difference"),
    "path": ("From the baseline to the best", _step, "difference"),
    "interactions": ("Interactions", lambda row: f"{row['first']} × {row['second']}", "difference"),
    "claims": ("Claims of the report", lambda row: f"{row['claim']}, {row['metric']}", "estimate"),
}


def forests(results: StudyResults, summary: Summary, sections: Sequence[BuiltSection]) -> list[Figure]:
    """Return one figure per table of the report with interval bars, from the rows that have an interval."""
    frames: dict[str, pd.DataFrame] = {
        "ablation": ablation_frame(results),
        "against_baseline": against_baseline_frame(results, summary.against_baseline),
    }
    for section in sections:
        frames |= {name: frame for name, frame in section.content.tables().items() if name in _FORESTS}
    figures = (
        forest(name, frames[name].to_dict("records"), results.units.score, margin_of(results.study))
        for name in _FORESTS
        if name in frames
    )
    return [figure for figure in figures if figure is not None]


def forest(table: str, rows: Sequence[Row], unit: Unit = SHARES, margin: float | None = None) -> Figure | None:
    """Return the forest plot of one table's rows, with a mark per verdict; None without an interval.

    `margin`: that of the statements on a margin, in score units, drawn as a band.
    """
    title, named, estimate = _FORESTS[table]
    shown = [row for row in rows if isinstance(row.get("low"), float) and row["low"] == row["low"]]
    if not shown:
        return None
    labels = [
        _label(named(row)) + (f"  ({escaped(words)})" if (words := _words(row, unit, margin)) else "") for row in shown
    ]
    places = list(range(len(shown)))
    values = [[unit.drawn(row[key]) for key in ("low", estimate, "high")] for row in shown]
    ends = [(min(row), row[1], max(row)) for row in values]
    symbols = [_symbol(_verdict(row), unit) for row in shown]
    trace = points("", [at for _, at, _ in ends], places, "var(--accent)", 9, symbol=symbols)
    trace["error_x"] = whiskers(ends, "var(--muted)", 1.6)
    return Figure(
        id=f"figure-intervals-{table.replace('_', '-')}",
        title=title,
        sentence=f"{unit.differences_title} with verdicts and the intervals that these use. Squares: equivalent; "
        "triangles: no gain or no loss of more than the margin; open circles: open, or no verdict yet.",
        traces=[trace],
        layout={
            "height": AROUND_PIXELS + ROW_PIXELS * len(shown),
            "showlegend": False,
            "shapes": [] if margin is None else [_band(abs(unit.drawn(margin)))],
            "xaxis": {
                "title": {"text": difference_axis_title(unit)},
                "zeroline": True,
                "zerolinecolor": "var(--faint)",
            },
            "yaxis": {
                "tickvals": places,
                "ticktext": labels,
                "range": [len(shown) - 0.5, -0.5],  # the first row on top
                "showgrid": False,
            },
        },
    )


def _verdict(row: Row) -> str:
    """Return the verdict of a row; empty before its table's first interim analysis."""
    return row["verdict"] if isinstance(row["verdict"], str) else ""


def _words(row: Row, unit: Unit, margin: float | None) -> str:
    """Return a row's verdict in words; those of claims are other words."""
    verdict = _verdict(row)
    if verdict not in VERDICTS or "within" not in row:
        return verdict
    return stated(verdict, unit, margin=margin, within=row["within"], identical=row["identical"] is True)


def _symbol(verdict: str, unit: Unit) -> str:
    symbol = SYMBOLS.get(verdict, "circle" if verdict not in ("", "open") else "circle-open")
    turned = {BETTER: WORSE, WORSE: BETTER}
    return symbol if unit.higher_is_better else turned.get(symbol, symbol)


def _band(reach: float) -> dict[str, Any]:
    """Return the band from -reach to +reach over the whole height."""
    return {
        "type": "rect", "layer": "below", "xref": "x", "yref": "paper", "x0": -reach, "x1": reach, "y0": 0, "y1": 1,
        "fillcolor": "var(--shade)", "line": {"width": 0},
    }  # fmt: skip


def _label(text: str) -> str:
    line = " ".join(str(text).split())
    return escaped(line if len(line) <= LABEL_CHARACTERS else f"{line[: LABEL_CHARACTERS - 1]}…")
