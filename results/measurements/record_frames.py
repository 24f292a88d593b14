"""The records of a study as pandas frames: one row per run, choice, epoch, metric, stage, cell, or data issue."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from sqlalchemy import Select, inspect, select

from results.database import schema
from results.database.column_types import Number, Whole
from results.database.database import Database
from results.database.rows import RunRow
from results.measurements.natural_tables import in_natural_units
from results.measurements.task_units import units_of

RECORDED = ("runs", "choices", "epochs", "tasks", "stages", "cells", "environments", "data_issues")


def record_frames(database: Database, name: str) -> dict[str, pd.DataFrame]:
    """Return the frames named in `RECORDED`.

    Raises:
        UnknownStudy: the database has no study of that name.
    """
    run, cell, issue = schema.Run, schema.Cell, schema.DataIssue
    cells = select(cell).where(cell.study_name == name).order_by(cell.phase, cell.position, cell.name)
    runs = _frame(database, run, select(run).where(run.study_name == name).order_by(run.id))
    issues = select(issue).where(issue.study_name == name).order_by(issue.id)
    return {
        "runs": in_natural_units("runs", runs, units_of(database.studies.require(name))),
        "choices": _choices(database.runs.of_study(name, configs=False)),
        "epochs": _of_runs(database, name, schema.EpochMetric),
        "tasks": _of_runs(database, name, schema.TaskMetric),
        "stages": _of_runs(database, name, schema.Stage),
        "cells": _frame(database, cell, cells),
        "environments": environment_frame(database, name),
        "data_issues": _frame(database, issue, issues).drop(columns="id"),
    }


def environment_frame(database: Database, name: str) -> pd.DataFrame:
    """Return the environments of a study's runs, one row per environment."""
    environment = schema.Environment
    used = select(schema.Run.environment_id).where(schema.Run.study_name == name)
    return _frame(database, environment, select(environment).where(environment.id.in_(used)).order_by(environment.id))


def _of_runs(database: Database, name: str, table: type[schema.Base]) -> pd.DataFrame:
    key = inspect(table).primary_key
    statement = select(table).join(schema.Run).where(schema.Run.study_name == name).order_by(*key)
    return _frame(database, table, statement)


def _frame(database: Database, table: type[schema.Base], statement: Select[Any]) -> pd.DataFrame:
    columns = [column.key for column in inspect(table).column_attrs]
    values = database.columns(statement.with_only_columns(*(getattr(table, column) for column in columns)))
    for name in (column for column in columns if column.endswith("_json")):
        values[name] = [None if one is None else json.dumps(one) for one in values[name]]
    return pd.DataFrame(values, columns=columns).astype(_types(table, values))


def _types(table: type[schema.Base], values: Mapping[str, Sequence[object]]) -> dict[str, str]:
    """Return the types of nullable columns, which pandas cannot infer when values are missing."""
    kinds = {column.key: column.type for column in table.__table__.columns if column.nullable}
    types = {name: "float64" for name, kind in kinds.items() if isinstance(kind, Number)}
    types |= {name: "Int64" for name, kind in kinds.items() if isinstance(kind, Whole)}
    if "best_epoch" in kinds:  # whole numbers, unless a trainer of this study reported fractions of epochs
        types["best_epoch"] = "Float64" if any(isinstance(epoch, float) for epoch in values["best_epoch"]) else "Int64"
    return types


def _choices(runs: Sequence[RunRow]) -> pd.DataFrame:
    columns = {
        "run_id": [run.id for run in runs for _ in run.choices_json],
        "factor": [factor for run in runs for factor in run.choices_json],
        "level": [str(level) for run in runs for level in run.choices_json.values()],
    }
    return pd.DataFrame(columns, columns=list(columns))
