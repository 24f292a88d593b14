"""Figures of the search: the score of run after run with the highest so far, every run as a line across its choices.

All scores here are of single runs that chose configurations; they are not results.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from results.described import described
from results.figure import Figure, Trace
from results.pareto import recipes_of
from results.rows import JsonObject, RunRow
from results.searched import evenly
from results.study_results import StudyResults
from results.summary import Summary
from results.units import Unit, axis_title
from results.wording import level_text, plural, range_text

MOST_POINTS = 800  # of the history, so that the page stays small
MOST_LINES, MOST_AXES = 240, 7  # of the parallel coordinates: more is a carpet
TOP = 0.1  # the share of runs that the lines in colour are
SPREAD = 0.05  # how far lines through one level are drawn apart, of an axis


def history(results: StudyResults, found: Summary, runs: Sequence[RunRow]) -> Figure:
    """The scores of the search's runs in the order they began, and the highest so far."""
    places, unit = {run.id: place for place, run in enumerate(runs, start=1)}, results.units.score
    complete = [run for run in runs if run.status == "complete" and run.score is not None]
    stopped = [run for run in runs if run.status == "pruned" and run.score is not None]
    best = _records(complete)
    traces: list[Trace] = [
        _dots("stopped early", evenly(stopped, MOST_POINTS // 2), places, found, "var(--faint)", "circle-open", unit),
        _dots("complete", evenly(complete, MOST_POINTS), places, found, "var(--muted)", "circle", unit),
        {
            "x": [*(places[run.id] for run in best), len(runs)],
            "y": [_shown(unit, run) for run in (*best, best[-1])] if best else [],
            "name": f"{unit.best_first} so far",
            "mode": "lines",
            "line": {"color": "var(--accent)", "width": 2, "shape": "hv"},
            "hoverinfo": "skip",
        },
        _named(results, found, complete, places),
    ]
    return Figure(
        id="figure-history",
        title=f"{unit.name[0].upper()}{unit.name[1:]} of the search, run after run",
        sentence=_history_sentence(runs, complete, best, places, unit),
        traces=[trace for trace in traces if trace["y"]],
        layout={
            "xaxis": {"title": {"text": "run of the search"}},
            "yaxis": {"title": {"text": axis_title(unit, f"{unit.heading} on dev")}},
        },
    )


def _history_sentence(
    runs: Sequence[RunRow], complete: Sequence[RunRow], best: Sequence[RunRow], places: Mapping[int, int], unit: Unit
) -> str:
    ends = Counter[str](run.status for run in runs)
    words = (("pruned", "stopped early"), ("failed", "failed"), ("interrupted", "interrupted"), ("running", "running"))
    told = ", ".join([f"{len(complete)} complete", *(f"{ends[key]} {word}" for key, word in words if ends[key])])
    if not best:
        return f"{plural(len(runs), 'run')}: {told}."
    return (
        f"{plural(len(runs), 'run')}: {told}. The {unit.best_first} single {unit.name}, "
        f"{unit.scored(best[-1].score)}, came with run {places[best[-1].id]:,} of {len(runs):,}. Single runs chose "
        "configurations; they are not results."
    )


def _shown(unit: Unit, run: RunRow) -> float | None:
    """A run's score as it was measured."""
    return None if run.score is None else unit.natural(run.score)


def _records(complete: Sequence[RunRow]) -> list[RunRow]:
    """The runs that scored higher than all before them."""
    found: list[RunRow] = []
    for run in complete:
        if not found or (run.score or 0.0) > (found[-1].score or 0.0):
            found.append(run)
    return found


def _dots(
    name: str, runs: Sequence[RunRow], places: Mapping[int, int], found: Summary, color: str, symbol: str, unit: Unit
) -> Trace:
    return {
        "x": [places[run.id] for run in runs],
        "y": [_shown(unit, run) for run in runs],
        "text": [escape(f"run {run.id}: {described(found, run.choices_json).text}", quote=False) for run in runs],
        "runs": [str(run.id) for run in runs],
        "name": name,
        "mode": "markers",
        "marker": {"color": color, "size": 7, "symbol": symbol},
        "hovertemplate": "%{text}<br>%{y:" + unit.hover + "}<extra></extra>",
    }


def _named(results: StudyResults, found: Summary, complete: Sequence[RunRow], places: Mapping[int, int]) -> Trace:
    """The first run of the baseline and of each of the space's recipes, with its name."""
    recipes = {f"recipe {name}": choices for name, choices in recipes_of(results).items()}
    wanted = {"baseline": found.baseline_choices, **recipes}
    firsts = {name: next((run for run in complete if run.choices_json == what), None) for name, what in wanted.items()}
    marked = [(name, run) for name, run in firsts.items() if run is not None]
    return {
        "x": [places[run.id] for _, run in marked],
        "y": [_shown(results.units.score, run) for _, run in marked],
        "text": [escape(name, quote=False) for name, _ in marked],
        "runs": [str(run.id) for _, run in marked],
        "name": "baseline and recipes",
        "mode": "markers",
        "marker": {"color": "var(--baseline)", "size": 9, "symbol": "x"},
        "hovertemplate": "%{text}<br>%{y:" + results.units.score.hover + "}<extra></extra>",
    }


@dataclass(frozen=True)
class _Axis:
    """One factor: its levels from the bottom up, or a range of numbers."""

    factor: str
    levels: tuple[str, ...]
    low: float
    high: float
    log: bool

    def place(self, choices: JsonObject) -> float | None:
        """0..1; None where the configuration does not have the factor."""
        choice = choices.get(self.factor)
        if choice is None:
            return None
        if self.levels:
            return self.levels.index(str(choice)) / max(1, len(self.levels) - 1)
        low, at, high = (math.log(v) if self.log else v for v in (self.low, float(choice), self.high))
        return min(1.0, max(0.0, (at - low) / (high - low))) if high > low else 0.5

    def labels(self) -> list[tuple[float, str]]:
        """What stands on the axis, and where."""
        if self.levels:
            return [(i / max(1, len(self.levels) - 1), level_text(level)) for i, level in enumerate(self.levels)]
        return [(at, range_text(end, self.low, self.high)) for at, end in ((0.0, self.low), (1.0, self.high))]


def parallel(results: StudyResults, found: Summary, runs: Sequence[RunRow]) -> Figure | None:
    """The complete runs as lines across the factors in which the best tenth differ most from all, and the score.

    None with fewer than ten runs or two factors that vary. Lines through one level are drawn apart.
    """
    complete = [run for run in runs if run.status == "complete" and run.score is not None]
    if len(complete) < 10:
        return None
    ranked = sorted(complete, key=lambda run: (-(run.score or 0.0), run.id))
    top = ranked[: max(3, round(TOP * len(ranked)))]
    axes = _axes(results, complete, top)
    if len(axes) < 2:
        return None
    shown = sorted({run.id for run in (*top, *evenly(complete, MOST_LINES))})
    drawn = [run for run in complete if run.id in shown]
    unit = results.units.score
    low, high = ranked[-1].score or 0.0, ranked[0].score or 0.0
    best = {run.id for run in top}
    lines = {name: [run for run in drawn if (run.id in best) is first] for name, first in (("", False), ("top", True))}
    some = f" ({len(drawn):,} of {len(complete):,} drawn)" if len(drawn) < len(complete) else ""
    names = [escape(axis.factor, quote=False) for axis in axes]
    paths = {
        name: [_path(run, place, axes, (low, high)) for place, run in enumerate(some)] for name, some in lines.items()
    }
    return Figure(
        id="figure-parallel",
        title="Every complete run across its choices",
        sentence=(
            f"A line is a run of the search{some}; the {len(top)} with the best scores are in colour. The factors "
            "are those whose levels these use most unlike all runs: where their lines meet, the search went, which is "
            "a hint and no result. Pointing at a line shows which run it is; a click opens it."
        ),
        traces=[
            _lines("other complete runs", paths[""], "var(--faint)", 0.7),
            _lines(f"best {len(top)}", paths["top"], "var(--best)", 1.8),
            _lines("the run pointed at", [], "var(--ink)", 3) | {"showlegend": False},
        ],
        lines=[
            {"id": run.id, "at": path, "says": _says(found, run)}
            for name, some in lines.items()
            for run, path in zip(some, paths[name], strict=True)
        ],
        layout={
            "xaxis": {
                "title": {"text": ""},
                "tickvals": list(range(len(axes) + 1)),
                "ticktext": [*names, escape(unit.heading, quote=False)],
                "range": [-0.35, len(axes) + 0.55],
                "side": "top",
                "gridcolor": "var(--faint)",
                "tickangle": 0,
            },
            "yaxis": {"title": {"text": ""}, "showgrid": False, "showticklabels": False, "range": [-0.1, 1.1]},
            "annotations": [*_labels(axes), *_score_labels(len(axes), low, high, results.units.score)],
        },
        wide=True,
    )


def _axes(results: StudyResults, complete: Sequence[RunRow], top: Sequence[RunRow]) -> list[_Axis]:
    described_factors = results.study.space_json.get("factors", [])
    known = {factor["name"]: factor for factor in described_factors if factor.get("condition") is None}
    found: list[tuple[float, int, _Axis]] = []
    for name in known or dict.fromkeys(key for run in complete for key in run.choices_json):
        axis = _axis(name, known.get(name, {}), complete)
        if axis is not None:
            found.append((_unlike(axis, complete, top), len(found), axis))
    chosen = sorted(found, key=lambda item: (-item[0], item[1]))[:MOST_AXES]
    return [axis for _, _, axis in sorted(chosen, key=lambda item: item[1])]


def _axis(name: str, factor: Mapping[str, Any], runs: Sequence[RunRow]) -> _Axis | None:
    """None where all runs agree."""
    chosen = [run.choices_json[name] for run in runs if name in run.choices_json]
    if len({str(one) for one in chosen}) < 2:
        return None
    numbers = [float(one) for one in chosen if isinstance(one, int | float)]
    if len(numbers) == len(chosen) and len(set(numbers)) > 6:
        low, high = min(numbers), max(numbers)
        return _Axis(name, (), low, high, low > 0 and high >= 10 * low)
    tried = {str(one) for one in chosen}
    order = [*map(str, factor.get("levels") or ()), *sorted(tried)]
    return _Axis(name, tuple(dict.fromkeys(level for level in order if level in tried)), 0.0, 0.0, False)


def _unlike(axis: _Axis, runs: Sequence[RunRow], top: Sequence[RunRow]) -> float:
    """The total variation distance between the levels of the top and of all; a range in thirds."""

    def shares(of: Sequence[RunRow]) -> dict[int, float]:
        places = [place for run in of if (place := axis.place(run.choices_json)) is not None]
        parts = max(2, len(axis.levels) - 1) if axis.levels else 2
        counts = Counter(round(place * parts) for place in places)
        return {part: count / len(places) for part, count in counts.items()} if places else {}

    all_of, of_top = shares(runs), shares(top)
    return sum(abs(all_of.get(part, 0.0) - of_top.get(part, 0.0)) for part in {*all_of, *of_top}) / 2


def _path(run: RunRow, place: int, axes: Sequence[_Axis], scores: tuple[float, float]) -> list[float | None]:
    """The height of a run's line at each axis and at the score's, 0..1; lines through one level are drawn apart."""
    low, high = scores
    apart = SPREAD * (2 * ((place * 0.618034) % 1) - 1)  # the golden ratio spreads any number of lines evenly
    found: list[float | None] = []
    for axis in axes:
        at = axis.place(run.choices_json)
        found.append(None if at is None else round(at + (apart if axis.levels else 0.0), 4))
    return [*found, round(((run.score or 0.0) - low) / (high - low), 4) if high > low else 0.5]


def _says(found: Summary, run: RunRow) -> str:
    unit = found.units.score
    return f"run {run.id}: {unit.name} {unit.scored(run.score)}, one seed; {described(found, run.choices_json).text}"


def _lines(name: str, paths: Sequence[Sequence[float | None]], color: str, width: float) -> Trace:
    x: list[float | None] = []
    y: list[float | None] = []
    for path in paths:
        x += [*range(len(path)), None]
        y += [*path, None]
    return {
        "x": x,
        "y": y,
        "name": name,
        "mode": "lines",
        "line": {"color": color, "width": width},
        "hoverinfo": "skip",
    }


def _labels(axes: Sequence[_Axis]) -> list[dict[str, Any]]:
    return [_label(i, at, text) for i, axis in enumerate(axes) for at, text in axis.labels()]


def _score_labels(place: int, low: float, high: float, unit: Unit) -> list[dict[str, Any]]:
    return [_label(place, 0.0, unit.score(low)), _label(place, 1.0, unit.score(high))]


def _label(x: float, y: float, text: str) -> dict[str, Any]:
    return {
        "x": x,
        "y": y,
        "text": escape(text, quote=False),
        "showarrow": False,
        "xanchor": "left",
        "xshift": 5,
        "bgcolor": "var(--card)",
        "opacity": 0.88,
        "borderpad": 1,
        "font": {"size": 11, "color": "var(--ink)"},
    }
