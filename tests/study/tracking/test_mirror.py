"""`--track`: what is refused, what is shown, and that a tracker which fails fails alone. No library is needed here."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlite import migrated

from results.database.database import Database, open_database
from results.database.rows import MetricValue, NewRun, RunResult, StudyRow
from study.arguments import Options
from study.messages import EpochDone
from study.settings import SettingsError
from study.tracking import choose, mirror
from study.tracking.abstract import AbstractTracker, RunRecord, Tracked
from study.tracking.mirror import Mirror
from study.tracking.observer import Tracking


@pytest.fixture
def url(tmp_path: Path) -> str:
    return migrated(tmp_path)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    with open_database(url) as found:
        texts = dict.fromkeys(("space", "goal", "command", "data_source", "data_fingerprint", "backbone"), "x")
        found.studies.create(StudyRow(study_name="s", data_made_up=False, seed=0, **texts))
        yield found


def start(database: Database, seed: int = 0) -> int:
    new = NewRun(
        study_name="s", phase="search", config_digest="a" * 64, config_json={}, choices_json={"rate": 0.1}, seed=seed
    )
    return database.runs.start(new)


def epoch(database: Database, run: int, number: int) -> None:
    database.runs.record_epoch(run, number, 2.0, [MetricValue("dev", "", "score", number / 10)])


def end(database: Database, run: int, **told: Any) -> None:
    database.runs.finish(run, RunResult(**{"status": "complete", "score": 0.5, "train_seconds": 9.0, **told}))


class Written(AbstractTracker):
    """Remembers what it was given; `fault` is raised when a run of that seed is written."""

    def __init__(self, known: dict[int, Tracked] | None = None, fault: Exception | None = None, at: int = 0) -> None:
        self.known, self.fault, self.at = known or {}, fault, at
        self.records: list[tuple[RunRecord, Tracked | None]] = []
        self.closed = False

    def open(self, study: StudyRow) -> dict[int, Tracked]:
        return dict(self.known)

    def write(self, record: RunRecord, tracked: Tracked | None) -> Tracked:
        if self.fault is not None and record.row.seed == self.at:
            raise self.fault
        self.records.append((record, tracked))
        return Tracked.of(record)

    def close(self) -> None:
        self.closed = True


def mirrored(url: str, tracker: Written, *changed: int) -> Mirror:
    mirror = Mirror(lambda: tracker, url, "s")
    for run in changed:
        mirror.changed(run)
    assert mirror.close(60)
    return mirror


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("wandb:x", "--track takes mlflow:URI or tensorboard:DIR, got 'wandb:x'"),
        ("tensorbord:runs", "Did you mean 'tensorboard'?"),
        ("mlflow", "--track mlflow needs a destination"),
        ("tensorboard:", "--track tensorboard needs a destination"),
        ("mlflow:./mlruns", "MLflow keeps runs on a server or in a database, got './mlruns'"),
        ("mlflw:https://me:pass@host", "got 'mlflw:https://me:***@host'"),
    ],
)
def test_what_cannot_be_tracked_to_is_refused(given: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "find_spec", lambda name: name)
    with pytest.raises(SettingsError) as error:
        choose.check(["tensorboard:runs", given])
    assert told in str(error.value)


@pytest.mark.parametrize("kind", choose.KINDS)
def test_a_library_that_is_not_installed_is_one_message(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "find_spec", lambda name: None)
    with pytest.raises(SettingsError) as error:
        choose.check([f"{kind}:sqlite:///x.db"])
    assert str(error.value) == f"--track {kind} needs a library: pip install 'mtbert-study[{kind}]'"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("mlflow:https://me:secret@host/x", "mlflow:https://me:***@host/x"),
        ("mlflow:https://secret@host/x", "mlflow:https://***@host/x"),
        ("mlflow:https://host/x?token=secret&a=1", "mlflow:https://host/x?token=***&a=1"),
        ("tensorboard:runs/tb", "tensorboard:runs/tb"),
    ],
)
def test_secrets_are_never_shown(given: str, told: str) -> None:
    assert Options(track=(given,)).repeated() == ["--track", told]


def test_a_run_is_copied_as_it_goes_and_nothing_twice(database: Database, url: str) -> None:
    tracker, run = Written(), start(database)
    mirrored(url, tracker, run, run)
    assert [(r.row.status, has) for r, has in tracker.records] == [("running", None)] and tracker.closed
    epoch(database, run, 1)
    again = Written({run: Tracked()})
    mirrored(url, again, run, run, run)
    assert [(r.last_epoch, has) for r, has in again.records] == [(1, Tracked())]
    end(database, run)
    last = Written({run: Tracked(1, "running")})
    mirrored(url, last)
    (record, _), *more = last.records
    assert not more and record.row.status == "complete"
    assert record.epochs[1].metrics == {"dev/score": 0.1} and record.final == {"final/train_seconds": 9.0}
    assert record.tags() == {
        "study": "s", "run": "1", "phase": "search", "seed": "0",
        "digest": "a" * 64, "state": "complete", "epochs": "1",
    }  # fmt: skip
    done = Written({run: Tracked.of(record)})
    mirrored(url, done, run)
    assert done.records == []


def test_what_a_launch_without_the_flag_did_is_caught_up_with(database: Database, url: str) -> None:
    for seed in range(3):
        end(database, start(database, seed), status="failed", reason="nan_loss", detail="https://me:secret@host")
    tracker = Written()
    mirrored(url, tracker)
    assert [record.row.seed for record, _ in tracker.records] == [0, 1, 2]
    assert tracker.records[0][0].tags()["reason"] == "nan_loss"
    assert tracker.records[0][0].tags()["detail"] == "https://me:***@host"


def test_a_test_score_comes_to_a_run_that_was_tracked_to_its_end(database: Database, url: str) -> None:
    run = start(database)
    end(database, run)
    database.runs.record_evaluation(run, "test", [MetricValue("test", "", "score", 0.4)])
    tracker = Written({run: Tracked(0, "complete", frozenset({"final/train_seconds"}))})
    mirrored(url, tracker)
    assert tracker.records[0][0].final["final/test/score"] == 0.4


def test_a_tracker_that_fails_is_told_of_once_and_the_others_go_on(database: Database, url: str) -> None:
    for seed in range(3):
        end(database, start(database, seed))
    bad = Written(fault=ConnectionError("no answer from https://me:secret@host\nmore"), at=1)
    good, said = Written(), list[str]()
    mirrors = {"mlflow:x": Mirror(lambda: bad, url, "s"), "tensorboard:y": Mirror(lambda: good, url, "s")}
    with Tracking(mirrors, said.append) as tracking:
        mirrors["mlflow:x"].close(60)
        for _ in range(3):
            tracking.epoch(EpochDone(1, 1, 1.0, 0.5, {}), 3)
    (told,) = said
    assert "--track mlflow:x is not written to any more (ConnectionError: no answer from https://me:***@host)" in told
    assert [record.row.seed for record, _ in bad.records] == [0] and bad.closed
    assert [record.row.seed for record, _ in good.records] == [0, 1, 2]


def test_a_tracker_that_hangs_holds_no_study_up(database: Database, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    hold, said = threading.Event(), list[str]()

    class Hanging(Written):
        def open(self, study: StudyRow) -> dict[int, Tracked]:
            hold.wait(60)
            return {}

    monkeypatch.setattr(mirror, "CLOSING_SECONDS", 0.05)
    hanging = Mirror(Hanging, url, "s")
    with Tracking({"mlflow:x": hanging}, said.append):
        pass
    assert len(said) == 1 and "it did not take everything in time" in said[0]
    hold.set()
    assert hanging.close(60)
