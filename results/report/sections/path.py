"""The section "From the baseline to the best": the greedy path, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import nan
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from results.analysis.comparisons import judged_record, shown_interval
from results.analysis.contrasts import compared_runs
from results.analysis.summary import Summary
from results.database.typed_tables import interval_columns, typed_table
from results.designs.greedy_path import Path, PathStep, greedy_path
from results.figures import run_links
from results.figures.figure import Figure, Trace
from results.measurements.study_results import StudyResults
from results.report.sections.section import Content, interval_bars
from results.statistics import Interval
from results.text.formatting import level_text, plural
from results.text.units import SHARES, Unit, difference_axis_title

if TYPE_CHECKING:
    import pandas as pd

WIDE = 8  # steps; more scroll sideways on a narrow screen
REST = "all other changes at once"


@dataclass(frozen=True)
class PathSection(Content):
    """The path and its figure."""

    path: Path
    run_ids: tuple[str, ...]
    unit: Unit = SHARES

    def sentence(self) -> str:
        """Return the gain of the path, and the number of steps that surely help."""
        steps = self.path.steps
        last = steps[-1]
        if last.from_baseline is None:
            return "No step of the path has two seeds in common with the baseline yet."
        whole = last.from_baseline.interval
        end = "to the best" if last.digest == self.path.best else "so far"
        way = f"{plural(len(steps), 'step')} from the baseline {end}, {self.unit.change(whole.estimate)}"
        verdicts = [step.from_previous.judgement.verdict for step in steps if step.from_previous.judgement]
        sure = verdicts.count("helps")
        helping = f"{sure} of them surely {'helps' if sure == 1 else 'help'}" if sure else "no step surely helps"
        return f"{way} {self.unit.interval(whole)}; {helping}."

    def bars(self) -> tuple[Markup, list[Markup]]:
        """Return the axis and one bar per step, empty without an interval."""
        return interval_bars([step.from_previous for step in self.path.steps], self.unit)

    def waterfall(self) -> Figure | None:
        """Return a waterfall of the steps' differences, or None if a step has no interval."""
        measured = [(step, shown_interval(step.from_previous), step.from_baseline) for step in self.path.steps]
        known = [(step, one, whole.interval) for step, one, whole in measured if one and whole]
        if len(known) < len(measured):
            return None
        labels = [f"{step.number}. {escape(change_of(step), quote=False)}" for step, _, _ in known]
        ends = list(np.cumsum([each.estimate for _, each, _ in known]))
        starts = [0.0, *ends[:-1]]
        bars = [(label, start, each) for label, start, (_, each, _) in zip(labels, starts, known, strict=True)]
        traces = [
            _bars("a step up", [bar for bar in bars if bar[2].estimate >= 0], "var(--best)", self.unit),
            _bars("a step down", [bar for bar in bars if bar[2].estimate < 0], "var(--baseline)", self.unit),
            _bars("the whole path", [("in all", 0.0, known[-1][2])], "var(--accent)", self.unit),
        ]
        return Figure(
            id="figure-path",
            title=f"{self.unit.differences_title} over the baseline, step by step",
            sentence="Each bar starts where the previous one ends; the last bar is the whole path. The lines are the "
            "intervals of each bar's length: for a step the one that its verdict uses, for the whole path 95 %.",
            traces=[trace for trace in traces if trace["x"]],
            layout={
                "xaxis": {
                    "title": {"text": ""},
                    "showgrid": False,
                    "categoryorder": "array",
                    "categoryarray": [*labels, "in all"],
                },
                "yaxis": {"title": {"text": difference_axis_title(self.unit, "over the baseline")}, "zeroline": True},
                "barmode": "overlay",
                "bargap": 0.5,
                "showlegend": False,
            },
            runs=run_links.of_runs(" ".join(self.run_ids)),
            wide=len(known) > WIDE,
        )

    def figures(self) -> Sequence[Figure]:
        """Return the waterfall."""
        return (figure,) if (figure := self.waterfall()) else ()

    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Return `path`, one row per step."""
        records = [_record(step, runs) for step, runs in zip(self.path.steps, self.run_ids, strict=True)]
        return {"path": typed_table("path", records)}


def build(results: StudyResults, summary: Summary) -> PathSection | None:
    """Return the section, or None if no path between the study's baseline and its best was run."""
    path = greedy_path(results)
    if path is None or not path.steps:
        return None
    runs = [compared_runs(results, step.from_previous.comparison, step.before, step.digest) for step in path.steps]
    return PathSection(path, tuple(runs), results.units.score)


def change_of(step: PathStep) -> str:
    """Return "pooling → mean"."""
    return REST if step.factor is None else f"{step.factor} → {level_text(step.to_level)}"


def _bars(name: str, steps: Sequence[tuple[str, float, Interval]], color: str, unit: Unit) -> Trace:
    """Return a trace of floating bars from (label, start, length with its interval)."""
    reach = [abs(unit.drawn(each.high - each.estimate)) for _, _, each in steps]
    return {
        "type": "bar",
        "x": [label for label, _, _ in steps],
        "y": [unit.drawn(each.estimate) for _, _, each in steps],
        "base": [unit.drawn(start) for _, start, _ in steps],
        "name": name,
        "text": [f"{unit.change(each.estimate)} {unit.interval(each)}" for _, _, each in steps],
        "textposition": "none",
        "marker": {"color": color, "opacity": 0.8},
        "error_y": {"type": "data", "array": reach, "color": "var(--ink)", "thickness": 1.5, "width": 5},
        "hovertemplate": "%{x}: %{text}<extra></extra>",
    }


def _record(step: PathStep, runs: str) -> dict[str, object]:
    return {
        "step": step.number,
        "factor": step.factor,
        "from": step.from_level,
        "to": step.to_level,
        "tried": step.tried,
        "config_digest": step.digest,
        "mean": fmean(step.scores) if step.scores else nan,
        "spread": float(np.std(step.scores, ddof=1)) if len(step.scores) > 1 else nan,
        "seeds": len(step.scores),
        **judged_record(step.from_previous),
        "luck": step.bias,
        **interval_columns("from_baseline", step.from_baseline.interval if step.from_baseline else None),
        "run_ids": runs,
    }
