"""The history of a search: the score of each run, and the best so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from results.analysis.describe import described
from results.analysis.pareto import recipes_of
from results.analysis.summary import Summary
from results.database.rows import RunRow
from results.figures.figure import Figure, Trace, capitalized, escaped, line, points
from results.measurements.dev_parts import part_of_search
from results.measurements.study_results import StudyResults, evenly
from results.text.formatting import plural
from results.text.units import Unit, axis_title

MOST_POINTS = 800  # of the history, so that the page stays small


def history(results: StudyResults, summary: Summary, runs: Sequence[RunRow]) -> Figure:
    """Draw the scores of the search's runs in the order they started, and the best so far."""
    places, unit = {run.id: place for place, run in enumerate(runs, start=1)}, results.units.score
    complete = [run for run in runs if run.status == "complete" and run.score is not None]
    stopped = [run for run in runs if run.status == "pruned" and run.score is not None]
    best = _records(complete)
    best_x = [*(places[run.id] for run in best), len(runs)]
    best_y = [unit.natural(run.score or 0.0) for run in (*best, *best[-1:])]
    traces = [
        _dots("stopped early", evenly(stopped, MOST_POINTS // 2), places, summary, "var(--faint)", "circle-open"),
        _dots("complete", evenly(complete, MOST_POINTS), places, summary, "var(--muted)", "circle"),
        line(f"{unit.best_first} so far", best_x, best_y, "var(--accent)", 2, shape="hv"),
        _named(results, summary, complete, places),
    ]
    return Figure(
        id="figure-history",
        title=f"{capitalized(unit.name)} of the search, run after run",
        sentence=_history_sentence(runs, complete, best, places, unit),
        traces=[trace for trace in traces if trace["y"]],
        layout={
            "xaxis": {"title": {"text": "run of the search"}},
            "yaxis": {"title": {"text": axis_title(unit, f"{unit.heading} on {part_of_search(results.study)}")}},
        },
    )


def _history_sentence(
    runs: Sequence[RunRow], complete: Sequence[RunRow], best: Sequence[RunRow], places: Mapping[int, int], unit: Unit
) -> str:
    counts = Counter[str](run.status for run in runs)
    words = (("pruned", "stopped early"), ("failed", "failed"), ("interrupted", "interrupted"), ("running", "running"))
    ends = ", ".join([f"{len(complete)} complete", *(f"{counts[key]} {word}" for key, word in words if counts[key])])
    if not best:
        return f"{plural(len(runs), 'run')}: {ends}."
    return (
        f"{plural(len(runs), 'run')}: {ends}. The {unit.best_first} single {unit.name}, "
        f"{unit.scored(best[-1].score)}, was measured in run {places[best[-1].id]:,} of {len(runs):,}. Single runs "
        "choose configurations; they are not results."
    )


def _records(complete: Sequence[RunRow]) -> list[RunRow]:
    """Return the runs that scored better than all previous ones."""
    records: list[RunRow] = []
    for run in complete:
        if not records or (run.score or 0.0) > (records[-1].score or 0.0):
            records.append(run)
    return records


def _dots(
    name: str, runs: Sequence[RunRow], places: Mapping[int, int], summary: Summary, color: str, symbol: str
) -> Trace:
    named = [(f"run {run.id}: {described(summary, run.choices_json).text}", run) for run in runs]
    return _runs(name, named, places, summary.units.score, color, 7, symbol)


def _named(results: StudyResults, summary: Summary, complete: Sequence[RunRow], places: Mapping[int, int]) -> Trace:
    """Return the first run of the baseline and of each recipe of the space, with its name."""
    recipes = {f"recipe {name}": choices for name, choices in recipes_of(results).items()}
    named = {"baseline": summary.baseline_choices, **recipes}.items()
    firsts = [(name, next((run for run in complete if run.choices_json == choices), None)) for name, choices in named]
    shown = [(name, run) for name, run in firsts if run is not None]
    return _runs("baseline and recipes", shown, places, results.units.score, "var(--baseline)", 9, "x")


def _runs(
    name: str,
    runs: Sequence[tuple[str, RunRow]],
    places: Mapping[int, int],
    unit: Unit,
    color: str,
    size: int,
    symbol: str,
) -> Trace:
    """Return runs as points with their hover texts."""
    x, y = [places[run.id] for _, run in runs], [unit.natural(run.score or 0.0) for _, run in runs]
    hover, texts = "%{text}<br>%{y:" + unit.hover + "}", [escaped(text) for text, _ in runs]
    trace = points(name, x, y, color, size, texts=texts, hover=hover, symbol=symbol)
    return trace | {"runs": [str(run.id) for _, run in runs]}
