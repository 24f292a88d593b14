"""Figures of fronts: configurations with results, single runs of the search faint behind them, and names."""

from __future__ import annotations

import itertools
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from html import escape
from math import ceil, floor, inf, log10
from typing import TYPE_CHECKING, Any

from results import run_links
from results.cost_units import CostUnit
from results.described import choices_of
from results.figure import Figure, Trace
from results.front_texts import Drawing, configuration_text, cost_unit, front_sentence, run_text, told_of
from results.labels import Box, Label, placed
from results.pareto import OF_TASK, SCORE, Front, value_of
from results.rows import RunRow
from results.searched import complete_search, evenly
from results.study_results import StudyResults
from results.summary import Summary

if TYPE_CHECKING:
    import pandas as pd

WIDE_RANGE = 20  # a cost that spans more than this factor gets a logarithmic axis
MOST_POINTS = 500  # of the search's single runs, so that the page stays small
# The pixels that axes enclose at least, on a wide and on a narrow page: what fits there fits where there is more room.
WIDE, NARROW = (470.0, 225.0), (258.0, 150.0)
LONGEST_LABEL = 30


def front_figure(results: StudyResults, found: Summary, frame: pd.DataFrame, front: Front) -> Figure | None:
    """One objective against the other; the front is a line through its members. None where nothing is measured.

    `frame` is `pareto.pareto_frame`.
    """
    x, y = front.x.column, front.y.column
    known = frame[frame[x].notna() & frame[y].notna()].sort_values([x, y], kind="stable")
    members, rest = known[known[front.member]], known[~known[front.member]]
    it = Drawing(results, found, front, cost_unit(frame, x) if front.y == SCORE else CostUnit())
    span = _range(_numbers(known[x])) if len(known) else (-inf, inf)
    traces = [
        _single_runs(it, span),
        _configurations("confirmed or ablated, mean of seeds", rest, it, "var(--muted)"),
        _configurations("on the Pareto front", members, it, "var(--accent)", line=True),
        *(_ring(label, rows, it, color) for label, rows, color in _marked(found, known)),
    ]
    drawn = [trace for trace in traces if trace["x"]]
    if not drawn:
        return None
    values = [value for trace in drawn for value in trace["x"]]
    wide = front.y == SCORE and min(values) > 0 and max(values) / min(values) > WIDE_RANGE
    ranges = (_range([log10(v) for v in values] if wide else values), _range(_heights(drawn)))
    annotations = {
        name: _annotations(found, known, it, ranges, size, wide) for name, size in (("wide", WIDE), ("narrow", NARROW))
    }
    return Figure(
        id="figure-tasks" if x.startswith(OF_TASK) else f"figure-{re.sub('[^A-Za-z0-9]+', '-', x)}",
        title=_title(it) if front.y == SCORE else _pair_title(front),
        sentence=front_sentence(members, len(known), it),
        traces=drawn,
        layout={
            "xaxis": {
                "title": {
                    "text": escape(it.unit.title(front.x.title), quote=False) if front.y == SCORE else it.axis(front.x)
                },
                "range": list(ranges[0]),
            }
            | (_log(values) if wide else {}),
            "yaxis": {"title": {"text": it.axis(front.y)}, "range": list(ranges[1])},
            "annotations": annotations["wide"],
        },
        narrow={"annotations": annotations["narrow"]},
        runs=run_links.of_runs(run for digest in known["config_digest"] for run in results.run_ids(digest)),
    )


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    room = 0.06 * (high - low) or 0.06 * abs(high) or 0.5
    return low - room, high + room


def _heights(traces: Sequence[Trace]) -> list[float]:
    """All that is drawn upwards, error bars too."""
    found = [float(value) for trace in traces for value in trace["y"]]
    for trace in traces:
        for at, spread in zip(trace["y"], trace.get("error_y", {}).get("array", ()), strict=False):
            found += [] if spread is None else [at - spread, at + spread]
    return found


def _log(values: Sequence[float]) -> dict[str, Any]:
    """A logarithmic axis with 1, 2 and 5 times each power of ten in the range on it."""
    powers = range(floor(log10(min(values))), ceil(log10(max(values))) + 1)
    ticks = [factor * 10.0**power for power in powers for factor in (1, 2, 5)]
    shown = [tick for tick in ticks if 0.8 * min(values) <= tick <= 1.25 * max(values)]
    return {"type": "log", "tickvals": shown, "ticktext": [_compact(tick) for tick in shown]}


def _compact(value: float) -> str:
    """ "20k", "5M", "0.2"."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


def _title(it: Drawing) -> str:
    """ "Score against training time"."""
    name = it.of(SCORE).name
    return f"{name[0].upper()}{name[1:]} against {it.front.x.words}"


def _pair_title(front: Front) -> str:
    return f"{front.y.words} against {front.x.words}"


def _single_runs(it: Drawing, span: tuple[float, float]) -> Trace:
    """The search's runs, small and faint: one seed each, chosen for high scores, they would seem to beat the front.

    Those that cost what configurations with results do (`span`): the others would press these together.
    """
    runs = complete_search(it.results)
    measured = _measured(it.results, evenly(runs, MOST_POINTS), it.front)
    known = [one for one in measured if span[0] <= one[0] <= span[1]]
    told = f"search: one seed each, too {'high' if it.of(SCORE).higher_is_better else 'low'}"
    if len(known) < len(runs):
        told += f" ({len(known):,} of {len(runs):,})"
    texts = [run_text(it, run, x, y) for x, y, run in known]
    trace = _points(told, [it.x(x) for x, _, _ in known], [it.y(y) for _, y, _ in known], texts, "var(--faint)", 4)
    trace["marker"]["opacity"] = 0.5
    return trace | {"runs": [str(run.id) for _, _, run in known]}


def _measured(results: StudyResults, runs: Sequence[RunRow], front: Front) -> list[tuple[float, float, RunRow]]:
    """Both objectives of the runs for which both are known."""
    pairs = [(value_of(results, run, front.x.column), value_of(results, run, front.y.column), run) for run in runs]
    return [(x, y, run) for x, y, run in pairs if x is not None and y is not None]


def _points(name: str, x: Sequence[float], y: Sequence[float], texts: Sequence[str], color: str, size: int) -> Trace:
    return {
        "x": list(x),
        "y": list(y),
        "text": list(texts),
        "name": name,
        "mode": "markers",
        "marker": {"color": color, "size": size},
        "hovertemplate": "%{text}<extra></extra>",
    }


def _configurations(name: str, rows: pd.DataFrame, it: Drawing, color: str, line: bool = False) -> Trace:
    texts = [configuration_text(it, record) for record in rows.to_dict("records")]
    xs = [it.x(value) for value in _numbers(rows[it.front.x.column])]
    trace = _points(name, xs, [it.y(value) for value in _numbers(rows[it.front.y.column])], texts, color, 10)
    trace["runs"] = [run_links.ranges(it.results.run_ids(digest)) for digest in rows["config_digest"]]
    if it.front.y == SCORE:
        spreads = [None if spread != spread else float(spread) for spread in rows["spread"]]
        trace["error_y"] = {"array": spreads, "color": color, "thickness": 1, "width": 3}
    if line:
        trace |= {"mode": "lines+markers", "line": {"color": color, "width": 1.5, "shape": "hv"}}
        if it.front.x.direction == "maximize":
            trace["line"]["shape"] = "vh"
        trace["marker"]["symbol"] = "diamond"
        trace["marker"]["size"] = 12
    return trace


def _marked(found: Summary, known: pd.DataFrame) -> list[tuple[str, pd.DataFrame, str]]:
    """The best, the baseline and the space's recipes among the configurations: name, rows, colour."""
    entries = [("baseline", found.baseline, "var(--baseline)"), ("best", found.best, "var(--best)")]
    named = [
        (label, known[known["config_digest"] == (entry.digest if entry else "")], color)
        for label, entry, color in (entries[1:] if found.best_is_baseline else entries)
    ]
    roles = {entry.digest for _, entry, _ in entries if entry}
    recipes = known[(known["recipe"] != "") & ~known["config_digest"].isin(roles)]
    named += [(f"recipe {name}", recipes[recipes["recipe"] == name], "var(--muted)") for name in recipes["recipe"]]
    return [one for one in named if len(one[1])]


def _ring(label: str, rows: pd.DataFrame, it: Drawing, color: str) -> Trace:
    xs = [it.x(value) for value in _numbers(rows[it.front.x.column])]
    shown = escape(label, quote=False)
    trace = _points(
        shown, xs, [it.y(value) for value in _numbers(rows[it.front.y.column])], [shown] * len(rows), color, 18
    )
    trace["marker"] |= {"symbol": "circle-open", "line": {"width": 2, "color": color}}
    return trace | {"showlegend": False, "hoverinfo": "skip", "hovertemplate": None, "cliponaxis": False}


def _annotations(
    found: Summary,
    known: pd.DataFrame,
    it: Drawing,
    ranges: tuple[tuple[float, float], tuple[float, float]],
    size: tuple[float, float],
    is_log: bool,
) -> list[dict[str, Any]]:
    """The names of the best, the baseline, recipes, and members of the front where there is room for them."""
    (left, right), (low, high) = ranges

    def on_axis(record: Mapping[Any, Any]) -> tuple[float, float]:
        x = it.x(float(record[it.front.x.column]))
        return log10(x) if is_log else x, it.y(float(record[it.front.y.column]))

    def pixels(x: float, y: float) -> tuple[float, float]:
        return (x - left) / (right - left) * size[0], (high - y) / (high - low) * size[1]

    records = known.to_dict("records")
    named = [
        (name, record, color, True) for name, rows, color in _marked(found, known) for record in rows.to_dict("records")
    ]
    named.sort(key=lambda one: one[0] not in ("best", "baseline"))
    taken = {record["config_digest"] for _, record, _, _ in named}
    for record in records:
        if record[it.front.member] and record["config_digest"] not in taken:
            told = record["label"] or told_of(it.found, choices_of(it.results, record["config_digest"]))
            named.append((told.removeprefix("the best, but with "), record, "var(--accent)", False))
    places = [on_axis(record) for _, record, _, _ in named]
    labels = [
        Label(textwrap.shorten(name, LONGEST_LABEL, placeholder="…"), *pixels(*place), needed=needed)
        for (name, _, _, needed), place in zip(named, places, strict=True)
    ]
    drawn = [*_bars(records, it, on_axis, pixels), *_steps(records, it, on_axis, pixels)]
    boxes = placed(labels, [pixels(*on_axis(record)) for record in records], size, drawn)
    return [
        {
            "x": x,
            "y": y,
            "xshift": round(box.middle[0] - label.x, 1),
            "yshift": round(label.y - box.middle[1], 1),
            "text": escape(label.text, quote=False),
            "showarrow": False,
            "font": {"size": 12, "color": color},
        }
        for label, box, (x, y), (_, _, color, _) in zip(labels, boxes, places, named, strict=True)
        if box is not None
    ]


def _bars(
    records: Sequence[Mapping[Any, Any]],
    it: Drawing,
    on_axis: Callable[[Mapping[Any, Any]], tuple[float, float]],
    pixels: Callable[[float, float], tuple[float, float]],
) -> list[Box]:
    """The error bars, which labels keep clear of."""
    found = []
    for record in records if it.front.y == SCORE else ():
        x, y = on_axis(record)
        spread = record["spread"] if record["spread"] == record["spread"] else 0.0
        (at, top), (_, bottom) = pixels(x, y + spread), pixels(x, y - spread)
        found.append(Box(at - 3, top, at + 3, bottom))
    return found


def _steps(
    records: Sequence[Mapping[Any, Any]],
    it: Drawing,
    on_axis: Callable[[Mapping[Any, Any]], tuple[float, float]],
    pixels: Callable[[float, float], tuple[float, float]],
) -> list[Box]:
    """The line through the front's members, a step at a time, across and then up, as `_configurations` draws it."""
    members = [pixels(*on_axis(record)) for record in records if record[it.front.member]]
    found = []
    for (x, y), (end, to) in itertools.pairwise(members):
        across, up = (y, end) if it.front.x.direction != "maximize" else (to, x)
        found.append(Box(min(x, end), across - 1, max(x, end), across + 1))
        found.append(Box(up - 1, min(y, to), up + 1, max(y, to)))
    return found


def _numbers(column: pd.Series[Any]) -> list[float]:
    return [float(value) for value in column]
