"""Score against the levels, or the numbers, of one factor after the other: one figure with a menu of factors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median
from typing import Any

from results.analysis.describe import described
from results.analysis.leaderboard import ConfigurationResult, configuration_result
from results.analysis.summary import Summary
from results.database.rows import RunRow
from results.figures import run_links
from results.figures.factor_axis import FactorAxis, factor_axes
from results.figures.figure import Figure, Trace, best_and_baseline, capitalized, escaped, outlines, points
from results.measurements.study_results import StudyResults, complete_search, evenly
from results.text.formatting import plural, seeds_text
from results.text.units import axis_title

MOST_POINTS = 400  # of the search's runs, so that the page stays small


def slices(results: StudyResults, found: Summary) -> list[FactorAxis]:
    """Return the factors that vary among the runs that are drawn, the one with the largest measured effect first."""
    choices = [run.choices_json for run in complete_search(results)]
    choices += [entry.choices for entry in _entries(results)]
    first = next((row.cell.factor for row in found.ablation if row.comparison), None)
    varying = factor_axes(results.study.space_json.get("factors", []), choices)
    return sorted(varying, key=lambda axis: axis.factor != first)


def slice_figure(results: StudyResults, found: Summary, factors: Sequence[FactorAxis]) -> Figure:
    """Return the figure, with the first factor; `menu` has what another factor changes."""
    runs, entries = evenly(complete_search(results), MOST_POINTS), _entries(results)
    unit = results.units.score
    traces = _traces(found, runs, entries)
    menu = [_entry(axis, runs, entries, found) for axis in factors]
    drawn = [place for place, trace in enumerate(traces) if trace["y"] or any(one["data"][place]["x"] for one in menu)]
    menu = [{**one, "data": [one["data"][place] for place in drawn]} for one in menu]
    return Figure(
        id="figure-slices",
        title=f"{capitalized(unit.name)} against one factor",
        sentence=_sentence(found),
        traces=[traces[place] | menu[0]["data"][at] for at, place in enumerate(drawn)],
        layout={
            "xaxis": menu[0]["xaxis"],
            "yaxis": {"title": {"text": axis_title(unit, f"{unit.heading} on dev")}},
            "legend": {"y": 1.02, "yanchor": "bottom"},  # long names of levels need the room below the axis
        },
        menu=menu,
    )


def _traces(found: Summary, runs: Sequence[RunRow], entries: Sequence[ConfigurationResult]) -> list[Trace]:
    """Return single runs, their medians, fresh seeds, best and baseline; the menu has their places along the axis."""
    unit = found.units.score
    words = escaped(unit.name)
    heights = [None if run.score is None else unit.natural(run.score) for run in runs]
    texts = [f"run {run.id} of the search, one seed<br>{words} {unit.scored(run.score)}" for run in runs]
    single = points("search: one seed each", (), heights, "var(--faint)", 5, texts=texts)
    single["marker"]["opacity"] = 0.55
    texts, means = [_entry_text(found, entry) for entry in entries], [unit.natural(entry.mean) for entry in entries]
    fresh = points("fresh seeds, mean ± sd", (), means, "var(--accent)", 9, symbol="diamond", texts=texts)
    spread = {"array": [entry.spread for entry in entries], "color": "var(--accent)", "thickness": 1}
    return [
        single | {"runs": [str(run.id) for run in runs]},
        outlines("median of the search's runs", (), (), "var(--muted)", 26, "line-ew-open"),
        fresh | {"runs": [run_links.ranges(entry.run_ids) for entry in entries], "error_y": spread},
        *(outlines(name, (), [unit.natural(entry.mean)], color, 17) for name, entry, color in best_and_baseline(found)),
    ]


def _sentence(found: Summary) -> str:
    text = "All other choices may differ from point to point. "
    if found.is_grid:
        return f"{text}A diamond is a configuration with fresh seeds; the table of comparisons says what a change does."
    return (
        f"{text}The search did not draw levels at random: a slice shows where good scores were found, the ablation "
        "what a choice does. A diamond is a configuration with fresh seeds."
    )


def _entries(results: StudyResults) -> list[ConfigurationResult]:
    found = (configuration_result(results, digest) for digest in results.measured())
    return [entry for entry in found if entry is not None and not math.isnan(entry.mean)]


def _entry(
    axis: FactorAxis, runs: Sequence[RunRow], entries: Sequence[ConfigurationResult], found: Summary
) -> dict[str, Any]:
    """Return what the menu changes for one factor: its name, the axis, and the places of every trace's points."""
    at = [axis.at(run.choices_json) for run in runs]
    groups: dict[float, list[float]] = {}
    for place, run in zip(at, runs, strict=True):
        if place is not None and axis.levels:
            groups.setdefault(place, []).append(found.units.score.natural(run.score or 0.0))
    return {
        "label": axis.factor,
        "xaxis": axis.layout(),
        "data": [
            {"x": at},
            {"x": sorted(groups), "y": [median(groups[place]) for place in sorted(groups)]},
            {"x": [axis.at(entry.choices) for entry in entries]},
            *({"x": [axis.at(entry.choices)]} for _, entry, _ in best_and_baseline(found)),
        ],
    }


def _entry_text(found: Summary, entry: ConfigurationResult) -> str:
    unit, name = found.units.score, "; ".join(entry.labels) or described(found, entry.choices).text
    score = f"{escaped(unit.name)} {unit.spread_with_unit(entry.mean, entry.spread)}, {seeds_text(entry.seeds)}"
    return f"{escaped(name)}<br>{score}"


def slices_sentence(results: StudyResults, factors: Sequence[FactorAxis]) -> str:
    """Say how many factors, runs and configurations are drawn."""
    runs, entries = len(complete_search(results)), len(_entries(results))
    counted = [f"{plural(runs, 'complete run')} of the search"] if runs else []
    counted += [f"{plural(entries, 'configuration')} with fresh seeds"] if entries else []
    return f"The scores of {' and '.join(counted)}, along each of {plural(len(factors), 'factor')}."
