"""Optuna's tables, for writing several rows at a time, which its storage has no methods for.

Only the driver of a study writes them; tests read the rows back through Optuna.
"""

from __future__ import annotations

from optuna.trial import TrialState
from sqlalchemy import Connection, Enum, ScalarSelect, Select, column, delete, insert, select, table

STUDIES = table("studies", column("study_id"), column("study_name"))
STUDY_SYSTEM = table("study_system_attributes", *map(column, ("study_id", "key", "value_json")))
TRIALS = table(
    "trials",
    *map(column, ("trial_id", "study_id", "number", "datetime_complete")),
    column("state", Enum(TrialState)),
)
PARAMS = table("trial_params", *map(column, ("param_id", "trial_id", "param_name", "param_value", "distribution_json")))
SCORES = table("trial_intermediate_values", column("trial_id"), column("step"))
USER = table("trial_user_attributes", *map(column, ("trial_id", "key", "value_json")))
SYSTEM = table("trial_system_attributes", *map(column, ("trial_id", "key", "value_json")))


def trials_of(study_id: int | ScalarSelect[int]) -> Select[tuple[int]]:
    """Return the query for the ids of a study's trials."""
    return select(TRIALS.c.trial_id).where(TRIALS.c.study_id == study_id)


def mark_of(connection: Connection, study_id: int, key: str) -> str | None:
    """Return the JSON text of a study's system attribute, or None."""
    columns = STUDY_SYSTEM.c
    return connection.scalar(select(columns.value_json).where(columns.study_id == study_id, columns.key == key))


def set_mark(connection: Connection, study_id: int, key: str, text: str) -> None:
    """Write a study's system attribute as JSON text, in the transaction of the connection."""
    connection.execute(delete(STUDY_SYSTEM).where(STUDY_SYSTEM.c.study_id == study_id, STUDY_SYSTEM.c.key == key))
    connection.execute(insert(STUDY_SYSTEM).values(study_id=study_id, key=key, value_json=text))
