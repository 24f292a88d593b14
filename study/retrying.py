"""Failed runs that are to be run again: marked as interrupted ones are, in Optuna's tables as well.

Optuna first: a kill between the two leaves a trial that runs and a run that has failed, of which Optuna is told again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection

from optuna.storages._rdb.models import StudyModel, TrialIntermediateValueModel, TrialModel, TrialUserAttributeModel
from optuna.trial import TrialState
from sqlalchemy import Connection, delete, select, update

from results.records import Database
from results.rows import RunRow
from study.web.optuna_storage import optuna_storage

log = logging.getLogger("study")


def retry_failed(
    database: Database, storage: str, study: str, wanted: Callable[[RunRow], bool] = lambda run: True
) -> int:
    """Have the failed runs of a study that are `wanted` run again by this launch; how many there are."""
    failed = [run for run in database.runs.of_study(study, status="failed") if wanted(run)]
    if not failed:
        return 0
    _reopen_trials(storage, study, {run.trial_number for run in failed if run.trial_number is not None})
    database.runs.reopen([run.id for run in failed])
    log.info("%d failed runs are run again: %s", len(failed), ", ".join(str(run.id) for run in failed))
    return len(failed)


def _reopen_trials(storage: str, study: str, numbers: Collection[int]) -> None:
    """Trials that have failed are running ones again, as they were when they were proposed."""
    opened = optuna_storage(storage)
    if opened is None or not numbers:
        return
    try:
        with opened.engine.begin() as connection:
            _reopen(connection, study, numbers)
    finally:
        opened.remove_session()
        opened.engine.dispose()


def _reopen(connection: Connection, study: str, numbers: Collection[int]) -> None:
    trials, scores, attributes = TrialModel, TrialIntermediateValueModel, TrialUserAttributeModel
    mine = select(StudyModel.study_id).where(StudyModel.study_name == study).scalar_subquery()
    wanted = (trials.study_id == mine, trials.number.in_(list(numbers)), trials.state == TrialState.FAIL)
    ids = list(connection.scalars(select(trials.trial_id).where(*wanted)))
    connection.execute(delete(scores).where(scores.trial_id.in_(ids)))
    connection.execute(delete(attributes).where(attributes.trial_id.in_(ids), attributes.key == "reason"))
    again = {"state": TrialState.RUNNING, "datetime_complete": None}
    connection.execute(update(trials).where(trials.trial_id.in_(ids)).values(again))
