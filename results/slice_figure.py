"""Score against the levels, or the numbers, of one factor after the other: one figure with a menu of factors."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from statistics import median
from typing import Any

from results import run_links
from results.described import described
from results.figure import Figure, Trace
from results.leaderboard import ConfigurationResult, configuration_result
from results.rows import RunRow
from results.searched import complete_search, evenly
from results.study_results import StudyResults
from results.summary import Summary
from results.units import axis_title
from results.wording import Choice, level_text, plural, seeds_text

MOST_POINTS = 400  # of the search's runs, so that the page stays small
FEW_NUMBERS = 6  # so many numbers, or fewer, are levels
SHORT = 26  # letters of a level on the axis


@dataclass(frozen=True)
class Slice:
    """One factor that varies: its levels in the space's order, or none for a range, which may be logarithmic."""

    factor: str
    levels: tuple[str, ...]
    is_log: bool

    def at(self, choices: Mapping[str, Any]) -> float | int | None:
        """Where a configuration stands: the number of a level, or a number; None where it does not have the factor."""
        choice = choices.get(self.factor)
        if choice is None:
            return None
        if self.levels:
            return self.levels.index(str(choice))
        return float(choice)

    def axis(self) -> dict[str, Any]:
        """The axis: levels by their names, numbers on a scale."""
        axis: dict[str, Any] = {"title": {"text": escape(self.factor, quote=False)}}
        if not self.levels:
            return axis | ({"type": "log", "dtick": 1, "exponentformat": "e"} if self.is_log else {"type": "linear"})
        names = [level_text(level) for level in self.levels]
        shown = [escape(n if len(n) <= SHORT else f"{n[: SHORT - 1]}…", quote=False) for n in names]
        places = list(range(len(names)))
        return axis | {"type": "linear", "tickvals": places, "ticktext": shown, "range": [-0.6, len(names) - 0.4]}


def slices(results: StudyResults, found: Summary) -> list[Slice]:
    """The factors that vary among the runs that are drawn, the one with the largest measured effect first.

    The others come in the order of the space, those that it does not name last.
    """
    choices = [run.choices_json for run in complete_search(results)]
    choices += [entry.choices for entry in _entries(results)]
    known = {factor["name"]: factor for factor in results.study.space_json.get("factors", [])}
    names = [*known, *dict.fromkeys(name for each in choices for name in each if name not in known)]
    made = [_slice(name, known.get(name, {}), [each[name] for each in choices if name in each]) for name in names]
    varying = [one for one in made if one is not None]
    first = next((row.cell.factor for row in found.ablation if row.comparison), None)
    return sorted(varying, key=lambda one: one.factor != first)


def slice_figure(results: StudyResults, found: Summary, factors: Sequence[Slice]) -> Figure:
    """The figure, with the first factor; `menu` has what another factor changes."""
    runs = evenly(complete_search(results), MOST_POINTS)
    entries, unit = _entries(results), results.units.score
    words = escape(unit.name, quote=False)
    menu = [_entry(one, runs, entries, found) for one in factors]
    marked = [(name, entry, color) for name, entry, color in _roles(found) if entry is not None]
    traces: list[Trace] = [
        _points("search: one seed each", "var(--faint)", 5)
        | {
            "y": [None if run.score is None else unit.natural(run.score) for run in runs],
            "text": [f"run {run.id} of the search, one seed<br>{words} {unit.scored(run.score)}" for run in runs],
            "runs": [str(run.id) for run in runs],
        },
        _points("median of the search's runs", "var(--muted)", 26) | {"y": [], "hoverinfo": "skip"},
        _points("fresh seeds, mean ± sd", "var(--accent)", 9)
        | {
            "y": [unit.natural(entry.mean) for entry in entries],
            "text": [_told(found, entry) for entry in entries],
            "runs": [run_links.ranges(entry.run_ids) for entry in entries],
            "error_y": {"array": [entry.spread for entry in entries], "color": "var(--accent)", "thickness": 1},
        },
        *(
            _points(name, color, 17) | {"y": [unit.natural(entry.mean)], "hoverinfo": "skip", "hovertemplate": None}
            for name, entry, color in marked
        ),
    ]
    traces[0]["marker"]["opacity"] = 0.55
    traces[1]["marker"] |= {"symbol": "line-ew-open", "line": {"width": 2, "color": "var(--muted)"}}
    traces[2]["marker"]["symbol"] = "diamond"
    for trace in traces[3:]:
        trace["marker"] |= {"symbol": "circle-open", "line": {"width": 2, "color": trace["marker"]["color"]}}
    drawn = [place for place, trace in enumerate(traces) if trace["y"] or any(one["data"][place]["x"] for one in menu)]
    menu = [{**one, "data": [one["data"][place] for place in drawn]} for one in menu]
    return Figure(
        id="figure-slices",
        title=f"{unit.name[0].upper()}{unit.name[1:]} against one factor",
        sentence=_sentence(found),
        traces=[traces[place] | menu[0]["data"][at] for at, place in enumerate(drawn)],
        layout={
            "xaxis": menu[0]["xaxis"],
            "yaxis": {"title": {"text": axis_title(unit, f"{unit.heading} on dev")}},
        },
        menu=menu,
    )


def _sentence(found: Summary) -> str:
    told = "All other choices may differ from point to point. "
    if found.is_grid:
        return f"{told}A diamond is a configuration with fresh seeds; the table of comparisons says what a change does."
    return (
        f"{told}The search did not draw levels at random: a slice shows where good scores were found, the ablation "
        "what a choice does. A diamond is a configuration with fresh seeds."
    )


def _entries(results: StudyResults) -> list[ConfigurationResult]:
    found = (configuration_result(results, digest) for digest in results.measured())
    return [entry for entry in found if entry is not None and not math.isnan(entry.mean)]


def _slice(name: str, factor: Mapping[str, Any], chosen: Sequence[Choice]) -> Slice | None:
    """None where all agree."""
    tried = dict.fromkeys(str(one) for one in chosen)
    if len(tried) < 2:
        return None
    numbers = [float(one) for one in chosen if isinstance(one, int | float)]
    if len(numbers) == len(chosen) and (factor.get("range") or len(tried) > FEW_NUMBERS):
        low, high = min(numbers), max(numbers)
        given = factor.get("range") or {"log": high >= 10 * low}
        return Slice(name, (), bool(given.get("log")) and low > 0)
    order = [*map(str, factor.get("levels") or ()), *(_by_number(tried) if len(numbers) == len(chosen) else tried)]
    return Slice(name, tuple(dict.fromkeys(level for level in order if level in tried)), False)


def _by_number(levels: Mapping[str, Any]) -> list[str]:
    return sorted(levels, key=float)


def _roles(found: Summary) -> list[tuple[str, ConfigurationResult | None, str]]:
    best = ("best", found.best, "var(--best)")
    return [best] if found.best_is_baseline else [("baseline", found.baseline, "var(--baseline)"), best]


def _entry(
    one: Slice, runs: Sequence[RunRow], entries: Sequence[ConfigurationResult], found: Summary
) -> dict[str, Any]:
    """What the menu changes for one factor: its name, the axis, and where every trace stands."""
    at = [one.at(run.choices_json) for run in runs]
    groups: dict[float, list[float]] = {}
    for place, run in zip(at, runs, strict=True):
        if place is not None and one.levels:
            groups.setdefault(place, []).append(found.units.score.natural(run.score or 0.0))
    marked = [entry for _, entry, _ in _roles(found) if entry is not None]
    return {
        "label": one.factor,
        "xaxis": one.axis(),
        "data": [
            {"x": at},
            {"x": sorted(groups), "y": [median(groups[place]) for place in sorted(groups)]},
            {"x": [one.at(entry.choices) for entry in entries]},
            *({"x": [one.at(entry.choices)]} for entry in marked),
        ],
    }


def _points(name: str, color: str, size: int) -> Trace:
    marker = {"color": color, "size": size}
    return {"name": name, "mode": "markers", "marker": marker, "hovertemplate": "%{text}<extra></extra>"}


def _told(found: Summary, entry: ConfigurationResult) -> str:
    unit, name = found.units.score, "; ".join(entry.labels) or described(found, entry.choices).text
    score = (
        f"{escape(unit.name, quote=False)} {unit.spread_with_unit(entry.mean, entry.spread)}, {seeds_text(entry.seeds)}"
    )
    return f"{escape(name, quote=False)}<br>{score}"


def slices_sentence(results: StudyResults, factors: Sequence[Slice]) -> str:
    """How many factors, runs and configurations there are to look at."""
    runs, entries = len(complete_search(results)), len(_entries(results))
    told = [f"{plural(runs, 'complete run')} of the search"] if runs else []
    told += [f"{plural(entries, 'configuration')} with fresh seeds"] if entries else []
    return f"The scores of {' and '.join(told)}, along each of {plural(len(factors), 'factor')}."
