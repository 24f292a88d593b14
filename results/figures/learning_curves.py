"""The learning curves: score by epoch, on dev and on train."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from results.analysis.summary import Summary
from results.figures import run_links
from results.figures.figure import Figure, Trace, best_and_baseline, capitalized
from results.measurements.kept_epoch import train_above_dev
from results.measurements.study_results import StudyResults, evenly
from results.text.formatting import SHARES
from results.text.units import Unit, axis_title

MOST_CURVES = 500  # of single runs, so that the page stays small
Curve = dict[float, float]  # epoch -> score
Curves = Mapping[tuple[int, str], Curve]  # run id, split


def learning_curves(results: StudyResults, found: Summary) -> Figure | None:
    """Draw score by epoch: every run faint, baseline and best as means over their seeds, dev and train."""
    curves, unit = _of_all_tasks(results), results.units.score
    dev = [curve for (_, split), curve in curves.items() if split == "dev"]
    if not dev:
        return None
    traces, means = [_faint(dev)], dict[tuple[str, str], Curve]()
    entries = best_and_baseline(found)
    for label, entry, color in entries:
        for split in ("dev", "train"):
            mean = _mean_curve([curves.get((run, split), {}) for run in entry.run_ids])
            if mean:
                is_gap = split == "train" and (label, "dev") in means
                traces.append(_mean_trace(label, split, mean, color, unit, is_gap))
                means[label, split] = mean
    last_epoch = max(max(curve) for curve in dev)
    gaps = {label: train_above_dev(results, entry.run_ids) for label, entry, _ in entries}
    kept = {label: gap for label, gap in gaps.items() if gap is not None}
    return Figure(
        id="figure-curves",
        title="Learning curves",
        sentence=_curve_sentence(means, kept, last_epoch, unit),
        traces=traces,
        layout={
            "xaxis": {"title": {"text": "epoch"}, "tickmode": "linear" if last_epoch <= 20 else "auto", "dtick": 1},
            "yaxis": {"title": {"text": axis_title(unit, unit.heading)}},
        },
        runs=run_links.of_runs(run for _, entry, _ in entries for run in entry.run_ids),
    )


def _faint(dev: Sequence[Curve]) -> Trace:
    """Return the dev curves of single runs as one trace."""
    shown = evenly(dev, MOST_CURVES)
    return {
        "x": [epoch for curve in shown for epoch in (*curve, None)],
        "y": [score for curve in shown for score in (*(round(score, 5) for score in curve.values()), None)],
        "name": "all runs, dev" if len(shown) == len(dev) else f"{len(shown):,} of {len(dev):,} runs, dev",
        "mode": "lines+markers",
        "hoverinfo": "skip",
        "line": {"color": "var(--faint)", "width": 1},
        "marker": {"color": "var(--faint)", "size": 4},
    }


def _mean_trace(label: str, split: str, curve: Curve, color: str, unit: Unit, is_gap: bool) -> Trace:
    """Return a mean over seeds; `is_gap`: the area up to the trace before it, train above dev, is shaded."""
    name = f"{label}, {split}"
    dash, symbol = ("solid", "circle") if split == "dev" else ("dot", "circle-open")
    trace: Trace = {
        "x": list(curve),
        "y": list(curve.values()),
        "name": name,
        "mode": "lines+markers",
        "line": {"color": color, "width": 2.5, "dash": dash},
        "marker": {"color": color, "size": 7, "symbol": symbol},
        "hovertemplate": "%{y:" + unit.hover + "}<extra>" + name + "</extra>",
    }
    return trace | ({"fill": "tonexty", "fillcolor": f"{color} 12%"} if is_gap else {})


def _curve_sentence(
    means: Mapping[tuple[str, str], Curve],
    kept: Mapping[str, tuple[float, float]],
    last_epoch: float,
    unit: Unit = SHARES,
) -> str:
    """Say where the means end, each after its own last epoch, since a run may stop early, with train beside dev."""
    ends = [
        f"the {label} ends after epoch {max(dev)} at {unit.scored(unit.oriented(dev[max(dev)]))} on dev"
        f"{_gap(kept.get(label), unit)}"
        for label in ("best", "baseline")
        if (dev := means.get((label, "dev")))
    ]
    if not ends:
        return f"Dev {unit.name} by epoch of every run, up to epoch {last_epoch}. No configuration is confirmed yet."
    text = "; ".join(ends)
    train = any(split == "train" for _, split in means)
    few = " The curves of train are from a few examples: an indication, not a measurement." if train else ""
    return f"{capitalized(text)}.{few}"


def _gap(kept: tuple[float, float] | None, unit: Unit) -> str:
    """Return e.g. " (at the epochs kept: 0.713 on dev, 0.751 on train, a gap of +3.8 points)"."""
    if kept is None:
        return ""
    dev, train = kept
    scores = f"{unit.number(dev)} on dev, {unit.number(train)} on train"
    return f" (at the epochs kept: {scores}, a gap of {unit.change(unit.oriented(train - dev))})"


def _of_all_tasks(results: StudyResults) -> dict[tuple[int, str], Curve]:
    """Return the score's curves without those of references: the score of a single task is another."""
    alone = set(results.references().values())
    left_out = {run.id for run in results.runs if run.config_digest in alone}
    return {key: curve for key, curve in results.curves().items() if key[0] not in left_out}


def _mean_curve(curves: Sequence[Curve]) -> Curve:
    """Return the mean over runs, at the epochs that every run has."""
    shared = set.intersection(*(set(curve) for curve in curves)) if curves else set()
    return {epoch: sum(curve[epoch] for curve in curves) / len(curves) for epoch in sorted(shared)}
