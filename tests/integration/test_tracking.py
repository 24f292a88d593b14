"""Whole studies tracked by the real libraries: MLflow in a SQLite file, TensorBoard's event files read back."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from place import Place

from results.database.database import open_database
from results.database.rows import MetricValue, NewRun, RunResult, StudyRow
from study.messages import EpochDone
from study.tracking.choose import tracking
from study.trainers.rehearsal.trainer import OPTIONS

# MLflow 3.17's own tables under SQLAlchemy 2.1, and what its imports and TensorBoard's warn of.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

STUDY = ("--space", "pooling", "--rehearse", "--name", "s", "--seeds", "2", "--workers", "2", "--epochs", "2")
LAUNCH = (*STUDY, "--trials", "4", "--ablations", "2", "--phases", "search,confirm,ablate,test")


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine makes MLflow's tables slowly."""
    from study.tracking import mirror

    monkeypatch.setattr(mirror, "CLOSING_SECONDS", 300.0)


@pytest.fixture(scope="session")
def empty_mlflow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MLflow's tables, which take long to make."""
    from mlflow import MlflowClient

    made = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    MlflowClient(tracking_uri=f"sqlite:///{made}").search_experiments()
    return made


@pytest.fixture
def uri(place: Place, empty_mlflow: Path) -> str:
    shutil.copy(empty_mlflow, place.folder / "mlflow.db")
    return f"sqlite:///{place.folder}/mlflow.db"


def mlflow_runs(uri: str, study: str = "s") -> list[Any]:
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name(study)
    assert experiment is not None
    return list(client.search_runs([experiment.experiment_id], max_results=1000))


def history(uri: str, run: Any, metric: str) -> list[tuple[int, float]]:
    from mlflow import MlflowClient

    found = MlflowClient(tracking_uri=uri).get_metric_history(run.info.run_id, metric)
    return sorted((each.step, each.value) for each in found)


def epochs_of(place: Place, run: int) -> list[tuple[int, float]]:
    which = "run_id = ? and split = 'search' and task = '' and metric = 'score'"
    rows = place.rows(f"select epoch, value from epoch_metric where {which} order by epoch", (run,))
    return [(int(epoch), float(value)) for epoch, value in rows]


def test_mlflow_has_every_run_once_whatever_is_launched_again(place: Place, uri: str) -> None:
    first = place.call(*LAUNCH)  # without the flag: caught up with later
    assert first.returncode == 0, first.stderr
    for _ in range(2):
        done = place.call(*LAUNCH, "--trials", "6", "--track", f"mlflow:{uri}")
        assert done.returncode == 0, done.stderr
        assert "Warning" not in done.stdout
    runs = mlflow_runs(uri)
    rows = place.rows("select id, phase, seed, config_digest, status, train_seconds from run")
    assert sorted(int(run.data.tags["run"]) for run in runs) == sorted(row[0] for row in rows)
    by_number = {int(run.data.tags["run"]): run for run in runs}
    for number, phase, seed, digest, status, seconds in rows:
        run, tags = by_number[number], by_number[number].data.tags
        assert (tags["phase"], tags["seed"], tags["digest"], tags["state"]) == (phase, str(seed), digest, status)
        assert run.info.status == "FINISHED" and run.data.params["seed"] == str(seed)
        assert history(uri, run, "search/score") == epochs_of(place, number)
        assert run.data.metrics["final/train_seconds"] == pytest.approx(seconds)
        assert len(history(uri, run, "final/train_seconds")) == 1
    tested = {row[0] for row in place.rows("select distinct run_id from task_metric where split = 'test'")}
    assert tested == {number for number, run in by_number.items() if "final/test/score" in run.data.metrics}
    choices = place.rows("select id, json_extract(choices_json, '$.pooling') from run")
    assert all(by_number[number].data.params["pooling"] == pooling for number, pooling in choices)


def test_a_study_made_anew_is_not_taken_for_the_old_one(place: Place, uri: str) -> None:
    arguments = (*STUDY, "--phases", "confirm", "--seeds", "1", "--track", f"mlflow:{uri}")
    for number in (1, 2):
        done = place.call(*arguments, "--storage", f"sqlite:///other{number}.db", "--out", f"runs{number}")
        assert done.returncode == 0, done.stderr
    assert len({run.data.tags["study_created"] for run in mlflow_runs(uri)}) == 2


def test_failed_runs_have_their_reason(place: Place, uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(OPTIONS, "nan_loss=0.5")
    faults = ("--phases", "search", "--trials", "6")
    done = place.call(*STUDY, *faults, "--track", f"mlflow:{uri}")
    assert done.returncode == 3, done.stderr
    found = {(run.info.status, run.data.tags.get("reason")) for run in mlflow_runs(uri)}
    assert ("FAILED", "nan_loss") in found


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder))
    events.Reload()
    return {tag: [(e.step, e.value) for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def test_tensorboard_has_every_run_once_whatever_is_launched_again(place: Place) -> None:
    flag = ("--track", "tensorboard:tb")
    done = place.call(*LAUNCH, *flag)
    assert done.returncode == 0, done.stderr
    for _ in range(2):
        done = place.call(*LAUNCH, "--trials", "6", *flag)
        assert done.returncode == 0 and "Warning" not in done.stdout, done.stdout + done.stderr
    (study,) = (place.folder / "tb" / "s").iterdir()
    rows = place.rows("select id, train_seconds from run")
    assert {path.name for path in study.iterdir()} == {f"run-{number}" for number, _ in rows}
    for number, seconds in rows:
        found = scalars(study / f"run-{number}")
        assert [step for step, _ in found["search/score"]] == [step for step, _ in epochs_of(place, number)]
        assert [v for _, v in found["search/score"]] == pytest.approx([v for _, v in epochs_of(place, number)])
        assert [value for _, value in found["final/train_seconds"]] == pytest.approx([seconds], rel=1e-5)
    tested = {row[0] for row in place.rows("select distinct run_id from task_metric where split = 'test'")}
    assert tested and all("final/test/score" in scalars(study / f"run-{number}") for number in tested)


@pytest.mark.parametrize("kind", ["mlflow", "tensorboard"])
def test_a_run_that_was_started_again_has_each_epoch_once(place: Place, uri: str, kind: str) -> None:
    storage, given = f"sqlite:///{place.folder}/studies.db", uri if kind == "mlflow" else str(place.folder / "tb")

    def launch(*epochs: int, **end: Any) -> None:
        """What a launch writes of one run: it is started, has these epochs, and ends or is cut off."""
        with open_database(storage) as database:
            if database.studies.find("s") is None:
                texts = dict.fromkeys(("space", "goal", "command", "data_source", "data_fingerprint", "backbone"), "x")
                database.studies.create(StudyRow(study_name="s", data_made_up=False, seed=0, **texts))
            database.runs.interrupt_running("s")
            with tracking([f"{kind}:{given}"], storage, "s", said.append) as observer:
                new = {"config_digest": "a" * 64, "config_json": {}, "choices_json": {"rate": 0.1}, "seed": 0}
                run = database.runs.start(NewRun(study_name="s", phase="search", **new))
                for epoch in epochs:
                    database.runs.record_epoch(run, epoch, 2.0, [MetricValue("dev", "", "score", epoch / 10)])
                    observer.epoch(EpochDone(run, epoch, 2.0, epoch / 10, {}), 3)
                if end:
                    database.runs.finish(run, RunResult(**end))

    said: list[str] = []
    launch(1, 2)
    launch(1)
    launch(1, 2, 3, status="complete", score=0.3, train_seconds=9.0)
    assert said == []
    if kind == "mlflow":
        (run,) = mlflow_runs(uri)
        assert history(uri, run, "dev/score") == [(1, 0.1), (2, 0.2), (3, 0.3)]
        assert run.data.tags["state"] == "complete" and run.info.status == "FINISHED"
    else:
        (folder,) = (place.folder / "tb" / "s").glob("*/run-1")
        assert [step for step, _ in scalars(folder)["dev/score"]] == [1, 2, 3]


def test_a_place_that_cannot_be_written_warns_once_and_fails_nothing(place: Place) -> None:
    (place.folder / "file").write_text("")
    done = place.call(*STUDY, "--trials", "3", "--phases", "search,confirm", "--track", "tensorboard:file")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Warning: --track tensorboard:file is not written to any more") == 1
    assert place.rows("select distinct status from run where phase = 'confirm'") == [("complete",)]


def test_a_password_is_neither_logged_nor_stored(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    place_with_password = "mlflow:http://me:hunter2@127.0.0.1:9/x?token=hunter2"  # nobody listens there
    done = place.call(*STUDY, "--trials", "2", "--phases", "search", "--track", place_with_password)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Warning: --track mlflow:http://me:***@127.0.0.1:9/x?token=*** is not written") == 1
    log = (place.folder / "runs" / "s" / "launch.log").read_text(encoding="utf-8")
    assert "hunter2" not in log + done.stdout + done.stderr and "--track" in log
    assert "hunter2" not in place.rows("select command from study_meta")[0][0]
