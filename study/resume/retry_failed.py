"""Retry of failed runs: they are marked like interrupted ones, in Optuna's tables as well.

Optuna's tables come first: a kill between the two leaves a running trial of a failed run, which the next launch mends.
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
    database: Database, storage: str, study: str, selected: Callable[[RunRow], bool] = lambda run: True
) -> int:
    """Mark the selected failed runs of a study to be run again by this launch, and return their number."""
    failed = [run for run in database.runs.of_study(study, status="failed") if selected(run)]
    if not failed:
        return 0
    numbers = {run.trial_number for run in failed if run.trial_number is not None}
    opened = existing_storage(storage) if numbers else None
    if opened is not None:
        try:
            with opened.engine.begin() as connection:
                _reopen_trials(connection, study, numbers)
        finally:
            close(opened)
    database.runs.reopen([run.id for run in failed])
    log.info("%d failed runs are run again: %s", len(failed), ", ".join(str(run.id) for run in failed))
    return len(failed)


def _reopen_trials(connection: Connection, study: str, numbers: Collection[int]) -> None:
    """Set failed trials back to running, as they were when they were proposed."""
    study_id = select(STUDIES.c.study_id).where(STUDIES.c.study_name == study).scalar_subquery()
    failed = trials_of(study_id).where(TRIALS.c.number.in_(list(numbers)), TRIALS.c.state == TrialState.FAIL)
    ids = list(connection.scalars(failed))
    connection.execute(delete(SCORES).where(SCORES.c.trial_id.in_(ids)))
    connection.execute(delete(USER).where(USER.c.trial_id.in_(ids), USER.c.key == "reason"))
    running = {"state": TrialState.RUNNING, "datetime_complete": None}
    connection.execute(update(TRIALS).where(TRIALS.c.trial_id.in_(ids)).values(running))
