"""Trainers report fractions of epochs: 0.5, 1.0, 1.5. Each is a step of its own, on both kinds of database."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from optuna.storages import RDBStorage
from optuna.trial import TrialState
from place import Place
from small_trainers import space_file
from two_databases import database_of, kinds

from results.analysis.summary import summarise
from results.database.database import Database, open_database
from results.database.rows import MetricValue, NewRun, RunResult, StudyRow
from results.figures.learning_curves import learning_curves
from results.frames import load_study
from results.measurements.study_results import StudyResults
from search_spaces import Factor, Level, Space
from study.search import asha, steps
from study.search.optuna_search import Search

TWO = Space(
    name="s", goal="g", factors=(Factor("depth", "scientific", "one", (Level("one", {}), Level("two", {"n": 2}))),)
)
STUDY: dict[str, Any] = {
    "study_name": "s", "space": "s", "goal": "g", "command": "c", "data_source": "d", "data_made_up": False,
    "data_fingerprint": "f", "backbone": "b", "seed": 0,
}  # fmt: skip


def a_run(database: Database) -> int:
    database.studies.create(StudyRow(**STUDY))
    return database.runs.start(new_run())


def new_run() -> NewRun:
    return NewRun(study_name="s", phase="search", config_digest="d", config_json={}, choices_json={}, seed=0)


def search_of(url: str, pruner: str = "median", seed: int = 0) -> Search:
    return Search(storage=url, name="s", space=TWO, seed=seed, sampler="random", pruner=pruner, known=())


def steps_in(url: str, name: str = "s") -> list[dict[int, float]]:
    """The steps of each trial, as a bare Optuna reads them."""
    storage = RDBStorage(url)
    trials = storage.get_all_trials(storage.get_study_id_from_name(name))
    storage.remove_session()
    storage.engine.dispose()
    return [trial.intermediate_values for trial in trials]


@pytest.mark.slow
@pytest.mark.parametrize("kind", kinds())
def test_fractions_are_epochs_of_their_own_in_records_and_curves(tmp_path: Path, kind: str) -> None:
    with database_of(kind, tmp_path) as url, open_database(url) as database:
        run = a_run(database)
        for epoch in (0.5, 1.0, 1.5, 0.1 + 0.2 + 1.5, 2):
            database.runs.record_epoch(run, epoch, 1.0, [MetricValue("dev", "", "score", epoch / 4)])
        database.runs.finish(run, RunResult(status="complete", score=0.45, best_epoch=1.5))
        scores = database.metrics.epoch_scores(run)
        assert scores == {0.5: 0.125, 1: 0.25, 1.5: 0.375, 1.8: pytest.approx(0.45), 2: 0.5}
        assert [type(epoch) for epoch in scores] == [float, int, float, float, int]
        assert database.metrics.last_epoch(run) == 2
        assert StudyResults(database, "s").curves()[run, "dev"].keys() == scores.keys()
        frames = load_study(url, "s")
        assert frames.epochs["epoch"].tolist() == [0.5, 1.0, 1.5, 1.8, 2.0]
        assert frames.runs["best_epoch"].tolist() == [1.5]


def test_whole_epochs_stay_whole_numbers_in_frames(tmp_path: Path) -> None:
    with open_database(f"sqlite:///{tmp_path}/s.db") as database:
        run = a_run(database)
        database.runs.record_epoch(run, 1.0, 1.0, [MetricValue("dev", "", "score", 0.5)])
        database.runs.finish(run, RunResult(status="complete", score=0.5, best_epoch=1.0))
    frames = load_study(f"sqlite:///{tmp_path}/s.db", "s")
    assert frames.epochs["epoch"].dtype == "int64" and frames.runs["best_epoch"].dtype == pd.Int64Dtype()


@pytest.mark.slow
@pytest.mark.parametrize("kind", kinds())
def test_the_median_pruner_compares_equal_fractions_also_after_a_resume(tmp_path: Path, kind: str) -> None:
    with database_of(kind, tmp_path) as url:
        with closing(search_of(url)) as searched:
            for i in range(6):
                number = searched.ask().number
                assert not searched.stop_early(number, 1, 0.3)  # whole epochs first: their steps become finer later
                assert not searched.stop_early(number, 1 + (0.1 + 0.2), 0.6 + 0.01 * i)
                searched.tell(number, [0.9], TrialState.COMPLETE)
            low, high = searched.ask().number, searched.ask().number
            assert searched.stop_early(low, 1.3, 0.2)  # 0.1 + 0.2 is another double than 0.3
            assert not searched.stop_early(high, 1.25, 0.2)  # nobody was measured there
        with closing(search_of(url)) as searched:
            assert searched.stop_early(low, 1.3, 0.2)
            assert not searched.stop_early(high, 1.3, 0.7)
            searched.tell(high, [0.9], TrialState.COMPLETE)
        written = steps_in(url)
        assert written[0] == {steps.PER_EPOCH: 0.3, 130_000: 0.6}
        assert written[high] == {125_000: 0.2, 130_000: 0.7}


def test_whole_epochs_are_the_steps_of_optunas_tables(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/s.db"
    with closing(search_of(url)) as searched:
        number = searched.ask().number
        for epoch in (1, 2.0, 30_000):
            searched.stop_early(number, epoch, 0.5)
        searched.stop_early(number, 30_000.5, 0.5)  # too late for finer steps: no column would hold them
    with closing(search_of(url)) as searched:
        assert searched.running() == [number]
    assert steps_in(url)[0].keys() == {1, 2, 30_000}


def test_a_run_reaches_a_rung_with_its_first_report_at_or_beyond_it() -> None:
    halves = [0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5]
    assert [asha.rung_reached(epoch, halves) for epoch in halves] == [None, 1, None, None, None, 3, None]
    odd = [0.7, 1.4, 2.1, 2.8, 3.5]
    assert [asha.rung_reached(epoch, odd) for epoch in odd] == [None, 1, None, None, 3]
    scores = {0: {0.7: 0.9, 1.4: 0.5}, 1: {0.7: 0.1, 1.4: 0.6}, 2: {0.7: 0.99}}
    assert asha.continues(1, 1, scores) and not asha.continues(0, 1, scores)
    assert asha.promoted({0, 1}, scores) == 1


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "pruner"), list(zip(kinds(), ("median", "asha"), strict=False)))
def test_a_trainer_that_reports_halves_of_epochs_is_searched_and_confirmed(
    tmp_path: Path, kind: str, pruner: str
) -> None:
    place = Place(tmp_path)
    with database_of(kind, tmp_path) as url:
        flags = (
            "--space", space_file(tmp_path), "--trainer", "small_trainers:halves", "--seeds", "2", "--confirm", "1",
            "--epochs", "4", "--workers", "1", "--name", "x", "--storage", url, "--pruner", pruner,
        )  # fmt: skip
        done = place.call(*flags, "--trials", "3", "--phases", "search")
        assert done.returncode == 0, done.stderr
        assert place.call(*flags, "--trials", "4", "--phases", "search,confirm").returncode == 0
        with open_database(url) as database:
            assert {run.status for run in database.runs.of_study("x")} <= {"complete", "pruned"}
            results = StudyResults(database, "x")
            run = database.runs.of_study("x", phase="confirm")[0]
            assert list(results.curves()[run.id, "dev"]) == [0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4]
            figure = learning_curves(results, summarise(results))
            assert figure is not None and figure.traces[-1]["x"] == [0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4]
        found = {step for steps_of_trial in steps_in(url, "x") for step in steps_of_trial}
        assert found <= {half * steps.PER_EPOCH // 2 for half in range(1, 8)} and steps.PER_EPOCH // 2 in found
