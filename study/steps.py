"""Fractions of epochs as the whole steps that Optuna wants, the same in all runs of a study.

    step of an epoch in memory = round(100,000 epoch)

Optuna's tables have a study's epochs as they are, until the first fraction is reported: then all its steps are written
anew in 100,000ths, and a system attribute of the study says so. The driver alone writes its study, so one transaction
does.
"""

from __future__ import annotations

import json

from optuna.storages import RDBStorage
from optuna.storages._rdb.models import StudySystemAttributeModel, TrialIntermediateValueModel, TrialModel
from optuna.trial import FrozenTrial
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from results.errors import StorageError

PER_EPOCH = 100_000
MOST = 2**31 - 1  # what a step's column holds on PostgreSQL
MARK = "steps_per_epoch"  # the system attribute; without it a step is an epoch


def step_of(epoch: float) -> int:
    """The step of an epoch, in 100,000ths."""
    return round(epoch * PER_EPOCH)


def epoch_of(step: int, per_epoch: int = PER_EPOCH) -> float:
    """The epoch of a step; a whole one is an int."""
    return step // per_epoch if step % per_epoch == 0 else step / per_epoch


def per_epoch(storage: RDBStorage, study_id: int) -> int:
    """How many steps of a study's trials in the database are an epoch: 1, or `PER_EPOCH`."""
    return PER_EPOCH if storage.get_study_system_attrs(study_id).get(MARK) == PER_EPOCH else 1


def refine(storage: RDBStorage, study_id: int) -> bool:
    """Write a study's steps in 100,000ths of an epoch; False where one would be too large. A second call is nothing."""
    table = TrialIntermediateValueModel
    ours = table.trial_id.in_(select(TrialModel.trial_id).where(TrialModel.study_id == study_id))
    with Session(storage.engine) as session, session.begin():
        if session.scalar(select(StudySystemAttributeModel).filter_by(study_id=study_id, key=MARK)) is not None:
            return True
        if (session.scalar(select(func.max(table.step)).where(ours)) or 0) > MOST // PER_EPOCH:
            return False
        session.execute(
            update(table).where(ours).values(step=table.step * PER_EPOCH),
            execution_options={"synchronize_session": False},
        )
        session.add(StudySystemAttributeModel(study_id=study_id, key=MARK, value_json=json.dumps(PER_EPOCH)))
    return True


def by_epoch(row: FrozenTrial, steps_per_epoch: int) -> None:
    """Give a trial of the database its scores by epoch in place of steps. StorageError where a step is no number."""
    if not all(isinstance(step, int) for step in row.intermediate_values):
        raise StorageError(
            f"The epochs of trial {row.number} are bytes in Optuna's tables, as an older release wrote numpy's. "
            "Repair them: python -m study.doctor --name STUDY --storage URL --fix"
        )
    found = {epoch_of(step, steps_per_epoch): value for step, value in row.intermediate_values.items()}
    row.intermediate_values = found  # type: ignore[assignment]
