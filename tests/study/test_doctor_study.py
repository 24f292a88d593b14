"""The doctor of records: what a killed driver left behind is found, told, mended; finished runs stay as they are."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import optuna
import pytest
from postgres import own_database

from study.doctor import main
from study.launch import main as launch

ASKED = ["--space", "pooling", "--rehearse", "--trials", "6", "--seeds", "2", "--workers", "2", "--name", "s", "--json"]
# A search whose objectives are not the score, and whose runs pause.
UNUSUAL = ("--objectives", "trainable_parameters,sst_accuracy", "--pruner", "asha", "--epochs", "4", "--workers", "1")


def launched(folder: Path, *more: str, storage: str | None = None) -> Path:
    with redirect_stdout(StringIO()):
        assert launch([*ASKED, "--out", str(folder), "--storage", storage or f"sqlite:///{folder}/s.db", *more]) == 0
    return folder


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return launched(tmp_path_factory.mktemp("rehearsed"))


@pytest.fixture(scope="module")
def rehearsed_unusual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return launched(tmp_path_factory.mktemp("unusual"), *UNUSUAL, "--phases", "search")


@pytest.fixture
def study(rehearsed: Path, tmp_path: Path) -> Path:
    return copied(rehearsed, tmp_path)


@pytest.fixture
def unusual(rehearsed_unusual: Path, tmp_path: Path) -> Path:
    return copied(rehearsed_unusual, tmp_path)


def copied(rehearsed: Path, tmp_path: Path) -> Path:
    """A copy of the study to be damaged; its record says that its files are in the copy."""
    shutil.copytree(rehearsed, tmp_path / "copy")
    with closing(sqlite3.connect(tmp_path / "copy" / "s.db")) as database, database:
        text = database.execute("select settings_json from study_meta").fetchone()[0]
        settings = json.dumps({**json.loads(text), "out": str(tmp_path / "copy")})
        database.execute("update study_meta set settings_json = ?", (settings,))
    return tmp_path / "copy"


def change(study: Path, sql: str) -> None:
    with closing(sqlite3.connect(study / "s.db")) as database, database:
        database.execute(sql)


def rows(study: Path) -> list[tuple[Any, ...]]:
    return select(study, "select * from run where status = 'complete' order by id")


def select(study: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(study / "s.db")) as database:
        return database.execute(sql).fetchall()


def examined(study: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, list[dict[str, Any]]]:
    capsys.readouterr()
    code = main(["--name", "s", "--storage", f"sqlite:///{study}/s.db", "--json", *more])
    return code, json.loads(capsys.readouterr().out)["records"]


def test_a_study_without_fault(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert examined(study, capsys) == (0, [])
    assert main(["--name", "s", "--storage", f"sqlite:///{study}/s.db"]) == 0
    assert "its records agree" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        ("update run set status = 'running', finished_at = null where id = (select max(id) from run)", "zombie_runs"),
        (
            "insert into lease (study_name, owner, host, pid, process_started_at, heartbeat_at, expires_at) "
            "values ('s', 'pid 1 on host gone', 'gone', 1, 1.0, '2020-01-01 00:00:00', '2020-01-01 00:00:30')",
            "dead_lease",
        ),
        ("update trials set state = 'RUNNING', datetime_complete = null where number = 2", "trial_state"),
        ("update mtbert_alembic_version set version_num = '0001'", "old_schema"),
    ],
)
def test_what_is_wrong_is_found_and_mended_and_finished_runs_stay(
    study: Path, capsys: pytest.CaptureFixture[str], damage: str, kind: str
) -> None:
    from results import migrations

    if kind == "old_schema" and migrations.HEAD == "0001":
        pytest.skip("there is no older schema yet")
    change(study, damage)
    before = rows(study)
    code, found = examined(study, capsys)
    assert code == 3 and [f["kind"] for f in found] == [kind] and found[0]["done"] is None
    if kind == "old_schema":
        return  # the rows have other columns then; `tests/results/test_migrations.py` upgrades an old database
    code, found = examined(study, capsys, "--fix")
    assert code == 0 and found[0]["done"]
    assert examined(study, capsys) == (0, [])
    assert rows(study) == before


@pytest.mark.parametrize("part", ["report.html", "tables"])
def test_a_missing_report_is_written_again(study: Path, capsys: pytest.CaptureFixture[str], part: str) -> None:
    path = study / "s" / part
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    code, found = examined(study, capsys)
    assert code == 3 and found[0]["kind"] == "missing_artifact" and part in found[0]["message"]
    assert examined(study, capsys, "--fix")[0] == 0
    assert path.exists()


def test_a_disagreement_that_cannot_be_mended_is_told(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(
        study,
        "update trials set state = 'FAIL' where number = (select min(number) from trials where state = 'COMPLETE')",
    )
    code, found = examined(study, capsys)
    assert code == 0 and [f["kind"] for f in found] == ["trial_state"] and not found[0]["fixable"]


def test_an_unknown_study_gets_one_message(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--name", "nobody", "--storage", f"sqlite:///{study}/s.db"]) == 2
    assert "No study named 'nobody'" in capsys.readouterr().err


VALUES = "select number, objective, value from trial_values join trials using (trial_id) order by 1, 2"


def test_a_trial_is_told_the_values_of_the_objectives(unusual: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = select(unusual, VALUES)
    change(unusual, "delete from trial_values where trial_id in (select trial_id from trials where number = 0)")
    change(unusual, "update trials set state = 'RUNNING', datetime_complete = null where number = 0")
    assert examined(unusual, capsys, "--fix")[0] == 0
    assert len(before) == 2 and select(unusual, VALUES) == before
    launched(unusual, *UNUSUAL, "--phases", "search", "--trials", "7")


def test_a_trial_without_all_values_has_failed(unusual: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(unusual, "delete from task_metric where task = 'sst' and metric = 'accuracy'")
    change(unusual, "update trials set state = 'RUNNING', datetime_complete = null where number = 0")
    assert examined(unusual, capsys, "--fix")[0] == 0
    assert select(unusual, "select state from trials where number = 0") == [("FAIL",)]
    found = examined(unusual, capsys)[1]
    assert not [each for each in found if "trial 0" in each["message"]]  # as a search has it, too


def test_runs_that_pause_are_left_alone(unusual: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(unusual, "update trials set state = 'RUNNING', datetime_complete = null where state = 'PRUNED'")
    assert examined(unusual, capsys, "--fix") == (0, [])
    assert select(unusual, "select count(*) > 0 from trials where state = 'RUNNING'") == [(1,)]


def test_runs_that_a_search_was_not_told_of_yet(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    optuna.delete_study(study_name="s", storage=f"sqlite:///{study}/s.db")
    code, found = examined(study, capsys, "--fix")
    assert code == 0 and len(found) == 1 and "Optuna has no trials of 6 runs; a search adds them" in found[0]["message"]
    launched(study)
    assert examined(study, capsys) == (0, [])


def test_a_short_postgres_url_will_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with own_database() as url:
        launched(tmp_path, "--phases", "search", "--trials", "2", storage=url)
        capsys.readouterr()
        assert main(["--name", "s", "--storage", url.replace("postgresql+psycopg:", "postgres:")]) == 0
        assert "its records agree" in capsys.readouterr().out
