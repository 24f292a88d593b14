"""Learning curves: score by epoch, on dev (its search examples, where dev is divided) and on train."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from results.analysis.summary import Summary
from results.figures import run_links
from results.figures.figure import Figure, Trace, best_and_baseline, capitalized, line
from results.measurements.dev_parts import part_of_search
from results.measurements.kept_epoch import train_above_dev
from results.measurements.study_results import StudyResults, evenly
from results.text.units import SHARES, Unit, axis_title

MOST_CURVES = 500  # of single runs, so that the page stays small
Curve = dict[float, float]  # epoch -> score
Curves = Mapping[tuple[int, str], Curve]  # run id, split


def learning_curves(results: StudyResults, summary: Summary) -> Figure | None:
    """Draw score by epoch: faint curves of all runs, and means over seeds of baseline and best, on dev and train."""
    curves, unit = _of_all_tasks(results), results.units.score
    dev = [curve for (_, split), curve in curves.items() if split == "dev"]
    if not dev:
        return None
    part = part_of_search(results.study)
    traces, means = [_faint(dev, part)], dict[tuple[str, str], Curve]()
    entries = best_and_baseline(summary)
    for label, entry, color in entries:
        for split in ("dev", "train"):
            mean = _mean_curve([curves.get((run, split), {}) for run in entry.run_ids])
            if mean:
                is_gap = split == "train" and (label, "dev") in means
                name = f"{label}, {part if split == 'dev' else split}"
                traces.append(_mean_trace(name, split, mean, color, unit, is_gap))
                means[label, split] = mean
    last_epoch = max(max(curve) for curve in dev)
    gaps = {label: train_above_dev(results, entry.run_ids) for label, entry, _ in entries}
    return Figure(
        id="figure-curves",
        title="Learning curves",
        sentence=_curve_sentence(means, gaps, last_epoch, unit, part),
        traces=traces,
        layout={
            "xaxis": {"title": {"text": "epoch"}, "tickmode": "linear" if last_epoch <= 20 else "auto", "dtick": 1},
            "yaxis": {"title": {"text": axis_title(unit, unit.heading)}},
        },
        runs=run_links.of_runs(run for _, entry, _ in entries for run in entry.run_ids),
    )


def _faint(dev: Sequence[Curve], part: str) -> Trace:
    """Return the dev curves of single runs as one trace."""
    shown = evenly(dev, MOST_CURVES)
    name = f"{'all' if len(shown) == len(dev) else f'{len(shown):,} of {len(dev):,}'} runs, {part}"
    epochs = [epoch for curve in shown for epoch in (*curve, None)]
    scores = [score for curve in shown for score in (*(round(score, 5) for score in curve.values()), None)]
    marks = {"mode": "lines+markers", "marker": {"color": "var(--faint)", "size": 4}}
    return line(name, epochs, scores, "var(--faint)", 1) | marks


def _mean_trace(name: str, split: str, curve: Curve, color: str, unit: Unit, is_gap: bool) -> Trace:
    """Return a mean over seeds; with `is_gap` the area between it and the previous trace is shaded."""
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
    gaps: Mapping[str, tuple[float, float] | None],
    last_epoch: float,
    unit: Unit = SHARES,
    part: str = "dev",
) -> str:
    """Return the caption: the last mean of best and baseline on dev, and the gap between dev and train."""
    ends = [
        f"the {label} ends after epoch {max(dev)} at {unit.scored(unit.oriented(dev[max(dev)]))} on {part}"
        f"{_gap(gaps.get(label), unit)}"
        for label in ("best", "baseline")
        if (dev := means.get((label, "dev")))
    ]
    if not ends:
        where = f"{capitalized(unit.name)} of every run on {part} by epoch, up to epoch {last_epoch}"
        return f"{where}. No configuration is confirmed yet."
    has_train = any(split == "train" for _, split in means)
    note = " The train curves use only a few examples and are an indication, not a measurement." if has_train else ""
    return f"{capitalized('; '.join(ends))}.{note}"


def _gap(scores: tuple[float, float] | None, unit: Unit) -> str:
    """Return e.g. " (at the best epochs: 0.713 on dev, 0.751 on train, a gap of +3.8 points)"."""
    if scores is None:
        return ""
    dev, train = scores
    gap = unit.change(unit.oriented(train - dev))
    return f" (at the best epochs: {unit.number(dev)} on dev, {unit.number(train)} on train, a gap of {gap})"


def _of_all_tasks(results: StudyResults) -> dict[tuple[int, str], Curve]:
    """Return the curves of runs on all tasks; the score of a single-task reference run is not comparable.

    Those of the search examples are named "dev", as in studies whose dev split was not divided.
    """
    references = set(results.references().values())
    excluded = {run.id for run in results.runs if run.config_digest in references}
    curves = results.curves().items()
    return {(run, "dev" if split == "search" else split): c for (run, split), c in curves if run not in excluded}


def _mean_curve(curves: Sequence[Curve]) -> Curve:
    """Return the mean over runs at the epochs that all of them have."""
    shared = set.intersection(*(set(curve) for curve in curves)) if curves else set()
    return {epoch: sum(curve[epoch] for curve in curves) / len(curves) for epoch in sorted(shared)}
