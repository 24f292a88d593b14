"""The report's figures as plotly data: what is drawn, and the sentence each one supports.

Colours are CSS variables ("var(--best)") that the page resolves, so that one figure serves light and dark.
Every text from the study is escaped: plotly reads HTML tags in labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Literal

from results.leaderboard import own_seconds
from results.pareto import pareto_frame
from results.rows import RunRow
from results.study_results import StudyResults
from results.summary import Summary
from results.wording import changes, changes_in_words, count_text, duration, plural, points_text, score_text

if TYPE_CHECKING:
    import pandas as pd

Cost = Literal["trainable_parameters", "train_seconds"]
Trace = dict[str, Any]
Curve = dict[int, float]  # epoch -> score

COST_TITLES: Mapping[Cost, str] = {
    "trainable_parameters": "trainable parameters",
    "train_seconds": "training time of one run (seconds)",
}
WIDE_RANGE = 20  # a cost that spans more than this factor gets a logarithmic axis


@dataclass(frozen=True)
class Figure:
    """One figure: `id` names its place on the page, `sentence` says what is to be seen, in words."""

    id: str
    title: str
    sentence: str
    traces: Sequence[Trace]
    layout: Mapping[str, Any]


def figures(results: StudyResults, found: Summary) -> list[Figure]:
    """The figures for which there is something to draw."""
    frame = pareto_frame(results)
    drawn = [
        pareto_figure(results, found, frame, "trainable_parameters"),
        pareto_figure(results, found, frame, "train_seconds"),
        learning_curves(results, found),
    ]
    return [figure for figure in drawn if figure is not None]


def pareto_figure(results: StudyResults, found: Summary, frame: pd.DataFrame, cost: Cost) -> Figure | None:
    """Score against one cost; the front is a line through its members. None without any measured run."""
    front_column = "on_parameters_front" if cost == "trainable_parameters" else "on_seconds_front"
    known = frame[frame[cost].notna()].sort_values([cost, "score"], kind="stable")
    front, rest = known[known[front_column]], known[~known[front_column]]
    search = [run for run in results.runs if run.phase == "search" and run.status == "complete"]
    single = [(x, run) for run in search if (x := _cost_of(run, cost)) is not None and run.score is not None]
    traces = [
        _points(
            "search, single runs",
            [x for x, _ in single],
            [run.score for _, run in single],
            [_run_text(found, run) for _, run in single],
            color="var(--faint)",
            size=7,
        ),
        _configurations("confirmed or ablated, mean of seeds", rest, cost, found, results, "var(--muted)"),
        _configurations("on the Pareto front", front, cost, found, results, "var(--accent)", line=True),
        *_marked(found, known, cost),
    ]
    drawn = [trace for trace in traces if trace["x"]]
    if not drawn:
        return None
    costs = [x for trace in drawn for x in trace["x"]]
    wide = min(costs) > 0 and max(costs) / min(costs) > WIDE_RANGE
    against = "trainable parameters" if cost == "trainable_parameters" else "training time"
    return Figure(
        id=f"figure-{cost.replace('_', '-')}",
        title=f"Score against {against}",
        sentence=_front_sentence(front, len(known), cost, found, results),
        traces=drawn,
        layout={
            "xaxis": {"title": {"text": COST_TITLES[cost]}, "type": "log" if wide else "linear"},
            "yaxis": {"title": {"text": "score on dev"}},
        },
    )


def learning_curves(results: StudyResults, found: Summary) -> Figure | None:
    """Score by epoch: every run faint, baseline and best as means over their seeds, dev and train."""
    curves = _of_all_tasks(results)
    dev = [curve for (_, split), curve in curves.items() if split == "dev"]
    if not dev:
        return None
    faint: Trace = {"x": [], "y": [], "name": "all runs, dev", "mode": "lines+markers", "hoverinfo": "skip"}
    for curve in dev:
        faint["x"] += [*curve, None]
        faint["y"] += [*curve.values(), None]
    faint |= {"line": {"color": "var(--faint)", "width": 1}, "marker": {"color": "var(--faint)", "size": 4}}
    traces, gaps = [faint], []
    entries = [("baseline", found.baseline, "var(--baseline)"), ("best", found.best, "var(--best)")]
    for label, entry, color in entries[1:] if found.best_is_baseline else entries:
        for split, dash in (("dev", "solid"), ("train", "dot")):
            mean = _mean_curve([curves.get((run, split), {}) for run in entry.run_ids] if entry else [])
            if mean:
                traces.append(_curve_trace(f"{label}, {split}", mean, color, dash))
                gaps.append((label, split, list(mean.values())[-1]))
    last_epoch = max(max(curve) for curve in dev)
    return Figure(
        id="figure-curves",
        title="Learning curves",
        sentence=_curve_sentence(gaps, last_epoch),
        traces=traces,
        layout={
            "xaxis": {
                "title": {"text": "epoch"},
                "tickmode": "linear" if last_epoch <= 20 else "auto",
                "dtick": 1,
            },
            "yaxis": {"title": {"text": "score"}},
        },
    )


def _points(
    name: str, x: Sequence[float], y: Sequence[float | None], texts: Sequence[str], *, color: str, size: int
) -> Trace:
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
    cost: Cost,
    found: Summary,
    results: StudyResults,
    color: str,
    line: bool = False,
) -> Trace:
    texts = [_configuration_text(found, results, digest) for digest in rows["config_digest"]]
    trace = _points(name, _numbers(rows[cost]), _numbers(rows["score"]), texts, color=color, size=10)
    spreads = [None if spread != spread else float(spread) for spread in rows["spread"]]
    trace["error_y"] = {"array": spreads, "color": color, "thickness": 1, "width": 3}
    if line:
        trace |= {"mode": "lines+markers", "line": {"color": color, "width": 1.5, "shape": "hv"}}
        trace["marker"]["symbol"] = "diamond"
        trace["marker"]["size"] = 12
    return trace


def _marked(found: Summary, known: pd.DataFrame, cost: Cost) -> list[Trace]:
    """Rings around the best and the baseline, with their names beside them."""
    marked = []
    entries = [("baseline", found.baseline, "var(--baseline)"), ("best", found.best, "var(--best)")]
    for label, entry, color in entries[1:] if found.best_is_baseline else entries:
        rows = known[known["config_digest"] == (entry.digest if entry else "")]
        trace = _points(label, _numbers(rows[cost]), _numbers(rows["score"]), [label] * len(rows), color=color, size=18)
        trace["marker"] |= {"symbol": "circle-open", "line": {"width": 2, "color": color}}
        trace |= {
            "mode": "markers+text",
            "textposition": "middle left" if _is_right(rows[cost], known[cost]) else "middle right",
            "showlegend": False,
            "textfont": {"color": color},
            "hoverinfo": "skip",
            "hovertemplate": None,
            "cliponaxis": False,
        }
        marked.append(trace)
    return marked


def _front_sentence(front: pd.DataFrame, measured: int, cost: Cost, found: Summary, results: StudyResults) -> str:
    if not measured:
        return "Only single runs of the search so far: they choose configurations and are not results."
    cheapest = front.iloc[0]
    told = _told(found, _choices(results, cheapest["config_digest"]))
    amount = float(cheapest[cost])
    price = f"{count_text(amount)} parameters" if cost == "trainable_parameters" else duration(amount)
    verb, which = ("is", "It") if len(front) == 1 else ("are", "The cheapest of them")
    return (
        f"{len(front)} of {plural(measured, 'configuration')} {verb} on the front: no other scores at least "
        f"as well for less. {which} ({told}) scores {score_text(float(cheapest['score']))} at {price}."
    )


def _curve_sentence(gaps: Sequence[tuple[str, str, float]], last_epoch: int) -> str:
    ends = {(label, split): value for label, split, value in gaps}
    told = []
    for label in ("best", "baseline"):
        dev, train = ends.get((label, "dev")), ends.get((label, "train"))
        if dev is not None and train is not None:
            gap = f"gap {points_text(train - dev)} points"
            told.append(f"the {label} ends at {score_text(dev)} on dev, {score_text(train)} on train ({gap})")
        elif dev is not None:
            told.append(f"the {label} ends at {score_text(dev)} on dev")
    if not told:
        return f"Dev score by epoch of every run, up to epoch {last_epoch}. No configuration is confirmed yet."
    return f"After the last epoch ({last_epoch}), {'; '.join(told)}."


def _curve_trace(name: str, curve: Curve, color: str, dash: str) -> Trace:
    return {
        "x": list(curve),
        "y": list(curve.values()),
        "name": name,
        "mode": "lines+markers",
        "line": {"color": color, "width": 2.5, "dash": dash},
        "marker": {"color": color, "size": 7, "symbol": "circle" if dash == "solid" else "circle-open"},
        "hovertemplate": "%{y:.3f}<extra>" + name + "</extra>",
    }


def _of_all_tasks(results: StudyResults) -> dict[tuple[int, str], Curve]:
    """The score's curves but those of references: the score of one task is another."""
    alone = set(results.references().values())
    left_out = {run.id for run in results.runs if run.config_digest in alone}
    return {key: curve for key, curve in results.score_curves().items() if key[0] not in left_out}


def _mean_curve(curves: Sequence[Curve]) -> Curve:
    """The mean over runs, of the epochs that every run has."""
    shared = set.intersection(*(set(curve) for curve in curves)) if curves else set()
    return {epoch: sum(curve[epoch] for curve in curves) / len(curves) for epoch in sorted(shared)}


def _cost_of(run: RunRow, cost: Cost) -> float | None:
    return run.trainable_parameters if cost == "trainable_parameters" else own_seconds(run)


def _choices(results: StudyResults, digest: str) -> Mapping[str, Any]:
    return next(iter(results.results_of(digest).values())).choices_json


def _configuration_text(found: Summary, results: StudyResults, digest: str) -> str:
    told = _told(found, _choices(results, digest))
    return escape(f"{told} ({plural(len(results.results_of(digest)), 'seed')})", quote=False)


def _run_text(found: Summary, run: RunRow) -> str:
    told = _told(found, run.choices_json)
    return escape(f"run {run.id}: {told}", quote=False)


def _told(found: Summary, choices: Mapping[str, Any]) -> str:
    return changes_in_words(changes(found.baseline_choices, choices))


def _is_right(of: pd.Series[Any], among: pd.Series[Any]) -> bool:
    """Whether the label has more room on the left."""
    return bool((of > (among.min() + among.max()) / 2).any())


def _numbers(column: pd.Series[Any]) -> list[float]:
    return [float(value) for value in column]
