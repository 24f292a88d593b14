from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, inspect

from results.database import migrations
from results.database.database import open_database, open_existing
from results.database.predictions import pack_predictions
from results.database.rows import EnvironmentRow, IssueRow, MetricValue, PredictionRow, RunResult
from results.errors import LeaseHeld, RecordError, StorageError, UnknownStudy
from results.frames import study_frames

A = {"pooling": "cls", "sts_head": "concat", "schedule": "constant", "learning_rate": 3e-5}


def test_a_study_is_there_after_closing_and_opening(url: str, make: Any) -> None:
    make.study()
    written = make.database.studies.find("demo-study")
    make.database.close()
    with open_database(url) as database:
        assert database.studies.find("demo-study") == written
        assert written is not None and written.created_at.tzinfo == UTC


def test_names_of_studies_are_unique_and_an_unknown_one_is_told_with_the_nearest_and_all(make: Any) -> None:
    make.study()
    with pytest.raises(RecordError, match="There is already a study named 'demo-study'"):
        make.study()
    with pytest.raises(UnknownStudy, match=r"No study named 'demo-stud' .*Did you mean 'demo-study'\? Known: demo"):
        make.database.studies.require("demo-stud")


def test_updating_a_study_changes_what_is_given_only(make: Any) -> None:
    make.study()
    make.database.studies.update("demo-study", status="complete", decisions_json={"best": "x"})
    study = make.database.studies.find("demo-study")
    assert study is not None
    assert (study.status, study.decisions_json, study.space) == ("complete", {"best": "x"}, "small")
    with pytest.raises(UnknownStudy):
        make.database.studies.update("nothing", status="complete")


def test_a_decision_leaves_the_others_as_they_are(make: Any) -> None:
    make.study(decisions_json={"best": "x", "energy": {"joules": 1.0}, "old": 1})
    make.database.studies.decide("demo-study", {"best": "y", "old": None, "path": {"stopped": None}})
    study = make.database.studies.require("demo-study")
    assert study.decisions_json == {"best": "y", "energy": {"joules": 1.0}, "path": {"stopped": None}}
    with pytest.raises(UnknownStudy, match="Did you mean 'demo-study'"):
        make.database.studies.decide("demo-stud", {"best": "y"})


def test_decisions_that_several_processes_take_at_once_are_all_there(make: Any) -> None:
    make.study(decisions_json={})
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda key: make.database.studies.decide("demo-study", {f"of {key}": key}), range(64)))
    assert len(make.database.studies.require("demo-study").decisions_json) == 64


def test_a_password_in_the_command_is_not_kept(make: Any) -> None:
    command = "python -m study.launch --storage postgresql+psycopg://me:secret@host/x --name a"
    make.study(command=command)
    make.database.studies.update("demo-study", command=command)
    assert make.database.studies.find("demo-study").command == command.replace("secret", "***")


def test_a_run_of_an_unknown_study_is_refused(make: Any) -> None:
    with pytest.raises(RecordError, match="refused a row"):
        make.start(A, 0)


def test_a_run_that_came_to_its_end_does_not_start_again_with_its_seed(make: Any) -> None:
    make.study()
    runs = [make.start(A, seed) for seed in range(3)]
    assert len(set(runs)) == 3
    for seed, end in enumerate(("complete", "pruned", "failed")):
        make.database.runs.finish(runs[seed], RunResult(status=end, reason="nan_loss" if end == "failed" else None))
        with pytest.raises(RecordError, match=f"is already {end}; a configuration runs only once per seed"):
            make.start(A, seed)


def test_a_run_is_placed_while_it_runs_and_another_attempt_begins_without_a_place(make: Any) -> None:
    make.study()
    run = make.start(A, 0)
    first = make.database.runs.of_study("demo-study")[0]
    make.database.runs.place(run, "1f00", "node-7")
    placed = make.database.runs.of_study("demo-study")[0]
    assert (first.engine_trial_id, placed.engine_trial_id, placed.host) == (None, "1f00", "node-7")
    make.database.runs.place(run, "1f01", None)
    assert make.database.runs.of_study("demo-study")[0].host == "node-7"
    make.database.runs.interrupt_running("demo-study")
    with pytest.raises(RecordError, match="only a running run"):
        make.database.runs.place(run, "1f02", None)
    assert make.start(A, 0) == run
    assert make.database.runs.of_study("demo-study")[0].engine_trial_id is None


def test_an_attempt_that_died_is_opened_again_under_its_id(make: Any) -> None:
    make.study()
    for seed, reason in enumerate(("worker_died", "interrupted")):
        run = make.start(A, seed, "search", trial=4 + seed)
        make.database.runs.record_epoch(run, 1, 1.0, [MetricValue("dev", "", "score", 0.5)])
        predictions = [PredictionRow("dev", "sst", pack_predictions([[1.0]], [1.0], [1.0]), "x")]
        metrics = [MetricValue("dev", "sst", "accuracy", 0.5)]
        died = RunResult(status="failed", reason=reason, score=0.5, metrics=metrics, predictions=predictions)
        make.database.runs.finish(run, died)
        assert make.start(A, seed, "confirm") == run
        row = make.database.runs.find_by_seed("demo-study", *_key(make, run))
        assert (row.status, row.attempt, row.phase, row.trial_number) == ("running", 2, "search", 4 + seed)
        assert (row.score, row.reason, row.finished_at) == (None, None, None)
    frames = study_frames(make.database, "demo-study")
    assert len(frames.epochs) == len(frames.tasks) == 0


def test_what_a_dead_driver_left_running_is_interrupted_and_can_run_again(make: Any) -> None:
    make.study()
    run = make.start(A, 0)
    make.complete(A, 1)
    assert make.database.runs.interrupt_running("demo-study") == 1
    row = make.database.runs.of_study("demo-study", status="interrupted")[0]
    assert (row.id, row.reason) == (run, "interrupted")
    assert make.start(A, 0) == run


def test_a_driver_that_lost_its_lease_writes_nothing_more(make: Any, url: str) -> None:
    make.study()
    run = make.start(A, 0)
    make.database.leases.take("demo-study", "pid 1 on host a", "a", 1, 0.0, seconds=-60)
    writes = [
        lambda: make.database.runs.interrupt_running("demo-study"),
        lambda: make.database.runs.record_epoch(run, 1, 0.1, []),
        lambda: make.complete(A, 1),
        lambda: make.database.studies.decide("demo-study", {"best": "x"}),
    ]
    with open_database(url) as other:
        other.leases.take("demo-study", "pid 2 on host b", "b", 2, 0.0)
        for write in writes:
            with pytest.raises(LeaseHeld, match="is being run by pid 2 on host b"):
                write()
        assert [(row.id, row.status) for row in other.runs.of_study("demo-study")] == [(run, "running")]
        assert other.metrics.last_epoch(run) == 0 and "best" not in other.studies.require("demo-study").decisions_json
        assert other.runs.interrupt_running("demo-study") == 1
        other.leases.forget("demo-study")
    with pytest.raises(LeaseHeld, match="nobody"):
        make.start(A, 0)
    make.database.leases.release("demo-study", "pid 1 on host a")
    assert make.start(A, 0) == run


def test_looking_at_what_is_not_there_makes_nothing(tmp_path: Path) -> None:
    assert open_existing(f"sqlite+pysqlite:///{tmp_path}/s.db", upgrade=False) is None
    assert list(tmp_path.iterdir()) == []


def test_looking_at_a_database_makes_no_tables_and_leaves_old_ones(empty_url: str) -> None:
    engine = create_engine(empty_url)

    def tables() -> list[str]:
        with engine.connect() as connection:
            return inspect(connection).get_table_names()

    tables()  # makes SQLite's file
    assert open_existing(empty_url, upgrade=False) is None and open_existing(empty_url, upgrade=True) is None
    assert tables() == []
    config = Config()
    config.set_main_option("script_location", str(migrations.__path__[0]))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
    before = tables()
    with pytest.raises(StorageError, match=r"older release \(version 0002\).*study.doctor --name STUDY"):
        open_existing(empty_url, upgrade=False)
    assert tables() == before and "example" not in before
    opened = open_existing(empty_url, upgrade=True)
    assert opened is not None and opened.studies.names() == [] and "example" in tables()
    opened.close()
    opened = open_existing(empty_url, upgrade=False)
    assert opened is not None
    opened.close()
    engine.dispose()


def test_an_epoch_is_written_once(make: Any) -> None:
    make.study()
    run = make.start(A, 0)
    make.database.runs.record_epoch(run, 1, 1.0, [MetricValue("dev", "", "score", 0.5)])
    with pytest.raises(RecordError, match=f"Epoch 1 of run {run} is already stored"):
        make.database.runs.record_epoch(run, 1, 1.0, [MetricValue("dev", "sst", "accuracy", 0.5)])


def test_a_finished_run_takes_no_more_epochs_and_no_second_end(make: Any) -> None:
    make.study()
    run = make.complete(A, 0)
    with pytest.raises(RecordError, match="is complete; only a running run can be written"):
        make.database.runs.record_epoch(run, 9, 1.0, [])
    with pytest.raises(RecordError, match="is complete; only a running run"):
        make.database.runs.finish(run, RunResult(status="failed"))


def test_a_failed_write_leaves_nothing_behind(make: Any) -> None:
    make.study()
    run = make.start(A, 0)
    twice = [MetricValue("dev", "sst", "accuracy", 0.5)] * 2
    with pytest.raises(RecordError):
        make.database.runs.finish(run, RunResult(status="complete", score=0.5, metrics=twice))
    row = make.database.runs.of_study("demo-study")[0]
    assert (row.status, row.score) == ("running", None)


def test_test_is_looked_at_once(make: Any) -> None:
    make.study()
    run, other = make.complete(A, 0), make.complete(A, 1)
    for one in (run, other):
        make.database.runs.record_evaluation(one, "test", [MetricValue("test", "sst", "accuracy", 0.5)])
    assert make.database.metrics.evaluated_runs("demo-study", "test") == {run, other}
    with pytest.raises(RecordError, match="has already been evaluated on test; a run is evaluated once"):
        make.database.runs.record_evaluation(run, "test", [MetricValue("test", "sst", "macro_f1", 0.5)])


def test_an_evaluation_of_another_split_or_of_a_run_that_is_not_complete_is_refused(make: Any) -> None:
    make.study()
    with pytest.raises(RecordError, match="is running; only a complete run can be evaluated"):
        make.database.runs.record_evaluation(make.start(A, 1), "test", [MetricValue("test", "sst", "accuracy", 0.5)])
    run = make.complete(A, 0)
    with pytest.raises(RecordError, match="An evaluation on test has rows of dev"):
        make.database.runs.record_evaluation(run, "test", [MetricValue("dev", "sst", "accuracy", 0.5)])


def test_a_metric_that_is_not_a_number_is_kept_as_that(make: Any) -> None:
    make.study()
    run = make.start(A, 0)
    make.database.runs.record_epoch(run, 1, 1.0, [MetricValue("dev", "sts", "pearson", math.nan)])
    assert math.isnan(study_frames(make.database, "demo-study").epochs["value"].item())


def test_text_that_no_database_can_hold_is_replaced(make: Any) -> None:
    make.study()
    make.database.studies.add_data_issues("demo-study", [IssueRow("a.csv", 3, "encoding", "nul \x00, half \ud800")])
    assert make.database.studies.data_issues("demo-study")[0].message == "nul \ufffd, half \ufffd"


def test_issues_keep_the_order_they_were_found_in(make: Any) -> None:
    make.study()
    found = [IssueRow("b.csv", 9, "columns", "x"), IssueRow("a.csv", 1, "columns", "y")]
    make.database.studies.add_data_issues("demo-study", found)
    assert make.database.studies.data_issues("demo-study") == found


def test_equal_environments_are_one_row(make: Any) -> None:
    one = EnvironmentRow(python="3.11", platform="Linux", cpu="x", packages_json={"a": "1", "b": "2"})
    same = EnvironmentRow(python="3.11", platform="Linux", cpu="x", packages_json={"b": "2", "a": "1"})
    other = EnvironmentRow(python="3.12", platform="Linux", cpu="x", packages_json={})
    ids = [make.database.runs.environment_id(row) for row in (one, same, other)]
    assert ids[0] == ids[1] != ids[2]


def test_new_cells_of_a_phase_stand_in_place_of_the_old(make: Any) -> None:
    make.study()
    first, second = make.cell("ablate", "best", A, 0), make.cell("ablate", "one", A, 1)
    make.database.studies.replace_cells("demo-study", "confirm", [make.cell("confirm", "baseline", A, 0)])
    make.database.studies.replace_cells("demo-study", "ablate", [second, first])
    assert make.database.studies.cells("demo-study", "ablate") == [first, second]
    make.database.studies.replace_cells("demo-study", "ablate", [first])
    assert [cell.name for cell in make.database.studies.cells("demo-study")] == ["best", "baseline"]


def test_runs_are_narrowed_by_phase_status_and_configuration(make: Any) -> None:
    make.study()
    one = make.complete(A, 0)
    two = make.complete({**A, "pooling": "max"}, 1000, "confirm")
    make.failed(A, 3)
    runs = make.database.runs.of_study
    digest = runs("demo-study")[0].config_digest
    assert [run.id for run in runs("demo-study", phase="confirm")] == [two]
    assert [run.id for run in runs("demo-study", status="complete")] == [one, two]
    assert [run.id for run in runs("demo-study", config_digest=digest, status="complete")] == [one]


def test_the_order_of_choices_is_kept(make: Any) -> None:
    make.study()
    choices = {"z": "1", "sts_head": "concat", "pooling": "cls", "a": 2.5}
    make.complete(choices, 0)
    assert list(make.database.runs.of_study("demo-study")[0].choices_json) == ["z", "sts_head", "pooling", "a"]


def _key(make: Any, run: int) -> tuple[str, int]:
    row = next(row for row in make.database.runs.of_study("demo-study") if row.id == run)
    return row.config_digest, row.seed
