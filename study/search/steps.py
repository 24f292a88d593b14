"""Fractions of epochs as the whole steps that Optuna wants, the same in all runs of a study.

    step of an epoch in memory = round(100,000 epoch)

Optuna's tables have a study's epochs as they are, until the first fraction is reported: then all its steps are
rewritten in 100,000ths, and a system attribute of the study says so. Only the driver writes its study, so one
transaction is enough.
"""

from __future__ import annotations

import json

from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial
from sqlalchemy import func, select, update

from results.errors import StorageError
from study.search.optuna_tables import SCORES, mark_of, set_mark, trials_of

PER_EPOCH = 100_000
MOST = 2**31 - 1  # what a step's column holds on PostgreSQL
MARK = "steps_per_epoch"  # the system attribute; without it a step is an epoch


def step_of(epoch: float) -> int:
    """Return the step of an epoch, in 100,000ths."""
    return round(epoch * PER_EPOCH)


def epoch_of(step: int, per_epoch: int = PER_EPOCH) -> float:
    """Return the epoch of a step; a whole one is an int."""
    return step // per_epoch if step % per_epoch == 0 else step / per_epoch


def per_epoch(storage: RDBStorage, study_id: int) -> int:
    """Return how many steps of a study's trials in the database are an epoch: 1, or `PER_EPOCH`."""
    return PER_EPOCH if storage.get_study_system_attrs(study_id).get(MARK) == PER_EPOCH else 1


def refine(storage: RDBStorage, study_id: int) -> bool:
    """Rewrite a study's steps in 100,000ths of an epoch, once; False where one would be too large."""
    ours = SCORES.c.trial_id.in_(trials_of(study_id))
    with storage.engine.begin() as connection:
        if mark_of(connection, study_id, MARK) is not None:
            return True
        if (connection.scalar(select(func.max(SCORES.c.step)).where(ours)) or 0) > MOST // PER_EPOCH:
            return False
        connection.execute(update(SCORES).where(ours).values(step=SCORES.c.step * PER_EPOCH))
        set_mark(connection, study_id, MARK, json.dumps(PER_EPOCH))
    return True


def by_epoch(row: FrozenTrial, steps_per_epoch: int) -> None:
    """Replace the steps of a trial from the database by epochs.

    Raises:
        StorageError: a step is no number.
    """
    if not all(isinstance(step, int) for step in row.intermediate_values):
        raise StorageError(
            f"The epochs of trial {row.number} are bytes in Optuna's tables, as an older release wrote numpy's. "
            "Repair them: python -m study.doctor --name STUDY --storage URL --fix"
        )
    found = {epoch_of(step, steps_per_epoch): value for step, value in row.intermediate_values.items()}
    row.intermediate_values = found  # type: ignore[assignment]
