"""A study as tidy pandas frames: one row an observation, one column a variable."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from sqlalchemy import Select, inspect, select

from results import schema
from results.records import Database, open_database
from results.rows import StudyRow

# Columns whose type pandas cannot tell from the values when they are missing, or when there are no rows.
_NUMBERS = (
    "value",
    "seconds",
    "train_seconds",
    "eval_seconds",
    "shared_seconds",
    "score",
    "leaderboard_score",
)
_WHOLE = ("trial_number", "trainable_parameters", "total_parameters", "peak_memory_bytes")
_WHOLE_OR_NONE = (*_WHOLE, "environment_id", "best_epoch", "threads")


@dataclass(frozen=True, eq=False)
class StudyFrames:
    """One study. `epochs` and `tasks` are long: one row a run, (epoch,) split, task and metric.

    `choices` is long too: one row a run and factor. Scores and metrics are as measured (0..1), times in
    seconds; JSON columns are text. A value that is "not a number" is NaN.
    """

    study: StudyRow
    runs: pd.DataFrame
    choices: pd.DataFrame
    epochs: pd.DataFrame
    tasks: pd.DataFrame
    stages: pd.DataFrame
    cells: pd.DataFrame
    environments: pd.DataFrame
    data_issues: pd.DataFrame


def load_study(storage: str, name: str) -> StudyFrames:
    """The frames of study `name` in the database at URL `storage`; see `StudyFrames`.

    StorageError when there is no such database (none is made), UnknownStudy when it has no such study.
    """
    with open_database(storage, create=False) as database:
        return study_frames(database, name)


def study_frames(database: Database, name: str) -> StudyFrames:
    """The frames of a study in an open database. UnknownStudy when there is none of that name."""
    study = database.require_study(name)
    run, cell, issue = schema.Run, schema.Cell, schema.DataIssue
    runs = _frame(database, run, select(run).where(run.study_name == name).order_by(run.id))
    used = select(run.environment_id).where(run.study_name == name)
    environment = schema.Environment
    return StudyFrames(
        study=study,
        runs=runs,
        choices=_choices(database, name),
        epochs=_of_runs(database, name, schema.EpochMetric),
        tasks=_of_runs(database, name, schema.TaskMetric),
        stages=_of_runs(database, name, schema.Stage),
        cells=_frame(
            database,
            cell,
            select(cell).where(cell.study_name == name).order_by(cell.phase, cell.position, cell.name),
        ),
        environments=_frame(
            database,
            environment,
            select(environment).where(environment.id.in_(used)).order_by(environment.id),
        ),
        data_issues=_frame(database, issue, select(issue).where(issue.study_name == name).order_by(issue.id)).drop(
            columns="id"
        ),
    )


def _of_runs(database: Database, name: str, table: type[schema.Base]) -> pd.DataFrame:
    key = inspect(table).primary_key
    statement = select(table).join(schema.Run).where(schema.Run.study_name == name).order_by(*key)
    return _frame(database, table, statement)


def _frame(database: Database, table: type[schema.Base], statement: Select[Any]) -> pd.DataFrame:
    columns = [column.key for column in inspect(table).column_attrs]
    wanted = statement.with_only_columns(*(getattr(table, column) for column in columns))
    return _typed(database.select(wanted), columns)


def _typed(records: Sequence[dict[str, object]], columns: Sequence[str]) -> pd.DataFrame:
    rows = [
        {name: json.dumps(row[name]) if name.endswith("_json") else row[name] for name in columns} for row in records
    ]
    types = {name: "float64" for name in _NUMBERS} | {name: "Int64" for name in _WHOLE_OR_NONE}
    frame = pd.DataFrame(rows, columns=list(columns))
    return frame.astype({name: kind for name, kind in types.items() if name in columns})


def _choices(database: Database, name: str) -> pd.DataFrame:
    rows = [
        {"run_id": run.id, "factor": factor, "level": str(level)}
        for run in database.runs(name)
        for factor, level in run.choices_json.items()
    ]
    return pd.DataFrame(rows, columns=["run_id", "factor", "level"])
