"""What a launch leaves for Optuna's pages: notes, figures, artifacts; written once, served each for itself."""

from __future__ import annotations

import json
import shutil
import sqlite3
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import optuna
import optuna_dashboard
import pytest
from asking import Answer, ask, rehearse
from place import Place

from results.database.database import open_database
from results.export.figures import STYLE, page_colours
from study import dashboard
from study.search.optuna_storage import StoredStudy, stored_study
from study.trainers.rehearsal.trainer import OPTIONS
from study.web import artifacts
from study.web.application import application
from study.web.guard import Guard
from study.web.optuna_notes import complete

SVG = "image/svg+xml"


Asked = Callable[..., Answer]


@pytest.fixture
def served(copied: Place) -> Asked:
    """Asks a dashboard of the copy, which may be written to; `asked` is one of the study that is only read."""
    return partial(ask, Guard(application(url(copied), "r")[0], host="127.0.0.1", token=None))


def url(place: Place) -> str:
    return f"sqlite:///{place.database}"


def detail(asked: Asked) -> dict[str, Any]:
    return dict(json.loads(asked(path="/api/studies/1").body))


def listed(asked: Asked) -> dict[str, dict[str, Any]]:
    return {one["filename"]: one for one in detail(asked)["artifacts"]}


def attributes(place: Place) -> list[tuple[Any, ...]]:
    return sorted(place.rows("select key, value_json from study_system_attributes"))


@contextmanager
def opened(place: Place) -> Iterator[StoredStudy]:
    with stored_study(url(place), "r") as study:
        assert study is not None
        yield study


def store(place: Place) -> Path:
    return place.folder / "runs" / "r" / artifacts.FOLDER


def test_report_configuration_and_confusions_are_artifacts(asked: Asked, rehearsed: Place) -> None:
    found = listed(asked)
    assert {"report.html", "best-config.json"} < set(found)
    report = asked(path=f"/artifacts/1/{found['report.html']['artifact_id']}")
    assert report.status == 200 and report.body == (rehearsed.folder / "runs" / "r" / "report.html").read_bytes()
    best = asked(path=f"/artifacts/1/{found['best-config.json']['artifact_id']}")
    decided = json.loads(rehearsed.rows("select decisions_json from study_meta")[0][0])["best"]
    configurations = rehearsed.rows("select config_json from run where config_digest = ?", (decided,))
    assert json.loads(best.body) in [json.loads(text) for (text,) in configurations]
    matrices = [name for name, one in found.items() if one["mimetype"] == SVG]
    assert "confusion-sst.svg" in matrices and "confusion-sts.svg" in matrices
    for name in matrices:
        drawn = asked(path=f"/artifacts/1/{found[name]['artifact_id']}")
        tags = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(drawn.text).iter()}
        assert tags == {"svg", "style", "rect", "text"} and drawn.text.count("%</text>") >= 4


def test_an_artifact_reaches_nothing_of_the_dashboard(asked: Asked) -> None:
    found = listed(asked)
    for name, one in found.items():
        answer = asked(path=f"/artifacts/1/{one['artifact_id']}")
        policy = answer.headers["content-security-policy"]
        assert "sandbox" in policy and "allow-same-origin" not in policy and "'self'" not in policy, name
        assert "access-control-allow-origin" not in answer.headers
        assert ("sha256-" in policy) is (name == "report.html")


def test_an_artifact_without_its_file_is_not_there(served: Asked, copied: Place, capsys: Any) -> None:
    one = listed(served)["report.html"]["artifact_id"]
    (store(copied) / one).unlink()
    assert served(path=f"/artifacts/1/{one}").status == 404
    for path in (f"/artifacts/1/{'0' * 36}", "/artifacts/1/..%2f..%2flaunch.log", "/artifacts/1/launch.log"):
        assert served(path=path).status == 404
    assert capsys.readouterr().err == ""


def test_a_resumed_study_writes_nothing_twice(copied: Place) -> None:
    def state() -> tuple[dict[str, str], dict[Path, int]]:
        with opened(copied) as study:
            ours = artifacts.recorded_ids(study)
        return ours, {path: path.stat().st_mtime_ns for path in store(copied).iterdir()}

    (before, files), noted = state(), attributes(copied)
    rehearse(copied)
    assert state() == (before, files) and attributes(copied) == noted


def test_what_changed_is_replaced_and_what_is_gone_is_withdrawn(copied: Place, served: Asked) -> None:
    mine = copied.folder / "mine.txt"
    mine.write_text("mine", encoding="utf-8")
    with opened(copied) as study:
        theirs = optuna.artifacts.upload_artifact(
            artifact_store=artifacts.Folders([store(copied)], store(copied)),
            file_path=str(mine),
            study_or_trial=study.study,
        )
        before = artifacts.recorded_ids(study)
        artifacts.keep(study, store(copied), {"report.html": b"new", "best-config.json": b"{}"})
        after = artifacts.recorded_ids(study)
        assert set(after) == {"report.html", "best-config.json"} and after["report.html"] != before["report.html"]
        found = listed(served)
        assert set(found) == {"report.html", "best-config.json", "mine.txt"}
        assert {path.name for path in store(copied).iterdir()} == {*after.values(), theirs}
        artifacts.keep(study, store(copied), {"report.html": b"new", "best-config.json": b"{}"})
        assert artifacts.recorded_ids(study) == after


def test_the_study_and_each_confirmed_trial_have_a_note(asked: Asked, rehearsed: Place) -> None:
    found = detail(asked)
    assert found["note"]["body"].startswith("## Best") and "(/report)" in found["note"]["body"]
    confirmed = {row[0] for row in rehearsed.rows("select config_digest from cell where phase = 'confirm'")}
    noted = 0
    for trial in found["trials"]:
        told = {one["key"]: one["value"].strip('"') for one in trial["user_attrs"]}
        assert {"config_digest", "seed", "phase"} <= set(told) and told["phase"] == "search"
        body = trial["note"]["body"]
        assert bool(body) is (told["config_digest"] in confirmed)
        if body:
            noted += 1
            assert "fresh seeds" in body and "| score | 0" in body and "| runs | " in body
    assert noted >= 2


def test_the_reports_figures_are_in_optunas_pages_with_real_colours(asked: Asked) -> None:
    drawn = {one["id"]: one for one in detail(asked)["plotly_graph_objects"]}
    assert "figure-curves" in drawn
    text = json.dumps(drawn)
    assert "var(" not in text
    assert page_colours(STYLE.read_text(encoding="utf-8"))["--best"] in text


def test_a_dashboard_writes_what_is_missing_once_and_not_while_the_study_runs(copied: Place) -> None:
    shutil.rmtree(store(copied))
    with closing(sqlite3.connect(copied.database)) as connection, connection:
        connection.execute("delete from study_system_attributes where key like 'artifacts:%' or key like '%note%'")
        connection.execute("delete from study_system_attributes where key = ?", (artifacts.OURS,))
    with open_database(url(copied), create=False) as database:
        database.leases.take("r", "pid 1 on host x", "x", 1, 0.0, 30.0)
        complete(url(copied), database, "r")
        assert not store(copied).exists()
        database.leases.release("r", "pid 1 on host x")
    server, _ = dashboard.start(url(copied), "r", "127.0.0.1", 0, None)
    server.server_close()
    before, files = attributes(copied), {path: path.stat().st_mtime_ns for path in store(copied).iterdir()}
    assert len(files) >= 4
    server, _ = dashboard.start(url(copied), "r", "127.0.0.1", 0, None)
    server.server_close()
    assert attributes(copied) == before and {path: path.stat().st_mtime_ns for path in store(copied).iterdir()} == files


def test_a_database_names_no_folder_to_write_to_or_read_from(copied: Place) -> None:
    (copied.folder / "runs" / "r" / "launch.log").unlink()
    one = next(store(copied).iterdir()).name
    shutil.move(store(copied) / one, copied.folder / one)
    with open_database(url(copied), create=False) as database:
        complete(url(copied), database, "r")
    assert one not in {path.name for path in store(copied).iterdir()}
    assert ask(application(url(copied), "r")[0], path=f"/artifacts/1/{one}").status == 404


def test_an_unwritable_database_has_a_dashboard(copied: Place, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(store(copied))
    store(copied).write_text("no folder", encoding="utf-8")
    server, _ = dashboard.start(url(copied), "r", "127.0.0.1", 0, None)
    server.server_close()
    told = capsys.readouterr().err
    assert (
        told.startswith("The dashboard lacks notes and artifacts, which cannot be written: ")
        and len(told.splitlines()) == 1
    )


def test_a_bare_dashboard_shows_notes_figures_and_artifacts(copied: Place) -> None:
    bare = optuna_dashboard.wsgi(url(copied), artifact_store=optuna.artifacts.FileSystemArtifactStore(store(copied)))
    found = json.loads(ask(bare, path="/api/studies/1").body)
    assert found["note"]["body"] and found["artifacts"] and found["plotly_graph_objects"]
    assert ask(bare, path=f"/artifacts/1/{found['artifacts'][0]['artifact_id']}").status == 200


def test_a_trial_that_failed_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place(tmp_path)
    monkeypatch.setenv(OPTIONS, "nan_loss=0.6")
    done = place.call(
        *("--space", "pooling", "--rehearse", "--trials", "3", "--seeds", "2"),
        *("--name", "f", "--workers", "1", "--phases", "search"),
    )
    assert done.returncode == 3, done.stdout + done.stderr
    trials = optuna.load_study(study_name="f", storage=f"sqlite:///{place.database}").trials
    reasons = {trial.state.name: trial.user_attrs.get("reason") for trial in trials}
    assert reasons["FAIL"] == "nan_loss" and reasons.get("COMPLETE") is None


def test_a_server_that_goes_away_meanwhile_is_waited_for(copied: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    from optuna.exceptions import StorageInternalError
    from sqlalchemy.exc import OperationalError

    from results.report.content import outcome
    from study.web import optuna_notes

    whole, away = optuna_notes._write_notes, [True]

    def once_away(*given: Any) -> None:
        if away:
            away.clear()
            raise StorageInternalError("during the commit") from OperationalError("commit", {}, Exception("gone"))
        whole(*given)

    with closing(sqlite3.connect(copied.database)) as connection, connection:
        connection.execute("delete from study_system_attributes where key like 'dashboard:note%'")
    monkeypatch.setattr(optuna_notes, "_write_notes", once_away)
    with open_database(url(copied)) as database:
        optuna_notes.write(url(copied), outcome(database, "r"), copied.folder / "runs" / "r")
    assert away == []
    assert copied.rows("select 1 from study_system_attributes where key like 'dashboard:note%'")
