"""The measurements of a study, read once: the runs that count as results, and their scores.

A result is a complete run with a fresh seed, one that the search did not use for selection: any run of the phases
confirm and ablate, and a run of the search only if `settings_json["confirm_seeds"]` lists its seed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from typing import TypeVar, cast

import numpy as np
from sqlalchemy import select

from results.database import schema
from results.database.database import Database
from results.database.rows import Cell, JsonObject, RunRow, StudyRow
from results.measurements.examples import KeptExamples, MetricsOfRun, main_metric
from results.measurements.stage_losses import StageLosses, stage_losses
from results.measurements.stages import StageCosts, stage_costs
from results.measurements.task_units import StudyUnits, units_of

MIN_PAIRED_SEEDS = 2  # one pair has no spread, and a difference without its spread is not shown

REFERENCE = "reference"  # the design of cells that train a single task; they are named reference:TASK
VARIANCE = "variance"  # the design of cells that train on the first fresh seed's sentences (--vary train)
Kept = TypeVar("Kept")
Item = TypeVar("Item")


class StudyResults:
    """The runs (without their configurations, see `config`), cells, metrics and kept `examples` of one study.

    Raises:
        UnknownStudy: the database has no study of that name.
    """

    def __init__(self, database: Database, name: str) -> None:
        self.study: StudyRow = database.studies.require(name)
        self.units: StudyUnits = units_of(self.study)
        self.runs: list[RunRow] = database.runs.of_study(name, configs=False)
        self.cells: list[Cell] = database.studies.cells(name)
        self.stages: StageCosts = stage_costs(database, name)
        self.stage_losses: tuple[StageLosses, ...] = stage_losses(database, name)
        self.storage = database.shown_url
        self.driven = self.study.status == "running" and database.leases.live(name) is not None
        self._database = database
        self._metrics = _task_metrics(database, name)
        self.examples = KeptExamples(database, self.study, self._metrics)
        self._kept: dict[Hashable, object] = {}
        self._results = self._group_results()

    def results_of(self, digest: str) -> dict[int, RunRow]:
        """Return the results of a configuration: seed -> run, seeds ascending."""
        return self._results.get(digest, {})

    def measured(self) -> list[str]:
        """Return the digests of the configurations with results, in order of runs.

        Those of single-task references and of `VARIANCE`, which measure something else, are left out.
        """
        others = {cell.config_digest for cell in self.cells if cell.design in (REFERENCE, VARIANCE)}
        return [digest for digest in self._results if digest not in others]

    def references(self) -> dict[str, str]:
        """Return task -> digest of the best configuration trained on this task only; empty without `--references`."""
        cells = [cell for cell in self.cells if cell.design == REFERENCE]
        return {cell.name.removeprefix(f"{REFERENCE}:"): cell.config_digest for cell in cells}

    def run_ids(self, digest: str) -> tuple[int, ...]:
        """Return the run ids of a configuration's results, one per seed."""
        return tuple(run.id for run in self.results_of(digest).values())

    def once(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """Return `make()`, computed once per key, for values that many tables of a report need."""
        if key not in self._kept:
            self._kept[key] = make()
        return cast(Kept, self._kept[key])

    def config(self, digest: str) -> JsonObject:
        """Return a configuration as it was stored; empty without results."""
        return self.once(("config", digest), lambda: self._read_config(digest))

    def scores(self, digest: str, seeds: Collection[int] | None = None) -> list[float]:
        """Return the dev scores of a configuration, one per seed (of `seeds`), seeds ascending; more is better."""
        runs = self.results_of(digest).items()
        return [run.score for seed, run in runs if run.score is not None and (seeds is None or seed in seeds)]

    def split_score(self, run_id: int, split: str) -> float | None:
        """Return a run's stored score on a split, else the mean of the tasks' main metrics; more is better."""
        values = self._metrics.get((run_id, split), {})
        score = values.get(("", "score"))
        if score is None:
            tasks = sorted({task for task, _ in values if task and self.units.decides(task)})
            mains = [values.get((task, self.main_metric(run_id, split, task))) for task in tasks]
            measured = [value for value in mains if value is not None]
            score = float(np.mean(measured)) if measured and len(measured) == len(tasks) else None
        return None if score is None else self.units.score.oriented(score)

    def main_metric(self, run_id: int, split: str, task: str) -> str:
        """Return the metric that a run's task is scored by (`examples.main_metric`)."""
        return main_metric(self._metrics.get((run_id, split), {}), task)

    def metric(self, run_id: int, split: str, task: str, metric: str) -> float | None:
        """Return one metric of one run; None if it was not measured or is not a number."""
        return self._metrics.get((run_id, split), {}).get((task, metric))

    def main_value(self, run_id: int, task: str, split: str = "dev") -> float | None:
        """Return a task's main metric of one run, negated if lower is better, so that more is better."""
        value = self.metric(run_id, split, task, self.main_metric(run_id, split, task))
        return None if value is None else self.units.of(task).oriented(value)

    def own_metrics(self) -> list[tuple[str, str]]:
        """Return (task, metric) of all dev metrics except the tasks' main metrics; ("", name) is a cost of a run."""
        metrics = {
            key
            for (run, split), values in self._metrics.items()
            if split == "dev"
            for key in values
            if key not in (("", "score"), ("", "leaderboard_score")) and key[1] != self.main_metric(run, split, key[0])
        }
        return sorted(metrics, key=lambda key: (not key[0], key))

    def has_metric(self, run_id: int, split: str, task: str, metric: str) -> bool:
        """Return whether a metric was measured, even if it is not a number."""
        return (task, metric) in self._metrics.get((run_id, split), {})

    def tasks(self) -> list[str]:
        """Return the names of all tasks that were measured."""
        return sorted({task for values in self._metrics.values() for task, _ in values if task})

    def curves(self, task: str = "", metric: str = "score") -> dict[tuple[int, str], dict[float, float]]:
        """Return a metric of all runs by epoch: (run id, split) -> epoch -> value, without missing values."""
        table = schema.EpochMetric
        rows = self._database.select(
            select(table.run_id, table.split, table.epoch, table.value)
            .join(schema.Run)
            .where(schema.Run.study_name == self.study.study_name)
            .where(table.task == task, table.metric == metric, table.value.is_not(None))
            .order_by(table.run_id, table.split, table.epoch)
        )
        curves: dict[tuple[int, str], dict[float, float]] = {}
        for row in rows:
            curves.setdefault((row["run_id"], row["split"]), {})[row["epoch"]] = row["value"]
        return curves

    def _read_config(self, digest: str) -> JsonObject:
        seed = next(iter(self.results_of(digest)), None)
        run = None if seed is None else self._database.runs.find_by_seed(self.study.study_name, digest, seed)
        return run.config_json if run else {}

    def _group_results(self) -> dict[str, dict[int, RunRow]]:
        listed = self.study.settings_json.get("confirm_seeds")
        fresh = set(listed) if isinstance(listed, list) else set()
        grouped: dict[str, dict[int, RunRow]] = {}
        for run in self.runs:
            is_fresh = run.phase != "search" or run.seed in fresh
            if is_fresh and run.status == "complete" and run.score is not None:
                grouped.setdefault(run.config_digest, {})[run.seed] = run
        return {digest: dict(sorted(runs.items())) for digest, runs in grouped.items()}


def _task_metrics(database: Database, name: str) -> Mapping[tuple[int, str], MetricsOfRun]:
    table = schema.TaskMetric
    rows = database.select(
        select(table.run_id, table.split, table.task, table.metric, table.value)
        .join(schema.Run, schema.Run.id == table.run_id)
        .where(schema.Run.study_name == name)
    )
    metrics: dict[tuple[int, str], dict[tuple[str, str], float | None]] = {}
    for row in rows:
        metrics.setdefault((row["run_id"], row["split"]), {})[row["task"], row["metric"]] = row["value"]
    return metrics


def confirmed(results: StudyResults) -> list[str]:
    """Return the digests of the configurations of the phase confirm, in the order of their cells."""
    return list(dict.fromkeys(cell.config_digest for cell in results.cells if cell.phase == "confirm"))


def complete_search(results: StudyResults) -> list[RunRow]:
    """Return the complete runs of the search that have a score, in the order they began."""
    return [r for r in results.runs if r.phase == "search" and r.status == "complete" and r.score is not None]


def seconds_spent(run: RunRow) -> float:
    """Return the seconds of training and evaluation, or the time until a run failed; 0 while it runs."""
    if run.train_seconds is not None:
        return run.train_seconds + (run.eval_seconds or 0.0)
    if run.finished_at is None or run.status == "interrupted":  # the time of the interruption is not known
        return 0.0
    return max(0.0, (run.finished_at - run.started_at).total_seconds())


def evenly(items: Sequence[Item], most: int) -> list[Item]:
    """Return at most `most` of the items, evenly spaced, including the first and the last."""
    if len(items) <= most:
        return list(items)
    return [items[i * (len(items) - 1) // (most - 1)] for i in range(most)]
