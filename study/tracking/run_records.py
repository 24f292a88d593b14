"""The record of a run that trackers copy, read from the database."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from sqlalchemy import select

from results.database import schema, url
from results.database.database import Database
from results.database.rows import RunRow
from results.measurements.task_units import units_of
from study.tracking.abstract import EpochRecord, RunRecord

COSTS = (
    "leaderboard_score", "best_epoch", "train_seconds", "eval_seconds", "shared_seconds", "trainable_parameters",
    "total_parameters", "peak_memory_bytes", "inference_ms",
)  # fmt: skip
_NOT_IN_NAMES = re.compile(r"[^\w\-./ ]", re.ASCII)  # MLflow refuses these characters in names of metrics


def read(database: Database, run_id: int) -> RunRecord | None:
    """Return the record of a run, or None if there is no such run."""
    row = database.runs.find(run_id)
    if row is None:
        return None
    final = {f"final/{metric_name(*key)}": value for key, value in database.metrics.of_run(run_id).items()}
    costs = {name: getattr(row, name) for name in COSTS}
    if costs["leaderboard_score"] is not None:  # in its own unit, in which lower may be better
        unit = units_of(database.studies.require(row.study_name)).score
        costs["leaderboard_score"] = unit.natural(costs["leaderboard_score"])
    final |= {f"final/{name}": float(value) for name, value in costs.items() if value is not None}
    return RunRecord(
        row=row,
        name=f"{row.phase} {row.id} seed {row.seed}",
        epochs=_epochs(database, row),
        final=final if row.status in ("complete", "pruned") else {},
        detail=url.mask(row.detail or ""),
    )


def metric_name(split: str, task: str, metric: str) -> str:
    """Return a name like "dev/sst/accuracy" or "dev/score"; characters that MLflow refuses become "_"."""
    return _NOT_IN_NAMES.sub("_", "/".join(part for part in (split, task, metric) if part))


def _epochs(database: Database, row: RunRow) -> dict[float, EpochRecord]:
    """Return the epochs of a run with reproducible times: each ends its own seconds after the previous one."""
    table = schema.EpochMetric
    rows = database.select(
        select(table.epoch, table.split, table.task, table.metric, table.value, table.seconds)
        .where(table.run_id == row.id, table.value.is_not(None))
        .order_by(table.epoch)
    )
    metrics: dict[float, dict[str, float]] = {}
    ends: dict[float, datetime] = {}
    moment = row.started_at
    for value in rows:
        if value["epoch"] not in ends:
            moment = ends[value["epoch"]] = moment + timedelta(seconds=value["seconds"] or 0.0)
        name = metric_name(value["split"], value["task"], value["metric"])
        metrics.setdefault(value["epoch"], {})[name] = value["value"]
    return {epoch: EpochRecord(ends[epoch], values) for epoch, values in metrics.items()}
