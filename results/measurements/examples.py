"""The predictions that runs kept, per example: the input of paired comparisons."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import select

from results.database import schema
from results.database.database import Database
from results.database.predictions import ExampleSizes, Predictions, unpack_predictions
from results.database.rows import RunRow, StudyRow
from results.measurements.task_units import units_of
from results.statistics import Float64, pearson_scores

MAIN_METRICS = ("score", "pearson", "accuracy")  # in order of preference: a custom trainer may report several
MetricsOfRun = Mapping[tuple[str, str], float | None]  # (task, metric) -> value, on one split
ExampleScores = dict[str, Float64]  # task and set of examples -> (examples,); the mean is the task's main metric


@dataclass(frozen=True, eq=False)
class KeptPredictions:
    """Predictions of one run on one task's examples; `examples` is a hash of their ids in order."""

    task: str
    examples: str
    values: Predictions


def main_metric(measured: MetricsOfRun, task: str) -> str:
    """Return the metric that a task is scored by: a custom score, Pearson's r, or accuracy."""
    return next((metric for metric in MAIN_METRICS if (task, metric) in measured), "accuracy")


class KeptExamples:
    """Predictions of a study's runs per example; `metrics` are those of each (run id, split)."""

    def __init__(self, database: Database, study: StudyRow, metrics: Mapping[tuple[int, str], MetricsOfRun]) -> None:
        self._database = database
        self._study_name = study.study_name
        self._units = units_of(study)
        self._metrics = metrics
        self._scores: dict[int, ExampleScores] = {}

    def predictions(self, run_id: int, split: str = "dev") -> list[KeptPredictions]:
        """Return a run's predictions on a split, ordered by task; empty if none were kept."""
        return self._predictions([run_id], split)[run_id]

    def sizes(self, task: str, examples: str) -> ExampleSizes | None:
        """Return the word statistics of the dev examples with these ids; None if they were not kept."""
        table = schema.Example
        rows = self._database.select(
            select(table.words, table.words2, table.overlap, table.one_word_difference, table.rarest)
            .where(table.study_name == self._study_name, table.task == task)
            .where(table.example_ids_sha256 == examples)
            .order_by(table.number)
        )
        if not rows:
            return None
        words = np.array([row["words"] + (row["words2"] or 0) for row in rows], dtype=np.float64)
        overlap, differs, rarest = (
            [row[name] for row in rows] for name in ("overlap", "one_word_difference", "rarest")
        )
        return ExampleSizes(
            words,
            None if None in overlap else np.array(overlap, dtype=np.float64),
            None if None in differs else np.array(differs, dtype=np.bool_),
            # An example without words has no rarest word; older releases recorded none at all.
            None if set(rarest) == {None} else np.array(rarest, dtype=np.float64),
        )

    def tables(self, columns: Sequence[Sequence[RunRow]], task: str = "") -> list[list[Float64]]:
        """Return the dev scores per example of `columns` of runs; more is better.

        There is one list per task (only `task`, or for "" each task that counts in the score), with one array (seeds,
        examples) per column. Empty unless all runs kept predictions of the same examples.
        """
        new = {run.id for runs in columns for run in runs} - self._scores.keys()
        if new:  # one query for all of them
            self._scores |= {run: self._example_scores(run, kept) for run, kept in self._predictions(new).items()}
        kept = [[self._scores_of(run.id, task) for run in runs] for runs in columns]
        examples = {tuple((key, len(values)) for key, values in scores.items()) for runs in kept for scores in runs}
        if len(examples) != 1:
            return []
        return [[np.stack([scores[key] for scores in runs]) for runs in kept] for key, _ in examples.pop()]

    def _scores_of(self, run_id: int, task: str) -> ExampleScores:
        """Return the scores of one task, or of all tasks that count in the score; empty if one of them has none."""
        counts: Callable[[str], bool] = task.__eq__ if task else self._units.decides
        measured = {name for name, metric in self._metrics.get((run_id, "dev"), {}) if name and metric in MAIN_METRICS}
        scores = {key: each for key, each in sorted(self._scores[run_id].items()) if counts(_task(key))}
        required = {task} if task else set(filter(counts, measured))
        return scores if required <= set(map(_task, scores)) else {}

    def _predictions(self, run_ids: Collection[int], split: str = "dev") -> dict[int, list[KeptPredictions]]:
        """Return the runs' predictions on a split, each run's ordered by task."""
        found: dict[int, list[KeptPredictions]] = {run: [] for run in run_ids}
        table = schema.Prediction
        rows = self._database.select(
            select(table.run_id, table.task, table.example_ids_sha256, table.payload)
            .where(table.run_id.in_(run_ids), table.split == split)
            .order_by(table.task)
        )
        for r in rows:
            kept = KeptPredictions(r["task"], r["example_ids_sha256"], unpack_predictions(r["payload"]))
            found[r["run_id"]].append(kept)
        return found

    def _example_scores(self, run_id: int, kept_predictions: Sequence[KeptPredictions]) -> ExampleScores:
        """Return a run's scores on all tasks; empty if predictions were not kept or some are not finite."""
        scores: ExampleScores = {}
        measured = self._metrics.get((run_id, "dev"), {})
        for of_task in kept_predictions:
            kept = of_task.values
            if not (np.isfinite(kept.predictions).all() and np.isfinite(kept.labels).all()):
                return {}
            metric = main_metric(measured, of_task.task)
            if metric == "pearson":
                values = pearson_scores(kept.predictions, kept.labels)
            elif metric == "score":  # the model reported a score per example
                values = self._units.of(of_task.task).sign * kept.predictions.astype(np.float64)
            else:
                values = (kept.predictions == kept.labels).astype(np.float64)
            # The ids are part of the key, so that two runs on different examples are not paired.
            scores[f"{of_task.task} {of_task.examples}"] = values
        return scores


def _task(key: str) -> str:
    """Return the task of a key of `ExampleScores`."""
    return key.rpartition(" ")[0]
