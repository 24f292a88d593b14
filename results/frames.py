"""A study as tidy pandas frames: one row an observation, one column a variable."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from sqlalchemy import Select, inspect, select

from results import schema
from results.records import Database, open_database
from results.rows import RunRow, StudyRow

# Columns whose type pandas cannot tell from the values when they are missing, or when there are no rows.
_NUMBERS = (
    "value",
    "seconds",
    "train_seconds",
    "eval_seconds",
    "shared_seconds",
    "score",
    "leaderboard_score",
    "last_score",
    "inference_ms",
)
_WHOLE = ("trial_number", "trainable_parameters", "total_parameters", "peak_memory_bytes")
_WHOLE_OR_NONE = (*_WHOLE, "environment_id", "threads")


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
    return StudyFrames(
        study=study,
        runs=runs,
        choices=_choices(database.runs(name, configs=False)),
        epochs=_of_runs(database, name, schema.EpochMetric),
        tasks=_of_runs(database, name, schema.TaskMetric),
        stages=_of_runs(database, name, schema.Stage),
        cells=_frame(
            database,
            cell,
            select(cell).where(cell.study_name == name).order_by(cell.phase, cell.position, cell.name),
        ),
        environments=environment_frame(database, name),
        data_issues=_frame(database, issue, select(issue).where(issue.study_name == name).order_by(issue.id)).drop(
            columns="id"
        ),
    )


def environment_frame(database: Database, name: str) -> pd.DataFrame:
    """What the runs of a study ran on, a row an environment."""
    run, environment = schema.Run, schema.Environment
    used = select(run.environment_id).where(run.study_name == name)
    wanted = select(environment).where(environment.id.in_(used)).order_by(environment.id)
    return _frame(database, environment, wanted)


def _of_runs(database: Database, name: str, table: type[schema.Base]) -> pd.DataFrame:
    key = inspect(table).primary_key
    statement = select(table).join(schema.Run).where(schema.Run.study_name == name).order_by(*key)
    return _frame(database, table, statement)


def _frame(database: Database, table: type[schema.Base], statement: Select[Any]) -> pd.DataFrame:
    columns = [column.key for column in inspect(table).column_attrs]
    found = database.columns(statement.with_only_columns(*(getattr(table, column) for column in columns)))
    return _typed({name: _texts(found[name]) if name.endswith("_json") else found[name] for name in columns})


def _texts(objects: Sequence[object]) -> list[str | None]:
    return [None if one is None else json.dumps(one) for one in objects]


def _typed(columns: Mapping[str, Sequence[object]]) -> pd.DataFrame:
    types = {name: "float64" for name in _NUMBERS} | {name: "Int64" for name in _WHOLE_OR_NONE}
    # Epochs are whole numbers, unless a trainer of this study reported fractions of them.
    fractions = any(isinstance(epoch, float) for epoch in columns.get("best_epoch", ()))
    types["best_epoch"] = "Float64" if fractions else "Int64"
    frame = pd.DataFrame(dict(columns), columns=list(columns))
    return frame.astype({name: kind for name, kind in types.items() if name in columns})


def _choices(runs: Sequence[RunRow]) -> pd.DataFrame:
    columns = {
        "run_id": [run.id for run in runs for _ in run.choices_json],
        "factor": [factor for run in runs for factor in run.choices_json],
        "level": [str(level) for run in runs for level in run.choices_json.values()],
    }
    return pd.DataFrame(columns, columns=list(columns))
