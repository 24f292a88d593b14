"""Parallel coordinates of a search: every run as a line across its choices.

Plotly's parallel-coordinates trace compiles shaders from strings, which the page's Content-Security-Policy forbids.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from results.analysis.describe import described
from results.analysis.summary import Summary
from results.database.rows import RunRow
from results.figures.factor_axis import FactorAxis, factor_axes
from results.figures.figure import Figure, Trace, escaped, line
from results.measurements.study_results import StudyResults, evenly
from results.text.units import Unit

FEWEST_RUNS = 10
MOST_LINES, MOST_AXES = 240, 7  # more lines hide one another
TOP = 0.1  # fraction of the runs that are drawn in colour
JITTER = 0.05  # of the axis: offset of lines that share a level

Line = Mapping[str, Any]


def parallel(results: StudyResults, summary: Summary, runs: Sequence[RunRow]) -> Figure | None:
    """Draw runs across the factors in which the best tenth differ most; None with too few runs or factors."""
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
    others = _lines(summary, [run for run in drawn if run.id not in best], axes, ends)
    of_best = _lines(summary, [run for run in drawn if run.id in best], axes, ends)
    sampled = f" ({len(drawn):,} of {len(complete):,} are drawn)" if len(drawn) < len(complete) else ""
    return Figure(
        id="figure-parallel",
        title="Every complete run across its choices",
        sentence=(
            f"Each line is a run of the search{sampled}; the {len(top)} best-scoring runs are coloured. The factors "
            "shown are those in which they differ most from all runs. Where their lines meet, the search concentrated; "
            "this is a hint, not a result. Hover over a line to identify its run; click to open it."
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
    """Return the unconditional factors in which `top` differs most from all runs, in the space's order."""
    factors = results.study.space_json.get("factors", [])
    conditional = {factor["name"] for factor in factors if factor.get("condition") is not None}
    varying = factor_axes(factors, [run.choices_json for run in complete])
    axes = [axis for axis in varying if axis.factor not in conditional]
    differences = {axis.factor: _difference(axis, complete, top) for axis in axes}
    chosen = sorted(axes, key=lambda axis: -differences[axis.factor])[:MOST_AXES]
    return [axis for axis in axes if axis in chosen]


def _difference(axis: FactorAxis, runs: Sequence[RunRow], top: Sequence[RunRow]) -> float:
    """Return the total variation distance between the levels of `top` and of all `runs`; ranges are cut in thirds."""

    def frequencies(sample: Sequence[RunRow]) -> dict[int, float]:
        fractions = [at for run in sample if (at := axis.fraction(run.choices_json)) is not None]
        steps = max(2, len(axis.levels) - 1) if axis.levels else 2
        counts = Counter(round(at * steps) for at in fractions)
        return {step: count / len(fractions) for step, count in counts.items()}

    of_all, of_top = frequencies(runs), frequencies(top)
    return sum(abs(of_all.get(step, 0.0) - of_top.get(step, 0.0)) for step in {*of_all, *of_top}) / 2


def _lines(
    summary: Summary, runs: Sequence[RunRow], axes: Sequence[FactorAxis], ends: tuple[float, float]
) -> list[Line]:
    """Return runs as lines: the run's id, its height at each axis, and its hover text."""
    unit = summary.units.score
    lines: list[Line] = []
    for index, run in enumerate(runs):
        score, choices = f"{unit.name} {unit.scored(run.score)}", described(summary, run.choices_json).text
        text = f"run {run.id}: {score}, one seed; {choices}"
        lines.append({"id": run.id, "at": _path(run, index, axes, ends), "says": text})
    return lines


def _path(run: RunRow, index: int, axes: Sequence[FactorAxis], ends: tuple[float, float]) -> list[float | None]:
    """Return a line's height at each axis and the score's, 0..1, with jitter where lines share a level."""
    low, high = ends
    jitter = JITTER * (2 * ((index * 0.618034) % 1) - 1)  # the golden ratio spreads any number of lines evenly
    heights: list[float | None] = []
    for axis in axes:
        at = axis.fraction(run.choices_json)
        heights.append(None if at is None else round(at + (jitter if axis.levels else 0.0), 4))
    return [*heights, round(((run.score or 0.0) - low) / (high - low), 4) if high > low else 0.5]


def _trace(name: str, lines: Sequence[Line], color: str, width: float) -> Trace:
    xs = [x for each in lines for x in (*range(len(each["at"])), None)]
    return line(name, xs, [y for each in lines for y in (*each["at"], None)], color, width)


def _label(x: float, y: float, text: str) -> dict[str, Any]:
    style = {"bgcolor": "var(--card)", "opacity": 0.88, "borderpad": 1, "font": {"size": 11, "color": "var(--ink)"}}
    return {"x": x, "y": y, "text": escaped(text), "showarrow": False, "xanchor": "left", "xshift": 5, **style}
