"""Forest plots: the interval bars of each table of the report as one figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from results.analysis.ablation import ablation_frame
from results.analysis.grid import against_baseline_frame
from results.analysis.summary import Summary
from results.figures.figure import Figure, escaped, points, whiskers
from results.measurements.study_results import StudyResults
from results.report.sections import BuiltSection
from results.text.formatting import level_text
from results.text.units import SHARES, Unit, difference_axis_title

if TYPE_CHECKING:
    import pandas as pd

Row = Mapping[Any, Any]
LABEL_CHARACTERS = 70
ROW_PIXELS, AROUND_PIXELS = 26, 150  # height of a row; of title, axis and margins


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
        forest(name, frames[name].to_dict("records"), results.units.score) for name in _FORESTS if name in frames
    )
    return [figure for figure in figures if figure is not None]


def forest(table: str, rows: Sequence[Row], unit: Unit = SHARES) -> Figure | None:
    """Return the forest plot of one table's rows, with open circles for open verdicts; None without an interval."""
    title, named, estimate = _FORESTS[table]
    shown = [row for row in rows if isinstance(row.get("low"), float) and row["low"] == row["low"]]
    if not shown:
        return None
    labels = [_label(named(row)) + (f"  ({escaped(verdict)})" if (verdict := _verdict(row)) else "") for row in shown]
    places = list(range(len(shown)))
    values = [[unit.drawn(row[key]) for key in ("low", estimate, "high")] for row in shown]
    ends = [(min(row), row[1], max(row)) for row in values]
    symbols = ["circle-open" if _verdict(row) in ("", "open") else "circle" for row in shown]
    trace = points("", [at for _, at, _ in ends], places, "var(--accent)", 9, symbol=symbols)
    trace["error_x"] = whiskers(ends, "var(--muted)", 1.6)
    return Figure(
        id=f"figure-intervals-{table.replace('_', '-')}",
        title=title,
        sentence=f"{unit.differences_title} with 95 % intervals and verdicts; open circles: the verdict is open, or "
        "not known yet.",
        traces=[trace],
        layout={
            "height": AROUND_PIXELS + ROW_PIXELS * len(shown),
            "showlegend": False,
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


def _label(text: str) -> str:
    line = " ".join(str(text).split())
    return escaped(line if len(line) <= LABEL_CHARACTERS else f"{line[: LABEL_CHARACTERS - 1]}…")
