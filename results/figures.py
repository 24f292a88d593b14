"""The report's figures as plotly data: what is drawn, and the sentence each one supports.

Colours are CSS variables ("var(--best)") that the page resolves, so that one figure serves light and dark.
Every text from the study is escaped: plotly reads HTML tags in labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from results import run_links
from results.figure import Figure as Figure
from results.figure import Trace as Trace
from results.kept_epoch import train_above_dev
from results.searched import evenly
from results.study_results import StudyResults
from results.summary import Summary
from results.units import Unit, axis_title
from results.wording import SHARES

MOST_CURVES = 500  # of single runs, so that the page stays small
Curve = dict[float, float]  # epoch -> score


def learning_curves(results: StudyResults, found: Summary) -> Figure | None:
    """Score by epoch: every run faint, baseline and best as means over their seeds, dev and train."""
    curves, unit = _of_all_tasks(results), results.units.score
    dev = [curve for (_, split), curve in curves.items() if split == "dev"]
    if not dev:
        return None
    shown, told = evenly(dev, MOST_CURVES), "all runs, dev"
    if len(shown) < len(dev):
        told = f"{len(shown):,} of {len(dev):,} runs, dev"
    faint: Trace = {"x": [], "y": [], "name": told, "mode": "lines+markers", "hoverinfo": "skip"}
    for curve in shown:
        faint["x"] += [*curve, None]
        faint["y"] += [*(round(score, 5) for score in curve.values()), None]
    faint |= {"line": {"color": "var(--faint)", "width": 1}, "marker": {"color": "var(--faint)", "size": 4}}
    traces, means = [faint], dict[tuple[str, str], Curve]()
    entries = [("baseline", found.baseline, "var(--baseline)"), ("best", found.best, "var(--best)")]
    for label, entry, color in entries[1:] if found.best_is_baseline else entries:
        for split, dash in (("dev", "solid"), ("train", "dot")):
            mean = _mean_curve([curves.get((run, split), {}) for run in entry.run_ids] if entry else [])
            if mean:
                trace = _curve_trace(f"{label}, {split}", mean, color, dash, unit)
                if split == "train" and traces[-1]["name"] == f"{label}, dev":  # the gap, shaded
                    trace |= {"fill": "tonexty", "fillcolor": f"{color} 12%"}
                traces.append(trace)
                means[label, split] = mean
    last_epoch = max(max(curve) for curve in dev)
    gaps = {label: train_above_dev(results, entry.run_ids) for label, entry, _ in entries if entry}
    kept = {label: gap for label, gap in gaps.items() if gap is not None}
    return Figure(
        id="figure-curves",
        title="Learning curves",
        sentence=_curve_sentence(means, kept, last_epoch, unit),
        traces=traces,
        layout={
            "xaxis": {
                "title": {"text": "epoch"},
                "tickmode": "linear" if last_epoch <= 20 else "auto",
                "dtick": 1,
            },
            "yaxis": {"title": {"text": axis_title(unit, unit.heading)}},
        },
        runs=run_links.of_runs(run for _, entry, _ in entries if entry for run in entry.run_ids),
    )


def _curve_sentence(
    means: Mapping[tuple[str, str], Curve],
    kept: Mapping[str, tuple[float, float]],
    last_epoch: float,
    unit: Unit = SHARES,
) -> str:
    """Where the means end, each after its own last epoch, for a run may stop early; train beside dev where known."""
    told = [
        f"the {label} ends after epoch {max(dev)} at {unit.scored(unit.oriented(dev[max(dev)]))} on dev"
        f"{_gap(kept.get(label), unit)}"
        for label in ("best", "baseline")
        if (dev := means.get((label, "dev")))
    ]
    if not told:
        return f"Dev {unit.name} by epoch of every run, up to epoch {last_epoch}. No configuration is confirmed yet."
    text = "; ".join(told)
    train = any(split == "train" for _, split in means)
    few = " The curves of train are of a few examples: a sign, no measure." if train else ""
    return f"{text[0].upper()}{text[1:]}.{few}"


def _gap(kept: tuple[float, float] | None, unit: Unit) -> str:
    """ " (at the epochs kept: 0.713 on dev, 0.751 on train, a gap of +3.8 points)" """
    if kept is None:
        return ""
    dev, train = kept
    scores = f"{unit.number(dev)} on dev, {unit.number(train)} on train"
    return f" (at the epochs kept: {scores}, a gap of {unit.change(unit.oriented(train - dev))})"


def _curve_trace(name: str, curve: Curve, color: str, dash: str, unit: Unit) -> Trace:
    return {
        "x": list(curve),
        "y": list(curve.values()),
        "name": name,
        "mode": "lines+markers",
        "line": {"color": color, "width": 2.5, "dash": dash},
        "marker": {"color": color, "size": 7, "symbol": "circle" if dash == "solid" else "circle-open"},
        "hovertemplate": "%{y:" + unit.hover + "}<extra>" + name + "</extra>",
    }


def _of_all_tasks(results: StudyResults) -> dict[tuple[int, str], Curve]:
    """The score's curves but those of references: the score of one task is another."""
    alone = set(results.references().values())
    left_out = {run.id for run in results.runs if run.config_digest in alone}
    return {key: curve for key, curve in results.curves().items() if key[0] not in left_out}


def _mean_curve(curves: Sequence[Curve]) -> Curve:
    """The mean over runs, of the epochs that every run has."""
    shared = set.intersection(*(set(curve) for curve in curves)) if curves else set()
    return {epoch: sum(curve[epoch] for curve in curves) / len(curves) for epoch in sorted(shared)}
