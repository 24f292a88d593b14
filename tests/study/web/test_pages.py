"""What the dashboard serves of a rehearsed study, behind its guard."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna_dashboard
import pytest
from asking import Answer, ask
from place import Place

from results.database.database import open_database
from results.database.fingerprint import fingerprint
from results.report import write_report
from results.report.csp import content_security_policy
from study.web import live_updates
from study.web import study_pages as pages
from study.web.application import application

Asked = Callable[..., Answer]


def test_the_first_page_leads_to_all_others(asked: Asked) -> None:
    page = asked()
    assert page.status == 200 and "complete" in page.text
    links = re.findall(r'href="(/[^"]*)"', page.text)
    assert len(links) >= 12 and "/report" in links
    for link in links:
        assert asked(path=link).status == 200, link


def test_the_report_is_what_the_command_writes_and_the_script_after(asked: Asked, storage: str, tmp_path: Path) -> None:
    with open_database(storage) as database:
        write_report(database, "r", tmp_path / "report.html")
    page = asked(path="/report")
    written = (tmp_path / "report.html").read_text(encoding="utf-8")
    begins, ends = page.text.index('<script type="application/json" id="following">'), page.text.rindex("</body>")
    assert page.text[:begins] + page.text[ends:] == written
    assert page.text[begins:ends].endswith(f"<script>{live_updates.script()}</script>")
    assert "following" not in written and "fetch(" not in written
    again = asked(path="/report", HTTP_IF_NONE_MATCH=page.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    assert asked("HEAD", "/report").body == b""


def test_the_reports_policy_lets_its_own_scripts_run_and_no_other(asked: Asked) -> None:
    page = asked(path="/report")
    policy = page.headers["content-security-policy"]
    scripts = policy.partition("script-src")[2].partition(";")[0]
    assert "unsafe" not in scripts and "'self'" not in scripts and scripts.count("sha256-") >= 3
    assert "connect-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy and "default-src 'none'" in policy
    injected = page.text.replace("</main>", "<script>alert(1)</script></main>")
    assert live_updates.policy(injected) == policy
    written = content_security_policy(page.text)
    assert "connect-src" not in written and written.count("sha256-") == policy.count("sha256-") - 1


def test_every_table_is_there_and_nothing_beside_them(asked: Asked, storage: str) -> None:
    for name in pages.TABLES:
        found = asked(path=f"/report/tables/{name}.csv")
        assert found.status == 200 and found.headers["content-type"].startswith("text/csv"), name
        assert next(csv.reader(io.StringIO(found.text))), name
    with open_database(storage) as database:
        runs = len(database.runs.of_study("r"))
    assert len(list(csv.reader(io.StringIO(asked(path="/report/tables/runs.csv").text)))) == runs + 1
    for path in ("/report/tables/secret.csv", "/report/tables/../x.csv", "/report/tables/..%2fx.csv", "/report/x"):
        assert asked(path=path).status == 404, path


def test_a_report_that_has_changed_is_made_anew(copied: Place, monkeypatch: Any) -> None:
    monkeypatch.setattr(pages, "REST", 0.0)
    url = f"sqlite:///{copied.database}"
    found, name = application(url, None)
    assert name == "r"
    first = ask(found, path="/report")
    with open_database(url) as database:
        before = fingerprint(database, "r")
        assert fingerprint(database, "r") == before
        database.studies.update("r", data_json={"note": {"fresh": "a-new-word"}})
        assert fingerprint(database, "r") != before
    second = ask(found, path="/report")
    assert first.headers["etag"] != second.headers["etag"]
    assert "a-new-word" in second.text and "a-new-word" not in first.text


def test_the_state_says_which_report_is_sent_and_how_the_study_stands(copied: Place) -> None:
    url = f"sqlite:///{copied.database}"
    found, _ = application(url, None)

    def state() -> dict[str, str]:
        return dict(json.loads(ask(found, path="/report/state").body))

    sent = json.loads(re.findall('id="following">(.*?)</script>', ask(found, path="/report").text)[0])
    before = state()
    assert before["mark"] == sent["mark"]
    with open_database(url) as database:
        runs = len(database.runs.of_study("r"))
        assert before["status"] == "done" and before["told"] == f"The study is done: {runs} runs ended."
        database.studies.update("r", status="running")
        assert state()["status"] == "stopped", "nobody drives it"
        database.leases.take("r", "pid 1 on host x", "x", 1, 0.0, 30.0)
        assert state()["status"] == "running"
    assert state()["mark"] == sent["mark"], "a report that has just been made is not asked for again"
    found.refresh_at_once()
    assert state()["mark"] != sent["mark"]


def test_a_report_that_takes_long_is_not_made_at_every_question(copied: Place) -> None:
    url = f"sqlite:///{copied.database}"
    found, _ = application(url, "r")
    first = ask(found, path="/report")
    with open_database(url) as database:
        database.studies.update("r", data_json={"note": {"fresh": "a-new-word"}})
    assert ask(found, path="/report").body == first.body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_our_pages_can_only_be_read(application: Any, method: str) -> None:
    assert ask(application, method, "/report").status == 405


def test_optunas_pages_show_the_study(asked: Asked) -> None:
    listed = json.loads(asked(path="/api/studies").body)["study_summaries"]
    assert [study["study_name"] for study in listed] == ["r"]
    number = listed[0]["study_id"]
    assert 'src="/static/bundle.js"' in asked(path=f"/dashboard/studies/{number}").text
    detail = json.loads(asked(path=f"/api/studies/{number}").body)
    assert len(detail["trials"]) == 4 and detail["objective_names"] == ["score"]
    attributes = {entry["key"] for entry in detail["trials"][0]["user_attrs"]}
    assert {"config_digest", "seed"} <= attributes
    assert {entry["key"] for entry in detail["user_attrs"]} == {"space", "data", "backbone"}
    note = detail["note"]["body"]
    assert note.startswith("## Best") and "| best | 0" in note and "(/report)" in note


def test_deleting_is_refused_and_the_study_is_still_there(asked: Asked, storage: str) -> None:
    assert asked("DELETE", "/api/studies/1").status == 403
    assert asked("POST", "/api/studies/1/rename", BODY=b'{"study_name": "x"}').status == 403
    assert json.loads(asked(path="/api/studies").body)["study_summaries"][0]["study_name"] == "r"


def test_a_bare_dashboard_on_the_same_database_works(storage: str) -> None:
    bare = optuna_dashboard.wsgi(storage)
    listed = json.loads(ask(bare, path="/api/studies").body)["study_summaries"]
    assert [study["study_name"] for study in listed] == ["r"]
    assert len(json.loads(ask(bare, path=f"/api/studies/{listed[0]['study_id']}").body)["trials"]) == 4


def test_a_database_without_optunas_tables_has_a_report(tmp_path: Path, rehearsed: Place) -> None:
    path = tmp_path / "studies.db"
    shutil.copy(rehearsed.database, path)
    with sqlite3.connect(path) as connection:
        connection.execute("drop table studies")
    connection.close()
    found, _ = application(f"sqlite:///{path}", "r")
    assert ask(found, path="/report").status == 200
    assert "/dashboard/studies" not in ask(found).text
    assert ask(found, path="/api/studies").status == 404


def test_a_grid_has_a_dashboard_too(tmp_path: Path) -> None:
    place = Place(tmp_path)
    done = place.call("--space", "zhang_pooling", "--rehearse", "--seeds", "1", "--name", "g", "--workers", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    found, name = application(f"sqlite:///{place.database}", None)
    assert name == "g"
    assert ask(found, path="/report").status == 200 and ask(found, path="/").status == 200
