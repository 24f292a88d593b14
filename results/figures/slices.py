"""Score against the levels or numbers of one factor, in one figure with a menu of factors."""

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

MOST_POINTS = 400  # of the search's runs, to limit the size of the page


def slices(results: StudyResults, summary: Summary) -> list[FactorAxis]:
    """Return the factors that vary among the runs shown, starting with the one of the largest measured effect."""
    choices = [run.choices_json for run in complete_search(results)]
    choices += [entry.choices for entry in _entries(results)]
    first = next((row.cell.factor for row in summary.ablation if row.comparison), None)
    varying = factor_axes(results.study.space_json.get("factors", []), choices)
    return sorted(varying, key=lambda axis: axis.factor != first)


def slice_figure(results: StudyResults, summary: Summary, factors: Sequence[FactorAxis]) -> Figure:
    """Draw the first factor; the figure's `menu` has the changes for the others."""
    runs, entries = evenly(complete_search(results), MOST_POINTS), _entries(results)
    unit = results.units.score
    traces = _traces(summary, runs, entries)
    menu = [_menu_item(axis, runs, entries, summary) for axis in factors]
    drawn = [i for i, trace in enumerate(traces) if trace["y"] or any(item["data"][i]["x"] for item in menu)]
    menu = [{**item, "data": [item["data"][i] for i in drawn]} for item in menu]
    return Figure(
        id="figure-slices",
        title=f"{capitalized(unit.name)} against one factor",
        sentence=_sentence(summary),
        traces=[traces[i] | update for i, update in zip(drawn, menu[0]["data"], strict=True)],
        layout={
            "xaxis": menu[0]["xaxis"],
            "yaxis": {"title": {"text": axis_title(unit, f"{unit.heading} on dev")}},
            "legend": {"y": 1.02, "yanchor": "bottom"},  # long level names need the space below the axis
        },
        menu=menu,
    )


def _traces(summary: Summary, runs: Sequence[RunRow], entries: Sequence[ConfigurationResult]) -> list[Trace]:
    """Return single runs, their medians, fresh seeds, best and baseline, without the x that the menu adds."""
    unit = summary.units.score
    words = escaped(unit.name)
    heights = [None if run.score is None else unit.natural(run.score) for run in runs]
    texts = [f"run {run.id} of the search, one seed<br>{words} {unit.scored(run.score)}" for run in runs]
    single = points("search: one seed each", (), heights, "var(--faint)", 5, texts=texts)
    single["marker"]["opacity"] = 0.55
    texts, means = [_entry_text(summary, entry) for entry in entries], [unit.natural(entry.mean) for entry in entries]
    fresh = points("fresh seeds, mean ± sd", (), means, "var(--accent)", 9, symbol="diamond", texts=texts)
    roles = best_and_baseline(summary)
    spread = {"array": [entry.spread for entry in entries], "color": "var(--accent)", "thickness": 1}
    return [
        single | {"runs": [str(run.id) for run in runs]},
        outlines("median of the search's runs", (), (), "var(--muted)", 26, "line-ew-open"),
        fresh | {"runs": [run_links.ranges(entry.run_ids) for entry in entries], "error_y": spread},
        *(outlines(name, (), [unit.natural(entry.mean)], color, 17) for name, entry, color in roles),
    ]


def _sentence(summary: Summary) -> str:
    text = "Diamonds are configurations with fresh seeds. Configurations may also differ in all other choices"
    if summary.is_grid:
        return f"{text}; the table of comparisons shows the effect of a single change."
    return (
        f"{text}, and the search does not draw levels at random: the figure shows where good scores occurred, the "
        "ablation shows the effect of a choice."
    )


def _entries(results: StudyResults) -> list[ConfigurationResult]:
    """Return the configurations with fresh seeds."""
    entries = (configuration_result(results, digest) for digest in results.measured())
    return [entry for entry in entries if entry is not None and not math.isnan(entry.mean)]


def _menu_item(
    axis: FactorAxis, runs: Sequence[RunRow], entries: Sequence[ConfigurationResult], summary: Summary
) -> dict[str, Any]:
    """Return the menu item of one factor: its name, its axis, and the x of every trace's points."""
    positions = [axis.position(run.choices_json) for run in runs]
    groups: dict[float, list[float]] = {}
    for x, run in zip(positions, runs, strict=True):
        if x is not None and axis.levels:
            groups.setdefault(x, []).append(summary.units.score.natural(run.score or 0.0))
    return {
        "label": axis.factor,
        "xaxis": axis.layout(),
        "data": [
            {"x": positions},
            {"x": sorted(groups), "y": [median(groups[x]) for x in sorted(groups)]},
            {"x": [axis.position(entry.choices) for entry in entries]},
            *({"x": [axis.position(entry.choices)]} for _, entry, _ in best_and_baseline(summary)),
        ],
    }


def _entry_text(summary: Summary, entry: ConfigurationResult) -> str:
    unit, name = summary.units.score, "; ".join(entry.labels) or described(summary, entry.choices).text
    score = f"{escaped(unit.name)} {unit.spread_with_unit(entry.mean, entry.spread)}, {seeds_text(entry.seeds)}"
    return f"{escaped(name)}<br>{score}"


def slices_sentence(results: StudyResults, factors: Sequence[FactorAxis]) -> str:
    """Return the summary line: the number of factors, runs and configurations."""
    runs, entries = len(complete_search(results)), len(_entries(results))
    counted = [f"{plural(runs, 'complete run')} of the search"] if runs else []
    counted += [f"{plural(entries, 'configuration')} with fresh seeds"] if entries else []
    return f"Scores of {' and '.join(counted)} against {plural(len(factors), 'factor')}."
