"""An SQLite file, or its folder, that one may only read: what reads, reads; nothing is changed or left behind."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from old_releases import of_release
from place import Place
from sqlalchemy import create_engine, text
from two_databases import database_of

from results.database import read_only
from results.database.database import open_database
from results.database.rows import StudyRow
from results.errors import StorageError
from results.frames import load_study
from study.web.application import application

pytestmark = pytest.mark.slow  # studies are launched, files handed to another user

ASKED = ("--space", "pooling", "--rehearse", "--trials", "2", "--seeds", "2", "--confirm", "1", "--name", "r")
READING = (
    ("study.status", ("--name", "r")),
    ("study.doctor", ("--name", "r")),
    ("results.report", ("--name", "r", "--out", "report.html")),
    ("results.export", ("--name", "r", "--out", "tables")),
)


@pytest.fixture
def others(monkeypatch: pytest.MonkeyPatch) -> None:
    """All files are another's: root, as whom tests may run, could write any."""
    monkeypatch.setattr(read_only, "is_writable", lambda file: False)


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


def study() -> StudyRow:
    return StudyRow(
        study_name="r", space="s", goal="g", command="c", data_source="d", data_made_up=False, data_fingerprint="f",
        backbone="b", seed=0,
    )  # fmt: skip


def test_a_file_that_nobody_writes_is_read_without_a_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place(tmp_path)
    assert place.call(*ASKED).returncode == 0
    before = contents(place.database.parent)
    assert before.keys() == {"studies.db"}
    monkeypatch.setattr(read_only, "is_writable", lambda file: False)
    for module, flags in READING:
        done = place.call(*flags, module=module)
        assert done.returncode == 0, (module, done)
    pages, name = application(f"sqlite:///{place.database}", None)
    assert name == "r" and pages is not None
    assert contents(place.database.parent) == before


def test_changes_that_wait_in_a_log_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url, folder = f"sqlite:///{tmp_path}/a/s.db", tmp_path / "a"
    with open_database(url) as database:
        database.studies.create(study())
        with closing(sqlite3.connect(folder / "s.db")) as other:  # the log stays while somebody has it open
            other.execute("select count(*) from study_meta").fetchone()
            monkeypatch.setattr(read_only, "is_writable", lambda file: False)
            with open_database(url, create=False) as seen:
                assert seen.studies.names() == ["r"] and seen.read_only
            shutil.copytree(folder, tmp_path / "b", ignore=shutil.ignore_patterns("*-shm"))
    before = contents(tmp_path / "b")
    assert before["s.db-wal"]
    monkeypatch.setattr(read_only, "readable", read_only.copied)  # as where its index cannot be made
    with open_database(f"sqlite:///{tmp_path}/b/s.db", create=False) as seen:
        assert seen.studies.names() == ["r"]
    assert contents(tmp_path / "b") == before


@pytest.mark.usefixtures("others")
def test_tables_of_an_older_release_are_read_as_a_copy(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/s.db"
    with of_release(url, "0001") as connection:
        connection.execute(text(OLD_STUDY))
    before = contents(tmp_path)
    for _ in range(2):
        with open_database(url, create=False) as database:
            assert database.studies.names() == ["old"] and database.shown_url == url
        assert load_study(url, "old").study.goal == "g"
    assert contents(tmp_path) == before


OLD_STUDY = """
insert into study_meta (study_name, space, goal, created_at, command, data_source, data_made_up, data_fingerprint,
    data_json, backbone, settings_json, space_json, decisions_json, status, seed)
values ('old', 'small', 'g', '2026-01-01 00:00:00', 'c', 'demo', 1, 'f', '{}', 'tiny', '{}', '{}', '{}', 'done', 0)
"""


@pytest.mark.usefixtures("others")
def test_what_writes_says_that_it_cannot(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/s.db"
    with open_database(url) as database:
        database.studies.create(study())
    with (
        open_database(url, create=False) as database,
        pytest.raises(StorageError, match="cannot be opened for writing"),
    ):
        database.studies.update("r", status="done")


def test_a_role_that_may_only_select_reads(tmp_path: Path) -> None:
    with database_of("postgresql", tmp_path) as url:
        with open_database(url) as database:
            database.studies.create(study())
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        role = f"reader_{os.getpid()}_{id(engine)}"
        try:
            with engine.connect() as connection:
                connection.execute(text(f"CREATE ROLE {role} LOGIN"))
                connection.execute(text(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}"))
            place = engine.url.set(username=role).render_as_string(hide_password=False)
            with open_database(place, create=False) as database:
                assert database.studies.names() == ["r"]
                assert database.leases.live("r", "h") is None
                with pytest.raises(StorageError, match="permission denied"):
                    database.studies.update("r", status="done")
        finally:
            with engine.connect() as connection:
                connection.execute(text(f"DROP OWNED BY {role}"))
                connection.execute(text(f"DROP ROLE {role}"))
            engine.dispose()


def bound_by_modes() -> list[str]:
    """What is put before a command so that files' modes hold for it: root ignores them, unless it gives that up."""
    if os.geteuid() != 0:
        return []
    given_up = "-dac_override,-dac_read_search"
    before = ["setpriv", "--bounding-set", given_up, "--inh-caps", given_up]
    if shutil.which("setpriv") is None or subprocess.run([*before, "true"], capture_output=True).returncode != 0:
        pytest.skip("root cannot give up its rights here")
    return before


@pytest.mark.parametrize("mode", [0o555, 0o777])
def test_a_file_whose_mode_forbids_writing_is_read_by_every_command(tmp_path: Path, mode: int) -> None:
    before, place = bound_by_modes(), Place(tmp_path)
    assert place.call(*ASKED).returncode == 0
    shutil.copytree(place.database.parent, kept := tmp_path / "kept")
    (kept / "studies.db").chmod(0o444)
    kept.chmod(mode)
    storage = ("--storage", f"sqlite:///{kept}/studies.db")
    for module, flags in READING:
        command = [*before, *place.command(*flags, *storage, module=module)]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, (module, done)
    command = [*before, *place.command(*ASKED, "--trials", "3", *storage)]
    refused = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert refused.returncode == 2 and "cannot be opened for writing" in refused.stderr, refused
    assert [file.name for file in kept.iterdir() if file.is_file()] == ["studies.db"]
