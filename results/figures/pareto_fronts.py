"""Figures of Pareto fronts: configurations with results, single runs of the search behind them, and names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import ceil, floor, inf, log10
from typing import TYPE_CHECKING, Any

from results.analysis.pareto import OF_TASK, SCORE, Front, value_of
from results.analysis.summary import Summary
from results.figures import run_links
from results.figures.figure import Figure, Trace, capitalized, escaped, outlines, points
from results.figures.pareto_labels import Area, name_annotations, named_configurations
from results.figures.pareto_texts import Drawing, configuration_text, cost_unit, front_sentence, run_text
from results.measurements.cost_units import CostUnit
from results.measurements.study_results import StudyResults, complete_search, evenly

if TYPE_CHECKING:
    import pandas as pd

WIDE_RANGE = 20  # a cost that spans more than this factor gets a logarithmic axis
MOST_POINTS = 500  # of the search's single runs, to limit the size of the page
# The smallest plot area in pixels on a wide and on a narrow page: labels that fit there also fit a larger one.
WIDE, NARROW = (470.0, 225.0), (258.0, 150.0)


def front_figure(results: StudyResults, summary: Summary, frame: pd.DataFrame, front: Front) -> Figure | None:
    """Draw a front in the plane of its objectives; `frame` is `pareto_frame`. Returns None if nothing is measured."""
    x, y = front.x.column, front.y.column
    measured = frame[frame[x].notna() & frame[y].notna()].sort_values([x, y], kind="stable")
    members = measured[measured[front.member]]
    drawing = Drawing(results, summary, front, cost_unit(frame, x) if front.y == SCORE else CostUnit())
    traces = [trace for trace in _traces(drawing, measured) if trace["x"]]
    if not traces:
        return None
    values = [value for trace in traces for value in trace["x"]]
    is_log = front.y == SCORE and min(values) > 0 and max(values) / min(values) > WIDE_RANGE
    ranges = (_range([log10(value) for value in values] if is_log else values), _range(_heights(traces)))
    wide, narrow = (name_annotations(measured, Area(drawing, ranges, size, is_log)) for size in (WIDE, NARROW))
    x_title = escaped(drawing.cost_unit.title(front.x.title)) if front.y == SCORE else drawing.axis(front.x)
    y_words = capitalized(drawing.unit_of(SCORE).name) if front.y == SCORE else front.y.words
    return Figure(
        id="figure-tasks" if x.startswith(OF_TASK) else f"figure-{re.sub('[^A-Za-z0-9]+', '-', x)}",
        title=f"{y_words} against {front.x.words}",
        sentence=front_sentence(members, len(measured), drawing),
        traces=traces,
        layout={
            "xaxis": {"title": {"text": x_title}, "range": list(ranges[0])} | (_log(values) if is_log else {}),
            "yaxis": {"title": {"text": drawing.axis(front.y)}, "range": list(ranges[1])},
            "annotations": wide,
        },
        narrow={"annotations": narrow},
        runs=run_links.of_runs(run for digest in measured["config_digest"] for run in results.run_ids(digest)),
    )


def _traces(drawing: Drawing, measured: pd.DataFrame) -> list[Trace]:
    """Return single runs, configurations off and on the front, and rings around named ones."""
    costs = [float(value) for value in measured[drawing.front.x.column]]
    span = _range(costs) if costs else (-inf, inf)
    on, unlisted = measured[drawing.front.member], {"showlegend": False, "cliponaxis": False}
    return [
        _single_runs(drawing, span),
        _configurations("confirmed or ablated, mean of seeds", measured[~on], drawing, "var(--muted)"),
        _configurations("on the Pareto front", measured[on], drawing, "var(--accent)", line=True),
        *(
            outlines(escaped(name), *_coordinates(drawing, rows), color, 18) | unlisted
            for name, rows, color in named_configurations(drawing.summary, measured)
        ),
    ]


def _coordinates(drawing: Drawing, rows: pd.DataFrame) -> tuple[list[float], list[float]]:
    """Return the coordinates of configurations on both axes."""
    xs, ys = (rows[objective.column] for objective in (drawing.front.x, drawing.front.y))
    return [drawing.x(float(value)) for value in xs], [drawing.y(float(value)) for value in ys]


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    margin = 0.06 * (high - low) or 0.06 * abs(high) or 0.5
    return low - margin, high + margin


def _heights(traces: Sequence[Trace]) -> list[float]:
    """Return the y of all points and ends of error bars."""
    heights = [float(value) for trace in traces for value in trace["y"]]
    for trace in traces:
        for y, spread in zip(trace["y"], trace.get("error_y", {}).get("array", ()), strict=False):
            heights += [] if spread is None else [y - spread, y + spread]
    return heights


def _log(values: Sequence[float]) -> dict[str, Any]:
    """Return a logarithmic axis with ticks at 1, 2 and 5 times each power of ten."""
    powers = range(floor(log10(min(values))), ceil(log10(max(values))) + 1)
    ticks = [factor * 10.0**power for power in powers for factor in (1, 2, 5)]
    shown = [tick for tick in ticks if 0.8 * min(values) <= tick <= 1.25 * max(values)]
    return {"type": "log", "tickvals": shown, "ticktext": [_compact(tick) for tick in shown]}


def _compact(value: float) -> str:
    """Format a number, e.g. "20k", "5M", "0.2"."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


def _single_runs(drawing: Drawing, span: tuple[float, float]) -> Trace:
    """Return the search's runs, small and faint since selected single seeds are biased, with a cost within `span`."""
    runs = complete_search(drawing.results)
    columns = drawing.front.x.column, drawing.front.y.column
    pairs = [(run, [value_of(drawing.results, run, column) for column in columns]) for run in evenly(runs, MOST_POINTS)]
    measured = [(x, y, run) for run, (x, y) in pairs if x is not None and y is not None and span[0] <= x <= span[1]]
    name = f"search: one seed each, too {'high' if drawing.unit_of(SCORE).higher_is_better else 'low'}"
    if len(measured) < len(runs):
        name += f" ({len(measured):,} of {len(runs):,})"
    texts = [run_text(drawing, run, x, y) for x, y, run in measured]
    xs, ys = [drawing.x(x) for x, _, _ in measured], [drawing.y(y) for _, y, _ in measured]
    trace = points(name, xs, ys, "var(--faint)", 4, texts=texts)
    trace["marker"]["opacity"] = 0.5
    return trace | {"runs": [str(run.id) for _, _, run in measured]}


def _configurations(name: str, rows: pd.DataFrame, drawing: Drawing, color: str, line: bool = False) -> Trace:
    texts = [configuration_text(drawing, record) for record in rows.to_dict("records")]
    symbol, size = ("diamond", 12) if line else ("circle", 10)
    trace = points(name, *_coordinates(drawing, rows), color, size, symbol=symbol, texts=texts)
    trace["runs"] = [run_links.ranges(drawing.results.run_ids(digest)) for digest in rows["config_digest"]]
    if drawing.front.y == SCORE:
        spreads = [None if spread != spread else float(spread) for spread in rows["spread"]]
        trace["error_y"] = {"array": spreads, "color": color, "thickness": 1, "width": 3}
    if line:
        shape = "vh" if drawing.front.x.direction == "maximize" else "hv"
        trace |= {"mode": "lines+markers", "line": {"color": color, "width": 1.5, "shape": shape}}
    return trace
