"""Failed runs that are to be run again: marked as interrupted ones are, in Optuna's tables as well.

Optuna first: a kill between the two leaves a trial that runs and a run that has failed, of which Optuna is told again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection

from optuna.trial import TrialState
from sqlalchemy import Connection, delete, select, update

from results.database.database import Database
from results.database.rows import RunRow
from study.search.optuna_storage import close, existing_storage
from study.search.optuna_tables import SCORES, STUDIES, TRIALS, USER, trials_of

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
    """Make failed trials running ones again, as they were when they were proposed."""
    opened = existing_storage(storage)
    if opened is None or not numbers:
        return
    try:
        with opened.engine.begin() as connection:
            _reopen(connection, study, numbers)
    finally:
        close(opened)


def _reopen(connection: Connection, study: str, numbers: Collection[int]) -> None:
    mine = select(STUDIES.c.study_id).where(STUDIES.c.study_name == study).scalar_subquery()
    failed = trials_of(mine).where(TRIALS.c.number.in_(list(numbers)), TRIALS.c.state == TrialState.FAIL)
    ids = list(connection.scalars(failed))
    connection.execute(delete(SCORES).where(SCORES.c.trial_id.in_(ids)))
    connection.execute(delete(USER).where(USER.c.trial_id.in_(ids), USER.c.key == "reason"))
    again = {"state": TrialState.RUNNING, "datetime_complete": None}
    connection.execute(update(TRIALS).where(TRIALS.c.trial_id.in_(ids)).values(again))
