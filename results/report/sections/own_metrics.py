"""The section "What else was measured": metrics and costs that a custom trainer returned in addition to its scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING

import numpy as np

from results.analysis.summary import Summary
from results.database.typed_tables import typed_table
from results.measurements.custom_trainer import custom_trainer
from results.measurements.study_results import MIN_PAIRED_SEEDS, StudyResults
from results.report.sections.section import Content
from results.statistics import Interval, paired_t_interval
from results.text.formatting import plural
from results.text.units import Unit

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class OwnMetric:
    """One metric of best and baseline, seed -> value; `task` is "" for a cost of the whole run.

    `difference`: best minus baseline with Student's 95 % interval over their common seeds; None with fewer than two.
    Whether higher is better is unknown, so there is no verdict.
    """

    task: str
    metric: str
    best: Mapping[int, float]
    baseline: Mapping[int, float]
    difference: Interval | None
    best_runs: tuple[int, ...]
    baseline_runs: tuple[int, ...]

    @property
    def unit(self) -> Unit:
        """The metric's name without a unit, because none is declared."""
        return Unit(self.metric, "")

    @property
    def is_constant(self) -> bool:
        """Whether all runs of both have the same value, as with a number of parameters."""
        return len({*self.best.values(), *self.baseline.values()}) == 1

    def text(self, values: Mapping[int, float]) -> str:
        """Return mean and standard deviation over seeds."""
        mean, deviation = _mean_and_deviation(values)
        return self.unit.spread(mean, deviation or None)


@dataclass(frozen=True)
class OwnMetrics(Content):
    """Metrics by task, then costs."""

    rows: tuple[OwnMetric, ...]
    best_is_baseline: bool

    def sentence(self) -> str:
        """Return the number of metrics and costs."""
        metrics, costs = sum(bool(row.task) for row in self.rows), sum(not row.task for row in self.rows)
        counts = [plural(count, noun) for count, noun in ((metrics, "metric"), (costs, "cost")) if count]
        return f"The trainer returned {' and '.join(counts)} in addition to its scores."

    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Return `own_metrics`, one row per metric or cost."""
        return {"own_metrics": typed_table("own_metrics", [_record(row) for row in self.rows])}


def build(results: StudyResults, summary: Summary) -> OwnMetrics | None:
    """Return the section; None for the built-in model, before a configuration is confirmed, and without metrics."""
    if custom_trainer(results.study) is None or summary.best is None:
        return None
    baseline = summary.baseline.digest if summary.baseline else ""
    names = results.own_metrics()
    rows = [_row(results, summary.best.digest, baseline, task, metric) for task, metric in names]
    shown = tuple(row for row in rows if row.best or row.baseline)
    return OwnMetrics(shown, summary.best_is_baseline) if shown else None


def _row(results: StudyResults, best: str, baseline: str, task: str, metric: str) -> OwnMetric:
    values = {digest: _values(results, digest, task, metric) for digest in (best, baseline)}
    seeds = sorted(set(values[best]) & set(values[baseline])) if best != baseline else []
    difference = None
    if len(seeds) >= MIN_PAIRED_SEEDS:
        difference = paired_t_interval(*(np.array([values[digest][seed] for seed in seeds]) for digest in values))
    runs = {
        digest: tuple(run.id for seed, run in results.results_of(digest).items() if seed in values[digest])
        for digest in values
    }
    return OwnMetric(task, metric, values[best], values[baseline], difference, runs[best], runs[baseline])


def _values(results: StudyResults, digest: str, task: str, metric: str) -> dict[int, float]:
    values = {seed: results.metric(run.id, "dev", task, metric) for seed, run in results.results_of(digest).items()}
    return {seed: value for seed, value in values.items() if value is not None}


def _mean_and_deviation(values: Mapping[int, float]) -> tuple[float, float]:
    """Return mean and standard deviation over seeds; NaN with too few."""
    array = np.array([*values.values()])
    return float(array.mean()) if len(array) else nan, float(array.std(ddof=1)) if len(array) > 1 else nan


def _record(row: OwnMetric) -> dict[str, object]:
    record: dict[str, object] = {"task": row.task, "metric": row.metric}
    for name, values in (("best", row.best), ("baseline", row.baseline)):
        mean, deviation = _mean_and_deviation(values)
        record |= {name: mean, f"{name}_spread": deviation, f"{name}_seeds": len(values)}
    if row.difference:
        record |= {"difference": row.difference.estimate, "low": row.difference.low, "high": row.difference.high}
    return record | {"run_ids": " ".join(map(str, (*row.best_runs, *row.baseline_runs)))}
