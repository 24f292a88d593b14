"""Runs as runs of MLflow: each study is an experiment, and a metric's step is the epoch."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from results.database.rows import RunRow, StudyRow
from results.database.stored_values import epoch_number
from study.tracking.abstract import AbstractTracker, RunRecord, Tracked

STATUS = {"running": "RUNNING", "complete": "FINISHED", "pruned": "FINISHED", "failed": "FAILED"}
STOPPED = "KILLED"  # interrupted
PARAMS, METRICS, LONGEST_TAG, PAGE = 100, 1000, 5000, 1000  # limits of one request
CREATED = "study_created"  # distinguishes studies that were created one after another under the same name


class MlflowTracker(AbstractTracker):
    """Writes to MLflow's tracking server or database at `uri`; MLflow's global settings are left alone."""

    def __init__(self, uri: str) -> None:
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # studies are private
        from mlflow import MlflowClient

        logging.getLogger("mlflow").setLevel(logging.WARNING)
        self._client = MlflowClient(tracking_uri=uri)
        self._ids: dict[int, str] = {}
        self._experiment, self._created = "", ""

    def open(self, study: StudyRow) -> dict[int, Tracked]:
        """Create the experiment if needed, and return what it has of this study's runs."""
        self._created = study.created_at.isoformat()
        experiment = self._client.get_experiment_by_name(study.study_name)
        if experiment is not None:
            self._experiment = experiment.experiment_id
        else:
            self._experiment = self._client.create_experiment(study.study_name)
        tracked = {}
        for run in self._runs():
            tags, number = run.data.tags, int(run.data.tags["run"])
            self._ids[number] = run.info.run_id
            final = frozenset(name for name in run.data.metrics if name.startswith("final/"))
            tracked[number] = Tracked(epoch_number(float(tags.get("epochs", 0))), tags.get("state", "running"), final)
        return tracked

    def write(self, record: RunRecord, tracked: Tracked | None) -> Tracked:
        """Write the missing parts. Metrics have the record's times, so that sending one twice stores it once.

        Epochs from before a run was started again are kept, and not written again.
        """
        before = tracked or Tracked()
        now = replace(Tracked.of(record), epochs=max(record.last_epoch, before.epochs))
        if record.row.id not in self._ids:
            self._begin(record)
        self._log(record, before, now)
        run, row = self._ids[record.row.id], record.row
        if record.ended:
            self._client.set_terminated(run, STATUS.get(row.status, STOPPED), _ended(row))
        elif before.state != "running":
            self._client.update_run(run, status="RUNNING")
        return now

    def _begin(self, record: RunRecord) -> None:
        """Create the run, with its choices."""
        from mlflow.entities import Param

        row = record.row
        tags = {**_tags(record), CREATED: self._created, "epochs": "0", "state": "running"}
        began = _milliseconds(row.started_at)
        run = self._client.create_run(self._experiment, start_time=began, tags=tags, run_name=record.name)
        self._ids[row.id] = run.info.run_id
        params = [Param(name, str(level)) for name, level in {**row.choices_json, "seed": row.seed}.items()]
        for start in range(0, len(params), PARAMS):
            self._client.log_batch(run.info.run_id, params=params[start : start + PARAMS])

    def _log(self, record: RunRecord, before: Tracked, now: Tracked) -> None:
        """Write the missing epochs and final metrics, then the tags with the state of the run."""
        from mlflow.entities import Metric, RunTag

        row, run = record.row, self._ids[record.row.id]
        metrics = [
            Metric(name, value, _milliseconds(epoch.at), record.step(number))
            for number, epoch in record.epochs.items()
            if number > before.epochs
            for name, value in epoch.metrics.items()
        ]
        written = before.final if (before.state, before.epochs) == (row.status, now.epochs) else frozenset()
        final = {name: value for name, value in record.final.items() if name not in written}
        metrics += [Metric(name, value, _ended(row), record.step(now.epochs)) for name, value in final.items()]
        for start in range(0, len(metrics), METRICS):
            self._client.log_batch(run, metrics=metrics[start : start + METRICS])
        tags = {**_tags(record), "epochs": str(now.epochs)}
        self._client.log_batch(run, tags=[RunTag(name, value) for name, value in tags.items()])

    def close(self) -> None:
        """Do nothing: every request has been answered."""

    def _runs(self) -> Iterator[Any]:
        """Yield the runs of the study, whatever their state."""
        condition, token = f"tags.{CREATED} = '{self._created}'", None
        while True:
            page = self._client.search_runs([self._experiment], condition, max_results=PAGE, page_token=token)
            yield from page
            token = page.token
            if not token:
                return


def _tags(record: RunRecord) -> dict[str, str]:
    return {name: value[:LONGEST_TAG] for name, value in record.tags().items()}


def _ended(row: RunRow) -> int:
    return _milliseconds(row.finished_at or row.started_at)


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)  # since 1970
