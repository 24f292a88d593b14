"""Figures of fronts: configurations with results, single runs of the search faint behind them, and names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import ceil, floor, inf, log10
from typing import TYPE_CHECKING, Any

from results.analysis.pareto import OF_TASK, SCORE, Front, value_of
from results.analysis.summary import Summary
from results.figures import run_links
from results.figures.figure import Figure, Trace, capitalized, escaped, outlines, points
from results.figures.pareto_labels import Area, marked, name_annotations
from results.figures.pareto_texts import Drawing, configuration_text, cost_unit, front_sentence, run_text
from results.measurements.cost_units import CostUnit
from results.measurements.study_results import StudyResults, complete_search, evenly

if TYPE_CHECKING:
    import pandas as pd

WIDE_RANGE = 20  # a cost that spans more than this factor gets a logarithmic axis
MOST_POINTS = 500  # of the search's single runs, so that the page stays small
# The pixels that axes enclose at least, on a wide and on a narrow page: what fits there fits where there is more room.
WIDE, NARROW = (470.0, 225.0), (258.0, 150.0)


def front_figure(results: StudyResults, found: Summary, frame: pd.DataFrame, front: Front) -> Figure | None:
    """Draw one objective against the other, with a line through the front's members; None where nothing is measured.

    `frame` is `pareto.pareto_frame`.
    """
    x, y = front.x.column, front.y.column
    known = frame[frame[x].notna() & frame[y].notna()].sort_values([x, y], kind="stable")
    members = known[known[front.member]]
    it = Drawing(results, found, front, cost_unit(frame, x) if front.y == SCORE else CostUnit())
    traces = [trace for trace in _traces(it, known) if trace["x"]]
    if not traces:
        return None
    values = [value for trace in traces for value in trace["x"]]
    is_log = front.y == SCORE and min(values) > 0 and max(values) / min(values) > WIDE_RANGE
    ranges = (_range([log10(value) for value in values] if is_log else values), _range(_heights(traces)))
    wide, narrow = (name_annotations(known, Area(it, ranges, size, is_log)) for size in (WIDE, NARROW))
    x_title = escaped(it.unit.title(front.x.title)) if front.y == SCORE else it.axis(front.x)
    y_words = capitalized(it.of(SCORE).name) if front.y == SCORE else front.y.words
    return Figure(
        id="figure-tasks" if x.startswith(OF_TASK) else f"figure-{re.sub('[^A-Za-z0-9]+', '-', x)}",
        title=f"{y_words} against {front.x.words}",
        sentence=front_sentence(members, len(known), it),
        traces=traces,
        layout={
            "xaxis": {"title": {"text": x_title}, "range": list(ranges[0])} | (_log(values) if is_log else {}),
            "yaxis": {"title": {"text": it.axis(front.y)}, "range": list(ranges[1])},
            "annotations": wide,
        },
        narrow={"annotations": narrow},
        runs=run_links.of_runs(run for digest in known["config_digest"] for run in results.run_ids(digest)),
    )


def _traces(it: Drawing, known: pd.DataFrame) -> list[Trace]:
    """Return single runs, configurations off and on the front, and rings around those with a name."""
    costs = [float(value) for value in known[it.front.x.column]]
    span = _range(costs) if costs else (-inf, inf)
    on = known[it.front.member]
    return [
        _single_runs(it, span),
        _configurations("confirmed or ablated, mean of seeds", known[~on], it, "var(--muted)"),
        _configurations("on the Pareto front", known[on], it, "var(--accent)", line=True),
        *(
            outlines(escaped(name), *_coordinates(it, rows), color, 18) | {"showlegend": False, "cliponaxis": False}
            for name, rows, color in marked(it.found, known)
        ),
    ]


def _coordinates(it: Drawing, rows: pd.DataFrame) -> tuple[list[float], list[float]]:
    """Return the places of configurations along both axes."""
    xs, ys = (rows[objective.column] for objective in (it.front.x, it.front.y))
    return [it.x(float(value)) for value in xs], [it.y(float(value)) for value in ys]


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    room = 0.06 * (high - low) or 0.06 * abs(high) or 0.5
    return low - room, high + room


def _heights(traces: Sequence[Trace]) -> list[float]:
    """Return the height of everything that is drawn, with the ends of error bars."""
    found = [float(value) for trace in traces for value in trace["y"]]
    for trace in traces:
        for at, spread in zip(trace["y"], trace.get("error_y", {}).get("array", ()), strict=False):
            found += [] if spread is None else [at - spread, at + spread]
    return found


def _log(values: Sequence[float]) -> dict[str, Any]:
    """Return a logarithmic axis with 1, 2 and 5 times each power of ten in the range on it."""
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


def _single_runs(it: Drawing, span: tuple[float, float]) -> Trace:
    """Return the search's runs, small and faint: single seeds that were chosen for high scores seem to beat the front.

    Only those whose cost is in the `span` of configurations with results: the others would compress these.
    """
    runs = complete_search(it.results)
    columns = it.front.x.column, it.front.y.column
    pairs = [(run, [value_of(it.results, run, column) for column in columns]) for run in evenly(runs, MOST_POINTS)]
    known = [(x, y, run) for run, (x, y) in pairs if x is not None and y is not None and span[0] <= x <= span[1]]
    name = f"search: one seed each, too {'high' if it.of(SCORE).higher_is_better else 'low'}"
    if len(known) < len(runs):
        name += f" ({len(known):,} of {len(runs):,})"
    texts = [run_text(it, run, x, y) for x, y, run in known]
    xs, ys = [it.x(x) for x, _, _ in known], [it.y(y) for _, y, _ in known]
    trace = points(name, xs, ys, "var(--faint)", 4, texts=texts)
    trace["marker"]["opacity"] = 0.5
    return trace | {"runs": [str(run.id) for _, _, run in known]}


def _configurations(name: str, rows: pd.DataFrame, it: Drawing, color: str, line: bool = False) -> Trace:
    texts = [configuration_text(it, record) for record in rows.to_dict("records")]
    symbol, size = ("diamond", 12) if line else ("circle", 10)
    trace = points(name, *_coordinates(it, rows), color, size, symbol=symbol, texts=texts)
    trace["runs"] = [run_links.ranges(it.results.run_ids(digest)) for digest in rows["config_digest"]]
    if it.front.y == SCORE:
        spreads = [None if spread != spread else float(spread) for spread in rows["spread"]]
        trace["error_y"] = {"array": spreads, "color": color, "thickness": 1, "width": 3}
    if line:
        shape = "vh" if it.front.x.direction == "maximize" else "hv"
        trace |= {"mode": "lines+markers", "line": {"color": color, "width": 1.5, "shape": shape}}
    return trace
