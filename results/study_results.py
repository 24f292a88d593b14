"""What a study has measured, read once: which runs count as results, and their scores example by example.

A result is a complete run with a fresh seed, one that the search did not choose by: any run of the phases
confirm and ablate, and a run of the search only when `settings_json["confirm_seeds"]` lists its seed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from sqlalchemy import select

from results import schema
from results.freshness import driven
from results.predictions import ExampleSizes, Predictions, unpack_predictions
from results.records import Database
from results.rows import Cell, JsonObject, RunRow, StudyRow
from results.stage_losses import StageLosses, stage_losses
from results.stages import StageCosts, stage_costs
from results.statistics import (
    Difference,
    Float64,
    Interval,
    MeanDifference,
    paired_difference,
    paired_score_bootstrap,
    paired_t_interval,
    pearson_scores,
    score_difference,
    tasks_difference,
)
from results.task_units import StudyUnits, margin_of, units_of

MIN_PAIRED_SEEDS = 2  # one pair has no spread, and a difference without its spread is not shown

REFERENCE = "reference"  # the design of cells that train one task alone, named reference:TASK
MAIN_METRICS = ("score", "pearson", "accuracy")  # a custom trainer may have others of these beside its score
IntervalOver = Literal["seeds and examples", "seeds"]
ExampleScores = dict[str, Float64]  # task -> (examples,), the mean of which is the task's main metric
MetricsOfRun = dict[tuple[str, str], float | None]  # (task, metric) -> value, on one split


@dataclass(frozen=True)
class Comparison:
    """A difference of two configurations over the seeds both have, and what its interval speaks of.

    "seeds" alone where predictions were not kept for all runs: other seeds on these very dev examples. `level` of the
    interval: more than 0.95 where it is one of several looks that shall hold together with 95 % (`looks`).
    `same`: with every seed the two scored the very same, so that what they differ in did nothing.
    """

    difference: Difference
    seeds: tuple[int, ...]
    over: IntervalOver
    level: float = 0.95
    same: bool = False

    @property
    def interval(self) -> Interval:
        """The estimate with its 95 % interval."""
        return self.difference.interval(self.level)

    @property
    def turned(self) -> Comparison:
        """The same the other way round: second minus first."""
        return replace(self, difference=replace(self.difference, estimate=-self.difference.estimate))


def measured(difference: Difference, seeds: tuple[int, ...], over: IntervalOver) -> Comparison:
    """A difference as it was measured, before other rows tell of its noise: none at all is no coincidence."""
    return Comparison(difference, seeds, over, same=difference.estimate == 0 and difference.noise.error == 0)


@dataclass(frozen=True, eq=False)
class KeptPredictions:
    """What one run predicted on one task's examples; `examples` is a hash of their ids, in their order."""

    task: str
    examples: str
    values: Predictions


class StudyResults:
    """The runs (without their configurations: `config`), cells and metrics of one study.

    UnknownStudy when the database has none of that name.
    """

    def __init__(self, database: Database, name: str) -> None:
        self.study: StudyRow = database.studies.require(name)
        self.units: StudyUnits = units_of(self.study)
        self.runs: list[RunRow] = database.runs.of_study(name, configs=False)
        self.cells: list[Cell] = database.studies.cells(name)
        self.stages: StageCosts = stage_costs(database, name)
        self.stage_losses: tuple[StageLosses, ...] = stage_losses(database, name)
        self.storage = database.shown_url
        self.driven = self.study.status == "running" and driven(database, name)
        self._database = database
        self._metrics = _task_metrics(database, name)
        self._example_scores: dict[int, ExampleScores | None] = {}
        self._configs: dict[str, JsonObject] = {}
        self._intervals: dict[str, tuple[Interval, IntervalOver] | None] = {}
        self._results = self._group_results()

    def results_of(self, digest: str) -> dict[int, RunRow]:
        """The results of a configuration: seed -> run, seeds ascending; empty when there are none."""
        return self._results.get(digest, {})

    def measured(self) -> list[str]:
        """The digests of all configurations of all tasks that have results, in the order they were first run."""
        alone = set(self.references().values())
        return [digest for digest in self._results if digest not in alone]

    def references(self) -> dict[str, str]:
        """Task -> digest of the best configuration on it alone (`--references`); empty where none were asked for."""
        cells = [cell for cell in self.cells if cell.design == REFERENCE]
        return {cell.name.removeprefix(f"{REFERENCE}:"): cell.config_digest for cell in cells}

    def run_ids(self, digest: str) -> tuple[int, ...]:
        """The runs that a configuration's results come from, one a seed."""
        return tuple(run.id for run in self.results_of(digest).values())

    def config(self, digest: str) -> JsonObject:
        """A configuration as it was written; empty without results."""
        if digest not in self._configs:
            runs = self.results_of(digest)
            found = self._database.runs.find_by_seed(self.study.study_name, digest, next(iter(runs))) if runs else None
            self._configs[digest] = found.config_json if found else {}
        return self._configs[digest]

    def scores(self, digest: str) -> list[float]:
        """The dev scores of a configuration, one a seed; more is better."""
        return [run.score for run in self.results_of(digest).values() if run.score is not None]

    def split_score(self, run_id: int, split: str) -> float | None:
        """A run's score on a split other than dev: as written, else the mean of the tasks' main metrics.

        More is better, as in `run.score`.
        """
        values = self._metrics.get((run_id, split), {})
        whole = values.get(("", "score"))
        if whole is not None:
            return self.units.score.oriented(whole)
        tasks = sorted({task for task, _ in values if task and self.units.decides(task)})
        mains = [values.get((task, self.main_metric(run_id, split, task))) for task in tasks]
        known = [value for value in mains if value is not None]
        return self.units.score.oriented(float(np.mean(known))) if known and len(known) == len(tasks) else None

    def main_metric(self, run_id: int, split: str, task: str) -> str:
        """The metric a task is scored by: Pearson's r, accuracy, or what another model calls its score."""
        measured = self._metrics.get((run_id, split), {})
        return next((metric for metric in MAIN_METRICS if (task, metric) in measured), "accuracy")

    def metric(self, run_id: int, split: str, task: str, metric: str) -> float | None:
        """One metric of one run; None when it was not measured or is not a number."""
        return self._metrics.get((run_id, split), {}).get((task, metric))

    def main_value(self, run_id: int, task: str, split: str = "dev") -> float | None:
        """A task's main metric of one run; more is better: the negative of a metric of which less is better."""
        value = self.metric(run_id, split, task, self.main_metric(run_id, split, task))
        return None if value is None else self.units.of(task).oriented(value)

    def own_metrics(self) -> list[tuple[str, str]]:
        """(task, metric) of what was measured on dev beside the tasks' main metrics; ("", name) is a cost of a run."""
        found = {
            key
            for (run, split), values in self._metrics.items()
            if split == "dev"
            for key in values
            if key not in (("", "score"), ("", "leaderboard_score")) and key[1] != self.main_metric(run, split, key[0])
        }
        return sorted(found, key=lambda key: (not key[0], key))

    @property
    def margin(self) -> float | None:
        """Smaller differences of the score count as none (`--margin`); None where its unit has no such difference."""
        return self.margin_of("")

    def margin_of(self, task: str) -> float | None:
        """`margin` of a task's main metric: the study's where it has the score's unit, else that of its own unit."""
        return margin_of(self.study, task)

    def has_metric(self, run_id: int, split: str, task: str, metric: str) -> bool:
        """Whether it was measured, a number or not."""
        return (task, metric) in self._metrics.get((run_id, split), {})

    def example_scores(self, run_id: int) -> ExampleScores | None:
        """A run's scores on dev example by example, of all tasks; more is better.

        None where predictions were not kept or are no numbers.
        """
        return self._examples(run_id)

    def metric_by_epoch(self, split: str, task: str, metric: str) -> dict[tuple[int, float], float]:
        """One metric of all runs and epochs: (run id, epoch) -> value. NaN is left out."""
        table = schema.EpochMetric
        found = self._database.select(
            select(table.run_id, table.epoch, table.value)
            .join(schema.Run)
            .where(schema.Run.study_name == self.study.study_name)
            .where(table.split == split, table.task == task, table.metric == metric, table.value.is_not(None))
        )
        return {(row["run_id"], row["epoch"]): row["value"] for row in found}

    def tasks(self) -> list[str]:
        """The names of all tasks that were measured."""
        return sorted({task for values in self._metrics.values() for task, _ in values if task})

    def score_curves(self) -> dict[tuple[int, str], dict[float, float]]:
        """The score by epoch of every run: (run id, split) -> epoch -> score. NaN is left out."""
        table = schema.EpochMetric
        found = self._database.select(
            select(table.run_id, table.split, table.epoch, table.value)
            .join(schema.Run)
            .where(schema.Run.study_name == self.study.study_name)
            .where(table.task == "", table.metric == "score", table.value.is_not(None))
            .order_by(table.run_id, table.split, table.epoch)
        )
        curves: dict[tuple[int, str], dict[float, float]] = {}
        for row in found:
            curves.setdefault((row["run_id"], row["split"]), {})[row["epoch"]] = row["value"]
        return curves

    def compare(self, digest: str, other: str, among: frozenset[int] | None = None) -> Comparison | None:
        """`digest` minus `other` in score, paired by seed; None with fewer than two seeds in common (of `among`)."""
        mine, theirs = self.results_of(digest), self.results_of(other)
        common = mine.keys() & theirs.keys()
        seeds = tuple(sorted(common if among is None else common & among))
        if len(seeds) < MIN_PAIRED_SEEDS:
            return None
        pairs = self._example_pairs([mine[seed] for seed in seeds], [theirs[seed] for seed in seeds])
        if pairs:
            tasks = [MeanDifference(a, b) for a, b in pairs]
            return measured(score_difference(tasks), seeds, "seeds and examples")
        a, b = ([runs[seed].score for seed in seeds] for runs in (mine, theirs))
        return measured(paired_difference(np.array(a), np.array(b)), seeds, "seeds")

    def example_pairs(self, mine: Sequence[RunRow], theirs: Sequence[RunRow]) -> dict[str, tuple[Float64, Float64]]:
        """Task -> scores (seeds, examples) of both, for tasks of which all these runs predicted the same examples."""
        tables = [[self._examples(run.id) or {} for run in runs] for runs in (mine, theirs)]
        every = [table for column in tables for table in column]
        shared = [name for name in sorted(every[0]) if all(name in table for table in every)] if every else []
        a, b = tables
        return {
            _task(name): (np.stack([row[name] for row in a]), np.stack([row[name] for row in b]))
            for name in shared
            if len({len(table[name]) for table in every}) == 1
        }

    def predictions(self, run_id: int, split: str = "dev") -> list[KeptPredictions]:
        """What a run predicted on each task's examples of a split, tasks by name; empty where nothing was kept."""
        table = schema.Prediction
        found = self._database.select(
            select(table.task, table.example_ids_sha256, table.payload)
            .where(table.run_id == run_id, table.split == split)
            .order_by(table.task)
        )
        return [
            KeptPredictions(row["task"], row["example_ids_sha256"], unpack_predictions(row["payload"])) for row in found
        ]

    def example_sizes(self, task: str, examples: str) -> ExampleSizes | None:
        """What is kept of the words of the dev examples of these ids; None where nothing is."""
        table = schema.Example
        found = self._database.select(
            select(table.words, table.words2, table.overlap, table.one_word_difference, table.rarest)
            .where(table.study_name == self.study.study_name, table.task == task)
            .where(table.example_ids_sha256 == examples)
            .order_by(table.number)
        )
        if not found:
            return None
        words = np.array([row["words"] + (row["words2"] or 0) for row in found], dtype=np.float64)
        shared, differs, rarest = (
            [row[name] for row in found] for name in ("overlap", "one_word_difference", "rarest")
        )
        return ExampleSizes(
            words,
            None if None in shared else np.array(shared, dtype=np.float64),
            None if None in differs else np.array(differs, dtype=np.bool_),
            # An example without words has no rarest one; an older release kept none of any.
            None if set(rarest) == {None} else np.array(rarest, dtype=np.float64),
        )

    def contrast(self, weights: Mapping[str, float]) -> Comparison | None:
        """The sum of configurations' scores times their weights (digest -> weight, summing to 0), paired by seed.

        Over the seeds that all of them have, as many as the study asks for, on the examples that all of them were
        scored on, so that what seeds and examples have in common cancels as it does in a difference. None with fewer
        than two such seeds.
        """
        columns = [self.results_of(digest) for digest in weights]
        common = sorted(set.intersection(*(set(runs) for runs in columns))) if columns else []
        seeds = tuple(common[: self.study.settings_json.get("seeds")])
        if len(seeds) < MIN_PAIRED_SEEDS:
            return None
        runs, each = [[column[seed] for seed in seeds] for column in columns], list(weights.values())
        tasks = self._example_tables(runs)
        if tasks:
            return Comparison(tasks_difference([_sum(tables, each) for tables in tasks]), seeds, "seeds and examples")
        apart = _sum([np.array([run.score for run in column], dtype=np.float64) for column in runs], each)
        return Comparison(paired_difference(apart, np.zeros_like(apart)), seeds, "seeds")

    def score_interval(self, digest: str) -> tuple[Interval, IntervalOver] | None:
        """A configuration's mean score with its interval; None with fewer than two seeds."""
        if digest not in self._intervals:
            self._intervals[digest] = self._score_interval(digest)
        return self._intervals[digest]

    def _score_interval(self, digest: str) -> tuple[Interval, IntervalOver] | None:
        runs = list(self.results_of(digest).values())
        if len(runs) < MIN_PAIRED_SEEDS:
            return None
        pairs = self._example_pairs(runs, runs)
        if pairs:
            against_zero = [(mine, np.zeros_like(mine)) for mine, _ in pairs]
            return paired_score_bootstrap(against_zero), "seeds and examples"
        scores = np.array(self.scores(digest))
        return paired_t_interval(scores, np.zeros_like(scores)), "seeds"

    def _group_results(self) -> dict[str, dict[int, RunRow]]:
        listed = self.study.settings_json.get("confirm_seeds")
        fresh = set(listed) if isinstance(listed, list) else set()
        grouped: dict[str, dict[int, RunRow]] = {}
        for run in self.runs:
            counts = run.phase != "search" or run.seed in fresh
            if counts and run.status == "complete" and run.score is not None:
                grouped.setdefault(run.config_digest, {})[run.seed] = run
        return {digest: dict(sorted(runs.items())) for digest, runs in grouped.items()}

    def _example_pairs(self, mine: Sequence[RunRow], theirs: Sequence[RunRow]) -> list[tuple[Float64, Float64]]:
        """One pair (seeds, examples) a task of the score; empty unless all runs predicted the same examples."""
        return [(a, b) for a, b in self._example_tables((mine, theirs))]

    def _example_tables(self, columns: Sequence[Sequence[RunRow]]) -> list[list[Float64]]:
        """For each task a table (seeds, examples) a column of runs; empty as `_example_pairs` is."""
        tables = [[self._examples_of_score(run.id) for run in runs] for runs in columns]
        found = [table for column in tables for table in column if table is not None]
        if len(found) < sum(len(runs) for runs in columns):
            return []
        shapes = {tuple((task, len(values)) for task, values in sorted(table.items())) for table in found}
        if len(shapes) != 1 or not found[0]:
            return []
        whole = [[table for table in column if table is not None] for column in tables]
        return [[np.stack([row[task] for row in column]) for column in whole] for task in sorted(found[0])]

    def _examples_of_score(self, run_id: int) -> ExampleScores | None:
        """Of the tasks that the score is made up of; None where one of them has none."""
        kept = {key: values for key, values in (self._examples(run_id) or {}).items() if self._decides(key)}
        measured = {task for task, metric in self._metrics.get((run_id, "dev"), {}) if task and metric in MAIN_METRICS}
        wanted = {task for task in measured if self.units.decides(task)}
        return kept if kept and wanted <= {_task(key) for key in kept} else None

    def _decides(self, key: str) -> bool:
        return self.units.decides(_task(key))

    def _examples(self, run_id: int) -> ExampleScores | None:
        if run_id not in self._example_scores:
            self._example_scores[run_id] = self._read_examples(run_id)
        return self._example_scores[run_id]

    def _read_examples(self, run_id: int) -> ExampleScores | None:
        scores: ExampleScores = {}
        for found in self.predictions(run_id):
            kept = found.values
            if not (np.isfinite(kept.predictions).all() and np.isfinite(kept.labels).all()):
                return None
            metric = self.main_metric(run_id, "dev", found.task)
            if metric == "pearson":
                values = pearson_scores(kept.predictions, kept.labels)
            elif metric == "score":  # of each example, as the model told it
                values = self.units.of(found.task).sign * kept.predictions.astype(np.float64)
            else:
                values = (kept.predictions == kept.labels).astype(np.float64)
            # The ids belong to the name, so that two runs on different examples are not paired.
            scores[f"{found.task} {found.examples}"] = values
        return scores or None


def _task(key: str) -> str:
    """The task of a key of `ExampleScores`."""
    return key.rpartition(" ")[0]


def _sum(columns: Sequence[Float64], weights: Sequence[float]) -> Float64:
    """The columns times their weights, added."""
    total: Float64 = np.einsum("c...,c->...", np.stack(columns), np.array(weights))
    return total


def _task_metrics(database: Database, name: str) -> dict[tuple[int, str], MetricsOfRun]:
    table = schema.TaskMetric
    found = database.select(
        select(table.run_id, table.split, table.task, table.metric, table.value)
        .join(schema.Run, schema.Run.id == table.run_id)
        .where(schema.Run.study_name == name)
    )
    metrics: dict[tuple[int, str], MetricsOfRun] = {}
    for row in found:
        metrics.setdefault((row["run_id"], row["split"]), {})[row["task"], row["metric"]] = row["value"]
    return metrics
