"""The section "What else was measured": the metrics and costs that a custom trainer returned beside its scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING

import numpy as np

from results.analysis.summary import Summary
from results.database.typed_tables import typed_table
from results.figures.figure import Figure
from results.measurements.custom_trainer import custom_trainer
from results.measurements.study_results import MIN_PAIRED_SEEDS, StudyResults
from results.statistics import Interval, paired_t_interval
from results.text.formatting import plural
from results.text.units import Unit

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class OwnMetric:
    """One number of best and baseline, seed -> value; `task` is "" for a cost of the whole run.

    `difference`: best minus baseline with Student's 95 % interval over the seeds that both have; None with fewer than
    two. Which direction is better is not known, so there is no verdict.
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
        """A number without a unit: none is declared."""
        return Unit(self.metric, "")

    @property
    def is_constant(self) -> bool:
        """Whether it is one number for every run of the two, as a count of parameters is."""
        return len({*self.best.values(), *self.baseline.values()}) == 1

    def told(self, values: Mapping[int, float]) -> str:
        """Return mean and standard deviation over seeds."""
        mean, deviation = _mean_and_deviation(values)
        return self.unit.spread(mean, deviation or None)


@dataclass(frozen=True)
class OwnMetrics:
    """The rows, metrics by task before costs."""

    rows: tuple[OwnMetric, ...]
    best_is_baseline: bool

    def sentence(self) -> str:
        """Return how many metrics and costs there are."""
        metrics, costs = sum(bool(row.task) for row in self.rows), sum(not row.task for row in self.rows)
        counts = [plural(count, noun) for count, noun in ((metrics, "metric"), (costs, "cost")) if count]
        return f"The trainer returned {' and '.join(counts)} beside its scores."

    def figures(self) -> Sequence[Figure]:
        """Return none."""
        return ()

    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Return `own_metrics`, a row per metric or cost."""
        return {"own_metrics": typed_table("own_metrics", [_record(row) for row in self.rows])}


def build(results: StudyResults, summary: Summary) -> OwnMetrics | None:
    """Return None for the built-in model, before a configuration is confirmed, and without other metrics."""
    if custom_trainer(results.study) is None or summary.best is None:
        return None
    baseline = summary.baseline.digest if summary.baseline else ""
    names = results.own_metrics()
    rows = [_row(results, summary.best.digest, baseline, task, metric) for task, metric in names]
    shown = tuple(row for row in rows if row.best or row.baseline)
    return OwnMetrics(shown, summary.best_is_baseline) if shown else None


def _row(results: StudyResults, best: str, baseline: str, task: str, metric: str) -> OwnMetric:
    mine, theirs = (_values(results, digest, task, metric) for digest in (best, baseline))
    seeds = sorted(set(mine) & set(theirs)) if best != baseline else []
    difference = None
    if len(seeds) >= MIN_PAIRED_SEEDS:
        pairs = [np.array([values[seed] for seed in seeds]) for values in (mine, theirs)]
        difference = paired_t_interval(*pairs)
    runs = [
        tuple(run.id for seed, run in results.results_of(digest).items() if seed in values)
        for digest, values in ((best, mine), (baseline, theirs))
    ]
    return OwnMetric(task, metric, mine, theirs, difference, runs[0], runs[1])


def _values(results: StudyResults, digest: str, task: str, metric: str) -> dict[int, float]:
    found = {seed: results.metric(run.id, "dev", task, metric) for seed, run in results.results_of(digest).items()}
    return {seed: value for seed, value in found.items() if value is not None}


def _mean_and_deviation(values: Mapping[int, float]) -> tuple[float, float]:
    """Return the mean and the standard deviation over seeds; not a number where there are too few."""
    found = list(values.values())
    return float(np.mean(found)) if found else nan, float(np.std(found, ddof=1)) if len(found) > 1 else nan


def _record(row: OwnMetric) -> dict[str, object]:
    record: dict[str, object] = {"task": row.task, "metric": row.metric}
    for name, values in (("best", row.best), ("baseline", row.baseline)):
        mean, deviation = _mean_and_deviation(values)
        record |= {name: mean, f"{name}_spread": deviation, f"{name}_seeds": len(values)}
    if row.difference:
        record |= {"difference": row.difference.estimate, "low": row.difference.low, "high": row.difference.high}
    return record | {"run_ids": " ".join(map(str, (*row.best_runs, *row.baseline_runs)))}
