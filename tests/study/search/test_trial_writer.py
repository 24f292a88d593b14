"""Trials written in a few statements are to Optuna what it writes itself."""

from __future__ import annotations

from pathlib import Path

import optuna
import pytest
from optuna.storages import RDBStorage
from optuna.trial import TrialState, create_trial
from sqlite import migrated

from study.search import trial_writer


@pytest.fixture
def storage(tmp_path: Path) -> RDBStorage:
    return RDBStorage(migrated(tmp_path, "s.db", optunas=True))


def asked() -> optuna.trial.FrozenTrial:
    study = optuna.create_study()
    study.enqueue_trial({"x": 0.25})
    trial = study.ask()
    trial.suggest_float("x", 0.1, 1.0, log=True)
    trial.suggest_int("n", 1, 9)
    trial.suggest_categorical("kind", ["a", "b", "c"])
    trial.set_user_attr("seed", 3)
    trial.set_user_attr("told", "ä'\"")
    return study.trials[0]


def test_what_is_written_reads_as_what_optuna_writes(storage: RDBStorage) -> None:
    study_id, now = storage.create_new_study([optuna.study.StudyDirection.MAXIMIZE]), asked()
    theirs = storage.get_trial(storage.create_new_trial(study_id, template_trial=now))
    bare = create_trial(state=TrialState.RUNNING)
    ours_id = storage.create_new_trial(study_id, template_trial=bare)
    ours = storage.get_trial(ours_id)
    assert trial_writer.missing(ours, now)
    trial_writer.add(storage.engine, ours_id, ours, now)
    assert not trial_writer.missing(ours, now)
    read = storage.get_trial(ours_id)
    for part in ("params", "distributions", "user_attrs", "system_attrs", "state"):
        assert getattr(read, part) == getattr(theirs, part) == getattr(now, part), part
    assert (ours.params, ours.user_attrs) == (now.params, now.user_attrs)


def test_it_may_be_written_twice_and_completed(storage: RDBStorage) -> None:
    study_id, now = storage.create_new_study([optuna.study.StudyDirection.MAXIMIZE]), asked()
    trial_id = storage.create_new_trial(study_id)
    for _ in range(2):  # the second time as if the answer to the first had been lost
        trial_writer.add(storage.engine, trial_id, create_trial(state=TrialState.RUNNING), now)
    now.set_user_attr("seed", 4)
    trial_writer.add(storage.engine, trial_id, storage.get_trial(trial_id), now)
    read = storage.get_trial(trial_id)
    assert read.params == now.params and read.user_attrs == {"seed": 4, "told": "ä'\""}
