"""Parallel coordinates of a search: every run as a line across its choices.

Plotly's own trace of that name compiles shaders from strings, which the page's Content-Security-Policy forbids. All
scores here are of single runs that chose configurations; they are not results.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from results.analysis.describe import described
from results.analysis.summary import Summary
from results.database.rows import RunRow
from results.figures.factor_axis import FactorAxis, factor_axes
from results.figures.figure import Figure, Trace, escaped
from results.measurements.study_results import StudyResults, evenly
from results.text.units import Unit

FEWEST_RUNS = 10
MOST_LINES, MOST_AXES = 240, 7  # more lines are a carpet
TOP = 0.1  # the share of runs whose lines are in colour
SPREAD = 0.05  # how far lines through one level are drawn apart, of an axis

Line = Mapping[str, Any]


def parallel(results: StudyResults, found: Summary, runs: Sequence[RunRow]) -> Figure | None:
    """Draw the complete runs across the factors in which the best tenth differ most from all, and the score.

    None with fewer than ten runs or two factors that vary. Lines through one level are drawn apart.
    """
    complete = [run for run in runs if run.status == "complete" and run.score is not None]
    ranked = sorted(complete, key=lambda run: (-(run.score or 0.0), run.id))
    top = ranked[: max(3, round(TOP * len(ranked)))]
    axes = _axes(results, complete, top)
    if len(complete) < FEWEST_RUNS or len(axes) < 2:
        return None
    best = {run.id for run in top}
    shown = best | {run.id for run in evenly(complete, MOST_LINES)}
    drawn = [run for run in complete if run.id in shown]
    ends = ranked[-1].score or 0.0, ranked[0].score or 0.0
    others = _lines(found, [run for run in drawn if run.id not in best], axes, ends)
    of_best = _lines(found, [run for run in drawn if run.id in best], axes, ends)
    some = f" ({len(drawn):,} of {len(complete):,} drawn)" if len(drawn) < len(complete) else ""
    return Figure(
        id="figure-parallel",
        title="Every complete run across its choices",
        sentence=(
            f"Each line is a run of the search{some}; the {len(top)} with the best scores are in colour. The factors "
            "are those in which these differ most from all runs: where their lines meet is where the search went, "
            "which is a hint and not a result. Point at a line to see which run it is; click to open it."
        ),
        traces=[
            _trace("other complete runs", others, "var(--faint)", 0.7),
            _trace(f"best {len(top)}", of_best, "var(--best)", 1.8),
            _trace("the run under the pointer", [], "var(--ink)", 3) | {"showlegend": False},
        ],
        lines=[*others, *of_best],
        layout=_layout(axes, ends, results.units.score),
        wide=True,
    )


def _layout(axes: Sequence[FactorAxis], ends: tuple[float, float], unit: Unit) -> dict[str, Any]:
    labels = [_label(i, at, text) for i, axis in enumerate(axes) for at, text in axis.labels()]
    labels += [_label(len(axes), at, unit.score(end)) for at, end in zip((0.0, 1.0), ends, strict=True)]
    return {
        "xaxis": {
            "title": {"text": ""},
            "tickvals": list(range(len(axes) + 1)),
            "ticktext": [*(escaped(axis.factor) for axis in axes), escaped(unit.heading)],
            "range": [-0.35, len(axes) + 0.55],
            "side": "top",
            "gridcolor": "var(--faint)",
            "tickangle": 0,
        },
        "yaxis": {"title": {"text": ""}, "showgrid": False, "showticklabels": False, "range": [-0.1, 1.1]},
        "annotations": labels,
    }


def _axes(results: StudyResults, complete: Sequence[RunRow], top: Sequence[RunRow]) -> list[FactorAxis]:
    """Return the factors, without conditional ones, in which `top` differs most from all, in the space's order."""
    factors = results.study.space_json.get("factors", [])
    conditional = {factor["name"] for factor in factors if factor.get("condition") is not None}
    varying = factor_axes(factors, [run.choices_json for run in complete])
    axes = [axis for axis in varying if axis.factor not in conditional]
    differences = {axis.factor: _difference(axis, complete, top) for axis in axes}
    chosen = sorted(axes, key=lambda axis: -differences[axis.factor])[:MOST_AXES]
    return [axis for axis in axes if axis in chosen]


def _difference(axis: FactorAxis, runs: Sequence[RunRow], top: Sequence[RunRow]) -> float:
    """Return the total variation distance between the levels of the top and of all; a range in thirds."""

    def shares(of: Sequence[RunRow]) -> dict[int, float]:
        places = [place for run in of if (place := axis.share(run.choices_json)) is not None]
        parts = max(2, len(axis.levels) - 1) if axis.levels else 2
        counts = Counter(round(place * parts) for place in places)
        return {part: count / len(places) for part, count in counts.items()} if places else {}

    all_of, of_top = shares(runs), shares(top)
    return sum(abs(all_of.get(part, 0.0) - of_top.get(part, 0.0)) for part in {*all_of, *of_top}) / 2


def _lines(found: Summary, runs: Sequence[RunRow], axes: Sequence[FactorAxis], ends: tuple[float, float]) -> list[Line]:
    """Return runs as lines: the run's id, its height at each axis, and what the page says of it."""
    unit = found.units.score
    return [
        {
            "id": run.id,
            "at": _path(run, place, axes, ends),
            "says": f"run {run.id}: {unit.name} {unit.scored(run.score)}, one seed; "
            f"{described(found, run.choices_json).text}",
        }
        for place, run in enumerate(runs)
    ]


def _path(run: RunRow, place: int, axes: Sequence[FactorAxis], ends: tuple[float, float]) -> list[float | None]:
    """Return a line's height at each axis and at the score's, 0..1; lines through one level are drawn apart."""
    low, high = ends
    apart = SPREAD * (2 * ((place * 0.618034) % 1) - 1)  # the golden ratio spreads any number of lines evenly
    heights: list[float | None] = []
    for axis in axes:
        at = axis.share(run.choices_json)
        heights.append(None if at is None else round(at + (apart if axis.levels else 0.0), 4))
    return [*heights, round(((run.score or 0.0) - low) / (high - low), 4) if high > low else 0.5]


def _trace(name: str, lines: Sequence[Line], color: str, width: float) -> Trace:
    return {
        "x": [x for line in lines for x in (*range(len(line["at"])), None)],
        "y": [y for line in lines for y in (*line["at"], None)],
        "name": name,
        "mode": "lines",
        "line": {"color": color, "width": width},
        "hoverinfo": "skip",
    }


def _label(x: float, y: float, text: str) -> dict[str, Any]:
    return {
        "x": x,
        "y": y,
        "text": escaped(text),
        "showarrow": False,
        "xanchor": "left",
        "xshift": 5,
        "bgcolor": "var(--card)",
        "opacity": 0.88,
        "borderpad": 1,
        "font": {"size": 11, "color": "var(--ink)"},
    }
