"""The doctor of records: what a killed driver left behind is found, told, mended; finished runs stay as they are."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState
from place import Place
from postgres import own_database

from results.database.database import open_database
from search_spaces import Space
from study.doctor import main
from study.search.optuna_search import Search
from tests.results.conftest import BASELINE, StudyMaker

Said = pytest.CaptureFixture[str]
SEARCH = ("--space", "pooling", "--rehearse", "--phases", "search", "--workers", "1")
# A search whose objectives are not the score, and whose runs pause.
UNUSUAL = ("--objectives", "trainable_parameters,sst_accuracy", "--pruner", "asha", "--epochs", "4", "--name", "r")


def launched(place: Place, *arguments: str) -> Place:
    done = place.call(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return place


@pytest.fixture(scope="module")
def rehearsed_unusual(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return launched(Place(tmp_path_factory.mktemp("unusual")), *SEARCH, *UNUSUAL, "--trials", "6")


@pytest.fixture
def unusual(rehearsed_unusual: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A copy of it to be damaged; the fixture `copied` is one of an ordinary study."""
    shutil.copytree(rehearsed_unusual.folder / "runs", tmp_path / "runs")
    monkeypatch.chdir(tmp_path)
    return Place(tmp_path)


def change(study: Place, sql: str) -> None:
    with closing(sqlite3.connect(study.database)) as database, database:
        database.execute(sql)


def examined(study: Place, capsys: Said, *more: str) -> tuple[int, list[dict[str, Any]]]:
    capsys.readouterr()
    code = main(["--name", "r", "--storage", f"sqlite:///{study.database}", "--json", *more])
    return code, json.loads(capsys.readouterr().out)["records"]


DAMAGES = {
    "zombie_runs": "update run set status = 'running', finished_at = null where id = (select max(id) from run)",
    "dead_lease": "insert into lease (study_name, owner, host, pid, process_started_at, heartbeat_at, expires_at) "
    "values ('r', 'pid 1 on host gone', 'gone', 1, 1.0, '2020-01-01 00:00:00', '2020-01-01 00:00:30')",
    "trial_state": "update trials set state = 'RUNNING', datetime_complete = null where number = 2",
}


@pytest.mark.slow
def test_what_is_wrong_is_found_and_mended_and_the_rest_stays(copied: Place, capsys: Said) -> None:
    assert examined(copied, capsys) == (0, [])
    assert main(["--name", "r", "--storage", f"sqlite:///{copied.database}"]) == 0
    assert "its records agree" in capsys.readouterr().out
    finished = "select * from run where status = 'complete' order by id"
    for kind, damage in DAMAGES.items():
        change(copied, damage)
        before = copied.rows(finished)
        code, found = examined(copied, capsys)
        assert code == 3 and [f["kind"] for f in found] == [kind] and found[0]["done"] is None, kind
        code, found = examined(copied, capsys, "--fix")
        assert code == 0 and found[0]["done"], kind
        assert examined(copied, capsys) == (0, []), kind
        assert copied.rows(finished) == before, kind
    # Upgraded it has other columns; `tests/results/database/test_migrations.py` upgrades old databases.
    change(copied, "update mtbert_alembic_version set version_num = '0001'")
    code, found = examined(copied, capsys)
    assert code == 3 and [f["kind"] for f in found] == ["old_schema"] and found[0]["done"] is None


@pytest.mark.slow
def test_a_missing_report_is_written_again(copied: Place, capsys: Said) -> None:
    report, tables = (copied.folder / "runs" / "r" / name for name in ("report.html", "tables"))
    report.unlink()
    shutil.rmtree(tables)
    code, found = examined(copied, capsys)
    assert code == 3 and {one["kind"] for one in found} == {"missing_artifact"}
    assert all(any(path.name in one["message"] for one in found) for path in (report, tables))
    assert examined(copied, capsys, "--fix")[0] == 0
    assert report.exists() and tables.exists()


def test_a_disagreement_that_cannot_be_mended_is_told(copied: Place, capsys: Said) -> None:
    change(
        copied,
        "update trials set state = 'FAIL' where number = (select min(number) from trials where state = 'COMPLETE')",
    )
    code, found = examined(copied, capsys)
    assert code == 0 and [f["kind"] for f in found] == ["trial_state"] and not found[0]["fixable"]


def test_an_unknown_study_gets_one_message(copied: Place, capsys: Said) -> None:
    assert main(["--name", "nobody", "--storage", f"sqlite:///{copied.database}"]) == 2
    assert "No study named 'nobody'" in capsys.readouterr().err


VALUES = "select number, objective, value from trial_values join trials using (trial_id) order by 1, 2"


def test_a_trial_is_told_the_values_of_the_objectives(unusual: Place, capsys: Said) -> None:
    before = unusual.rows(VALUES)
    change(unusual, "delete from trial_values where trial_id in (select trial_id from trials where number = 0)")
    change(unusual, "update trials set state = 'RUNNING', datetime_complete = null where number = 0")
    assert examined(unusual, capsys, "--fix")[0] == 0
    assert len(before) == 2 and unusual.rows(VALUES) == before
    launched(unusual, *SEARCH, *UNUSUAL, "--trials", "7")


def test_a_trial_without_all_values_has_failed(unusual: Place, capsys: Said) -> None:
    change(unusual, "delete from task_metric where task = 'sst' and metric = 'accuracy'")
    change(unusual, "update trials set state = 'RUNNING', datetime_complete = null where number = 0")
    assert examined(unusual, capsys, "--fix")[0] == 0
    assert unusual.rows("select state from trials where number = 0") == [("FAIL",)]
    found = examined(unusual, capsys)[1]
    assert not [each for each in found if "trial 0" in each["message"]]  # as a search has it, too


def test_runs_that_pause_are_left_alone(unusual: Place, capsys: Said) -> None:
    change(unusual, "update trials set state = 'RUNNING', datetime_complete = null where state = 'PRUNED'")
    assert examined(unusual, capsys, "--fix") == (0, [])
    assert unusual.rows("select count(*) > 0 from trials where state = 'RUNNING'") == [(1,)]


@pytest.mark.slow
def test_runs_that_a_search_was_not_told_of_yet(copied: Place, capsys: Said) -> None:
    optuna.delete_study(study_name="r", storage=f"sqlite:///{copied.database}")
    code, found = examined(copied, capsys, "--fix")
    assert (
        code == 0
        and len(found) == 1
        and "Optuna has no trials for 4 runs; the next search adds them" in found[0]["message"]
    )
    launched(copied, "--name", "r")
    assert examined(copied, capsys) == (0, [])


def test_a_short_postgres_url_will_do(space: Space, capsys: Said) -> None:
    with own_database() as url:
        with open_database(url) as database:
            make = StudyMaker(database, "s").study(settings_json={"objectives": ["score"]})
            searched = Search(storage=url, name="s", space=space, seed=0, sampler="tpe", pruner="median", known=[])
            trial = searched.ask().number
            make.complete(BASELINE, 0, trial=trial)
            searched.tell(trial, [make.database.runs.of_study("s")[0].score or 0.0], TrialState.COMPLETE)
            searched.close()
        assert main(["--name", "s", "--storage", url.replace("postgresql+psycopg:", "postgres:")]) == 0
        assert "its records agree" in capsys.readouterr().out
