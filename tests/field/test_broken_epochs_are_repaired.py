"""Numbers that a SQLite file holds as bytes, as an older release wrote numpy's: told, and repaired by the doctor."""

from __future__ import annotations

import decimal
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from old_releases import of_release
from place import Place
from small_trainers import space_file
from sqlalchemy import text
from sqlite import migrated
from two_databases import database_of, kinds

from results.database import byte_numbers
from results.database.database import open_database, outdated
from results.database.rows import IssueRow, MetricValue, NewRun, RunResult, StudyRow
from results.errors import RecordError, StorageError

FLAGS = (
    "--trainer",
    "small_trainers:whole_epochs",
    "--seeds",
    "2",
    "--confirm",
    "1",
    "--epochs",
    "2",
    "--workers",
    "1",
)
FLAGS = (*FLAGS, "--phases", "search,confirm", "--name", "x")
COLUMNS = {
    "epoch_metric": ("epoch",),
    "run": ("best_epoch", "trainable_parameters"),
    "trial_intermediate_values": ("step",),
}


def make_bytes(file: Path, kind: type[np.integer[Any]]) -> int:
    """Write whole numbers as numpy's were written; how many."""
    count = 0
    with closing(sqlite3.connect(file)) as connection, connection:
        for table, columns in COLUMNS.items():
            for column in columns:
                rows = connection.execute(f"select rowid, {column} from {table} where {column} is not null").fetchall()
                told = [(kind(value).tobytes(), row) for row, value in rows]
                connection.executemany(f"update {table} set {column} = ? where rowid = ?", told)
                count += len(rows)
    return count


def epochs_of(file: Path) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(file)) as connection:
        columns = "run_id, epoch, typeof(epoch), value"
        return connection.execute(f"select {columns} from epoch_metric order by run_id, epoch").fetchall()


def test_a_study_whose_epochs_are_bytes_is_told_and_repaired_and_goes_on(tmp_path: Path) -> None:
    place, space = Place(tmp_path), space_file(tmp_path)
    assert place.call("--space", space, *FLAGS, "--trials", "2").returncode == 0
    before = epochs_of(place.database)
    changed = make_bytes(place.database, np.int64)
    assert {kind for _, _, kind, _ in epochs_of(place.database)} == {"blob"}

    launch = ("--space", space, *FLAGS, "--trials", "3")
    commands = [
        ("study.launch", launch),
        *((m, ("--name", "x")) for m in ("results.report", "results.export", "study.status")),
    ]
    for module, arguments in commands:
        told = place.call(*arguments, module=module)
        assert told.returncode == 2 and "study.doctor" in told.stderr and "--fix" in told.stderr, (module, told)
        assert "Traceback" not in told.stderr

    found = place.call("--name", "x", module="study.doctor")
    assert found.returncode == 3 and "in epoch_metric.epoch" in found.stdout and "--fix repairs it" in found.stdout
    fixed = place.call("--name", "x", "--fix", module="study.doctor")
    assert fixed.returncode == 0 and f"converted {changed} values to numbers" in fixed.stdout
    assert epochs_of(place.database) == before
    assert "agree with each other" in place.call("--name", "x", module="study.doctor").stdout
    again = place.call(*launch)
    assert again.returncode == 0 and "search: 3 runs, 2 already finished" in again.stdout + again.stderr


@pytest.mark.parametrize("version", ["0003", "0005"])
def test_bytes_of_an_older_release_survive_the_upgrade_and_are_repaired(tmp_path: Path, version: str) -> None:
    file, url = tmp_path / "s.db", f"sqlite:///{tmp_path}/s.db"
    with of_release(url, version) as connection:
        for statement in (OLD_STUDY, OLD_RUN):
            connection.execute(text(statement))
        insert = "insert into epoch_metric values (3, :epoch, 'dev', '', 'score', :value, 1.0)"
        for epoch in (1, 2):
            connection.execute(text(insert), {"epoch": np.int32(epoch).tobytes(), "value": epoch / 4})
        connection.execute(text(insert), {"epoch": np.float32(2.5).tobytes(), "value": 0.6})
    with open_database(url) as database:
        with pytest.raises(
            StorageError, match=r"bytes in place of numbers.*study.doctor --name STUDY --storage sqlite"
        ):
            database.metrics.epoch_scores(3)
        assert database.repair_bytes() == 3
        assert database.metrics.epoch_scores(3) == {1: 0.25, 2: 0.5, 2.5: 0.6}
        assert database.repair_bytes() == 0
    assert [kind for _, _, kind, _ in epochs_of(file)] == ["real"] * 3


OLD_STUDY = """
insert into study_meta (study_name, space, goal, created_at, command, data_source, data_made_up, data_fingerprint,
    data_json, backbone, settings_json, space_json, decisions_json, status, seed)
values ('old', 'small', 'g', '2026-01-01 00:00:00', 'c', 'demo', 1, 'f', '{}', 'tiny', '{}', '{}', '{}', 'done', 0)
"""
OLD_RUN = """
insert into run (id, study_name, phase, config_digest, config_json, choices_json, seed, status, attempt, started_at,
    host, device, engine, score)
values (3, 'old', 'search', 'd', '{}', '{}', 0, 'complete', 1, '2026-01-01 00:00:00', 'h', 'cpu', 'local', 0.5)
"""


def test_bytes_become_the_number_that_they_were() -> None:
    for kind in (np.int8, np.uint8, np.int16, np.int32, np.uint32, np.int64, np.uint64):
        assert byte_numbers.number_of(kind(100).tobytes(), whole=True) == 100
        assert byte_numbers.number_of(kind(100).tobytes(), whole=False) == 100
    for real in (np.float16, np.float32, np.float64):
        assert byte_numbers.number_of(real(-1.5).tobytes(), whole=False) == -1.5
        assert byte_numbers.number_of(real(0.25).tobytes(), whole=False) == 0.25
    assert byte_numbers.number_of(np.int64(-3).tobytes(), whole=False) == -3
    assert byte_numbers.number_of(b"abc", whole=True) is None


def test_a_number_that_is_there_already_and_bytes_that_are_none_are_cleared_away(tmp_path: Path) -> None:
    url = migrated(tmp_path)
    with open_database(url) as database:
        database.studies.create(StudyRow(**STUDY))
        run = database.runs.start(RUN)
        for epoch in (1, 2, 3):
            database.runs.record_epoch(run, epoch, 1.0, [MetricValue("dev", "", "score", 0.25 * epoch)])
        with closing(sqlite3.connect(tmp_path / "studies.db")) as connection, connection:
            connection.execute(
                "insert into epoch_metric values (1, ?, 'dev', '', 'score', 0.9, 1.0)", (np.int64(1).tobytes(),)
            )
            connection.execute("update epoch_metric set epoch = ? where epoch = 3", (b"xyz",))
            connection.execute("update run set best_epoch = ?", (b"xyz",))
        assert database.repair_bytes() == 3
        assert database.metrics.epoch_scores(run) == {1: 0.25, 2: 0.5}
        found = database.runs.find(run)
        assert found is not None and found.best_epoch is None


STUDY: dict[str, Any] = {
    "study_name": "s", "space": "s", "goal": "g", "command": "c", "data_source": "d", "data_made_up": False,
    "data_fingerprint": "f", "backbone": "b", "seed": 0,
}  # fmt: skip
RUN = NewRun(study_name="s", phase="search", config_digest="d", config_json={}, choices_json={}, seed=0)


@pytest.mark.parametrize("kind", kinds())
def test_values_of_other_libraries_are_written_as_numbers_or_refused(tmp_path: Path, kind: str) -> None:
    with database_of(kind, tmp_path) as url, open_database(url) as database:
        study = {**STUDY, "seed": np.int64(7), "data_made_up": np.bool_(True), "settings_json": {"a": np.float32(0.5)}}
        database.studies.create(StudyRow(**study))
        found = database.studies.require("s")
        assert (found.seed, found.data_made_up, found.settings_json) == (7, True, {"a": 0.5})
        run = database.runs.start(RUN)
        value = MetricValue("dev", np.str_(""), "score", np.float32(0.25))  # type: ignore[arg-type]
        database.runs.record_epoch(run, np.int64(1), decimal.Decimal("2.5"), [value])  # type: ignore[arg-type]
        refused: list[dict[str, Any]] = [
            {"score": "0.5"}, {"best_epoch": "1"}, {"total_parameters": "many"}, {"total_parameters": 2**63},
            {"total_parameters": 2.5}, {"score": b"12345678"}, {"score": np.array([1.0, 2.0])}, {"reason": 5},
        ]  # fmt: skip
        for wrong in refused:
            with pytest.raises(RecordError, match="expected, got"):
                database.runs.finish(run, RunResult(status="complete", **wrong))
        with pytest.raises(RecordError, match="cannot be stored in table 'data_issue'"):
            database.studies.add_data_issues("s", [IssueRow("f", 2**40, "k", "m")])
        given = {"total_parameters": np.int32(5), "best_epoch": np.float64(1.0), "peak_memory_bytes": 6.0}
        database.runs.finish(run, RunResult(status="complete", score=decimal.Decimal("0.75"), **given))  # type: ignore[arg-type]
        row = database.runs.find(run)
        assert row is not None and (row.score, row.total_parameters, row.best_epoch) == (0.75, 5, 1)
        assert row.peak_memory_bytes == 6 and row.started_at <= datetime.now(UTC)
        assert database.metrics.epoch_scores(run) == {1: 0.25}
        assert outdated(url)[1] == []
