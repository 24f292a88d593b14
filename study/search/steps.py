"""Fractions of epochs as the integer steps that Optuna requires, the same in all runs of a study.

    step of an epoch in memory = round(100,000 epoch)

In Optuna's tables a step is an epoch until the first fraction is reported. Then all steps of the study are rewritten
in 100,000ths, in one transaction, and a system attribute of the study records that.
"""

from __future__ import annotations

import json

from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial
from sqlalchemy import func, select, update

from results.errors import StorageError
from study.search.optuna_tables import SCORES, mark_of, set_mark, trials_of

PER_EPOCH = 100_000
MOST = 2**31 - 1  # the largest step that PostgreSQL's column holds
MARK = "steps_per_epoch"  # the system attribute; without it a step is an epoch


def step_of(epoch: float) -> int:
    """Return the step of an epoch, in 100,000ths."""
    return round(epoch * PER_EPOCH)


def epoch_of(step: int, per_epoch: int = PER_EPOCH) -> float:
    """Return the epoch of a step; whole epochs are int."""
    return step // per_epoch if step % per_epoch == 0 else step / per_epoch


def per_epoch(storage: RDBStorage, study_id: int) -> int:
    """Return the number of steps per epoch of a study in the database: 1 or `PER_EPOCH`."""
    return PER_EPOCH if storage.get_study_system_attrs(study_id).get(MARK) == PER_EPOCH else 1


def refine(storage: RDBStorage, study_id: int) -> bool:
    """Rewrite a study's steps in 100,000ths of an epoch, once; return False if a step would be too large."""
    of_study = SCORES.c.trial_id.in_(trials_of(study_id))
    with storage.engine.begin() as connection:
        if mark_of(connection, study_id, MARK) is not None:
            return True
        if (connection.scalar(select(func.max(SCORES.c.step)).where(of_study)) or 0) > MOST // PER_EPOCH:
            return False
        connection.execute(update(SCORES).where(of_study).values(step=SCORES.c.step * PER_EPOCH))
        set_mark(connection, study_id, MARK, json.dumps(PER_EPOCH))
    return True


def by_epoch(row: FrozenTrial, steps_per_epoch: int) -> None:
    """Replace the steps of a trial from the database by epochs.

    Raises:
        StorageError: a step is not a number.
    """
    if not all(isinstance(step, int) for step in row.intermediate_values):
        raise StorageError(
            f"The epochs of trial {row.number} are bytes in Optuna's tables, as an older release wrote NumPy integers. "
            "Repair them: python -m study.doctor --name STUDY --storage URL --fix"
        )
    scores = {epoch_of(step, steps_per_epoch): value for step, value in row.intermediate_values.items()}
    row.intermediate_values = scores  # type: ignore[assignment]
