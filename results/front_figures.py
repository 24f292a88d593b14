"""Figures of fronts: configurations with results, the search's single runs behind them, best, baseline and recipes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from math import ceil, floor, log10
from typing import TYPE_CHECKING, Any

from results import run_links
from results.described import described
from results.figure import Figure, Trace
from results.pareto import OF_TASK, SCORE, Front, recipes_of, value_of
from results.rows import RunRow
from results.searched import complete_search, evenly
from results.study_results import StudyResults
from results.summary import Summary
from results.wording import (
    count_text,
    duration,
    memory_text,
    plural,
    probability_text,
    score_text,
)

if TYPE_CHECKING:
    import pandas as pd

WIDE_RANGE = 20  # a cost that spans more than this factor gets a logarithmic axis
MOST_POINTS = 500  # of the search's single runs, so that the page stays small
PRICES: Mapping[str, Callable[[float], str]] = {
    "trainable_parameters": count_text,
    "train_seconds": duration,
    "inference_ms": lambda amount: f"{amount:.3g} ms",
    "peak_memory_bytes": memory_text,
}


def front_figure(results: StudyResults, found: Summary, frame: pd.DataFrame, front: Front) -> Figure | None:
    """One objective against the other; the front is a line through its members. None where nothing is measured.

    `frame` is `pareto.pareto_frame`.
    """
    x, y = front.x.column, front.y.column
    known = frame[frame[x].notna() & frame[y].notna()].sort_values([x, y], kind="stable")
    members, rest = known[known[front.member]], known[~known[front.member]]
    traces = [
        _single_runs(results, found, front),
        _configurations("confirmed or ablated, mean of seeds", rest, front, found, results, "var(--muted)"),
        _configurations("on the Pareto front", members, front, found, results, "var(--accent)", line=True),
        _recipe_runs(results, known, front),
        *_marked(found, known, front),
    ]
    drawn = [trace for trace in traces if trace["x"]]
    if not drawn:
        return None
    values = [value for trace in drawn for value in trace["x"]]
    wide = front.y == SCORE and min(values) > 0 and max(values) / min(values) > WIDE_RANGE
    return Figure(
        id="figure-tasks" if x.startswith(OF_TASK) else f"figure-{x.replace('_', '-')}",
        title=f"{front.y.words} against {front.x.words}".capitalize() if front.y == SCORE else _pair_title(front),
        sentence=_sentence(members, len(known), front, found, results),
        traces=drawn,
        layout={
            "xaxis": {"title": {"text": escape(front.x.title, quote=False)}} | (_log(values) if wide else {}),
            "yaxis": {"title": {"text": escape(front.y.title, quote=False)}},
        },
        runs=run_links.of_runs(run for digest in known["config_digest"] for run in results.run_ids(digest)),
    )


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


def _pair_title(front: Front) -> str:
    return f"{front.y.words} against {front.x.words}"


def _single_runs(results: StudyResults, found: Summary, front: Front) -> Trace:
    runs = complete_search(results)
    shown = evenly(runs, MOST_POINTS)
    told = "search, single runs"
    if len(shown) < len(runs):
        told += f" ({len(shown):,} of {len(runs):,})"
    known = _measured(results, shown, front)
    texts = [_run_text(found, run) for _, _, run in known]
    trace = _points(told, [x for x, _, _ in known], [y for _, y, _ in known], texts, color="var(--faint)", size=7)
    return trace | {"runs": [str(run.id) for _, _, run in known]}


def _recipe_runs(results: StudyResults, known: pd.DataFrame, front: Front) -> Trace:
    """The first single run of each recipe that has no results."""
    wanted = {name: choices for name, choices in recipes_of(results).items() if name not in set(known["recipe"])}
    firsts: dict[int, list[str]] = {}
    runs = complete_search(results) if wanted else []
    for name, choices in wanted.items():
        run = next((run for run in runs if run.choices_json == choices), None)
        if run is not None:
            firsts.setdefault(run.id, []).append(name)
    found = _measured(results, [run for run in runs if run.id in firsts], front)
    names = [escape("; ".join(firsts[run.id]), quote=False) for _, _, run in found]
    xs, ys = [x for x, _, _ in found], [y for _, y, _ in found]
    trace = _points("recipes, single runs", xs, ys, names, color="var(--muted)", size=9)
    trace["marker"]["symbol"] = "x"
    trace["runs"] = [str(run.id) for _, _, run in found]
    return trace | {"mode": "markers+text", "textposition": "top center", "textfont": {"color": "var(--muted)"}}


def _measured(results: StudyResults, runs: Sequence[RunRow], front: Front) -> list[tuple[float, float, RunRow]]:
    """Both objectives of the runs for which both are known."""
    pairs = [(value_of(results, run, front.x.column), value_of(results, run, front.y.column), run) for run in runs]
    return [(x, y, run) for x, y, run in pairs if x is not None and y is not None]


def _points(name: str, x: Sequence[float], y: Sequence[float], texts: Sequence[str], *, color: str, size: int) -> Trace:
    return {
        "x": list(x),
        "y": list(y),
        "text": list(texts),
        "name": name,
        "mode": "markers",
        "marker": {"color": color, "size": size},
        "hovertemplate": "%{text}<extra></extra>",
    }


def _configurations(
    name: str,
    rows: pd.DataFrame,
    front: Front,
    found: Summary,
    results: StudyResults,
    color: str,
    line: bool = False,
) -> Trace:
    told = zip(rows["config_digest"], rows[front.probability], strict=True)
    texts = [_configuration_text(found, results, digest, probability) for digest, probability in told]
    trace = _points(name, _numbers(rows[front.x.column]), _numbers(rows[front.y.column]), texts, color=color, size=10)
    trace["runs"] = [run_links.ranges(results.run_ids(digest)) for digest in rows["config_digest"]]
    if front.y == SCORE:
        spreads = [None if spread != spread else float(spread) for spread in rows["spread"]]
        trace["error_y"] = {"array": spreads, "color": color, "thickness": 1, "width": 3}
    if line:
        trace |= {"mode": "lines+markers", "line": {"color": color, "width": 1.5, "shape": "hv"}}
        if front.x.direction == "maximize":
            trace["line"]["shape"] = "vh"
        trace["marker"]["symbol"] = "diamond"
        trace["marker"]["size"] = 12
    return trace


def _marked(found: Summary, known: pd.DataFrame, front: Front) -> list[Trace]:
    """Rings around the best, the baseline and the space's recipes, with their names beside them."""
    entries = [("baseline", found.baseline, "var(--baseline)"), ("best", found.best, "var(--best)")]
    named = [
        (label, known[known["config_digest"] == (entry.digest if entry else "")], color)
        for label, entry, color in (entries[1:] if found.best_is_baseline else entries)
    ]
    roles = {entry.digest for _, entry, _ in entries if entry}
    recipes = known[(known["recipe"] != "") & ~known["config_digest"].isin(roles)]
    named += [(name, recipes[recipes["recipe"] == name], "var(--muted)") for name in recipes["recipe"]]
    return [_ring(label, rows, known, front, color) for label, rows, color in named]


def _ring(label: str, rows: pd.DataFrame, known: pd.DataFrame, front: Front, color: str) -> Trace:
    x, shown = rows[front.x.column], escape(label, quote=False)
    trace = _points(shown, _numbers(x), _numbers(rows[front.y.column]), [shown] * len(rows), color=color, size=18)
    trace["marker"] |= {"symbol": "circle-open", "line": {"width": 2, "color": color}}
    return trace | {
        "mode": "markers+text",
        "textposition": "top left" if _is_right(x, known[front.x.column]) else "bottom right",
        "showlegend": False,
        "textfont": {"color": color},
        "hoverinfo": "skip",
        "hovertemplate": None,
        "cliponaxis": False,
    }


def _sentence(members: pd.DataFrame, measured: int, front: Front, found: Summary, results: StudyResults) -> str:
    if not measured:
        return "Only single runs of the search so far: they choose configurations and are not results."
    verb, which = ("is", "It") if len(members) == 1 else ("are", "The cheapest of them")
    counted = f"{len(members)} of {plural(measured, 'configuration')} {verb} on the front: "
    if front.y != SCORE:
        return f"{counted}no other does at least as well in {front.x.words} and {front.y.words} and better in one."
    cheapest = members.iloc[0]
    told = _told(found, _choices(results, cheapest["config_digest"]))
    price = PRICES[front.x.column](float(cheapest[front.x.column]))
    price += " parameters" if front.x.column == "trainable_parameters" else ""
    score = score_text(float(cheapest["score"]))
    return f"{counted}no other scores at least as well for less. {which} ({told}) scores {score} at {price}."


def _choices(results: StudyResults, digest: str) -> Mapping[str, Any]:
    return next(iter(results.results_of(digest).values())).choices_json


def _configuration_text(found: Summary, results: StudyResults, digest: str, probability: float) -> str:
    told = _told(found, _choices(results, digest))
    text = f"{told} ({plural(len(results.results_of(digest)), 'seed')})"
    if probability == probability:
        text += f", on the front with probability {probability_text(probability)}"
    return escape(text, quote=False)


def _run_text(found: Summary, run: RunRow) -> str:
    told = _told(found, run.choices_json)
    return escape(f"run {run.id}: {told}", quote=False)


def _told(found: Summary, choices: Mapping[str, Any]) -> str:
    return described(found, choices).text


def _is_right(of: pd.Series[Any], among: pd.Series[Any]) -> bool:
    """Whether the label has more room on the left."""
    return bool((of > (among.min() + among.max()) / 2).any())


def _numbers(column: pd.Series[Any]) -> list[float]:
    return [float(value) for value in column]
