"""Strings that mean something to a browser, a terminal, a format or a path, wherever a person's text can stand.

They are shown as they are: nothing of them is executed in the report or the dashboard, no control character reaches
the terminal, no name leaves its folder.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from asking import ask
from browser import opened
from markdown_it import MarkdownIt
from place import Place
from serving import dashboard_of

from results.database.database import open_database
from results.report.render import render_report
from results.text.markdown import escaped
from search_spaces.output import plain
from study.web.application import application
from study.web.artifacts import FOLDER, OURS
from study.web.optuna_notes import complete

ROOT = Path(__file__).resolve().parents[2]
MARK = "document.documentElement.dataset.pwned=1"  # a page where it ran has the attribute data-pwned
HOSTILE = "".join(
    (
        f"</script><script>{MARK}</script>",
        f"</textarea></title></style><img src=x onerror={MARK}>",
        f"\"onmouseover='{MARK}' autofocus onfocus='{MARK}' x=\"",
        f"[a](javascript:{MARK}) <a href='javascript:{MARK}'>b</a> ${{{MARK}}} {{{{ 7*7 }}}}",
        "[bold]loud[/bold][/] {0} {x!r} %s %n \x1b[2J\x1b]0;owned\x07 \x9b31m \u202e ../../x <!-- ]]> \\u003c",
    )
)
ARTIFACT = "0a1b2c3d-0000-4000-8000-00000000000a"
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
NAMES = (
    "../../x",
    "..",
    ".",
    "/tmp/x",
    "a/b",
    "a\\b",
    "~",
    "x\x1b[2J",
    "-x",
    "x\n",
    "<script>",
    "a b",
    "store",
    ".x",
    "é",
)


def update(database: Path, *statements: tuple[str, tuple[object, ...]]) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        for statement, values in statements:
            connection.execute(statement, values)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, rehearsed: Place) -> Place:
    """A rehearsed study whose every text was replaced; only its name is what a launch lets through."""
    found = Place(shutil.copytree(rehearsed.folder, tmp_path_factory.mktemp("hostile") / "r"))
    levels = json.dumps({"pooling": HOSTILE, "learning_rate": 3e-5})
    texts = "space = ?, goal = ?, data_source = ?, backbone = ?, command = ?, data_json = ?"
    row = "insert into data_issue (study_name, file, line, kind, message) values ('r', ?, 1, ?, ?)"
    packages, attribute = json.dumps({HOSTILE: HOSTILE}), "key, value_json) values (1, ?, ?)"
    note = "set value_json = ? where key like 'dashboard:%note_str:0'"  # the study's, and those of trials
    artifact = json.dumps({"artifact_id": ARTIFACT, "filename": HOSTILE, "mimetype": "text/html", "encoding": HOSTILE})
    named = "insert into study_system_attributes (study_id, key, value_json) values (1, ?, ?)"
    update(
        found.database,
        (f"update study_meta set {texts}", (*[HOSTILE] * 5, json.dumps({HOSTILE: {HOSTILE: HOSTILE}}))),
        ("update run set choices_json = ? where phase = 'ablate'", (levels,)),
        ("update run set status = 'failed', reason = ?, detail = ? where id = 2", (HOSTILE, HOSTILE)),
        ("update run set host = ?, device = ?", (HOSTILE, HOSTILE)),
        ("update cell set factor = ?, to_level = ?, from_level = ? where factor is not null", (HOSTILE,) * 3),
        ("update cell set name = ? where name = 'baseline'", (f"row:{HOSTILE}",)),
        ("update environment set cpu = ?, platform = ?, packages_json = ?", (HOSTILE, HOSTILE, packages)),
        (row, (HOSTILE, HOSTILE, HOSTILE)),
        (f"insert into trial_user_attributes (trial_id, {attribute}", (HOSTILE[:400], json.dumps(HOSTILE))),
        (f"insert into study_user_attributes (study_id, {attribute}", (HOSTILE[:400], json.dumps(HOSTILE))),
        ("delete from study_system_attributes where key = ?", (OURS,)),
    )
    storage = f"sqlite:///{found.database}"
    with contextlib.chdir(found.folder), open_database(storage, create=False) as database:
        complete(storage, database, "r")  # notes, figures and artifacts of such texts
    (found.folder / "runs" / "r" / FOLDER / ARTIFACT).write_text(f"<html><body>{HOSTILE}</body></html>")
    update(
        found.database,
        (f"update study_system_attributes {note}", (json.dumps(f"# {HOSTILE}"),)),
        (named, (f"artifacts:{ARTIFACT}", json.dumps(artifact))),
    )
    return found


@pytest.fixture(scope="module")
def address(place: Place) -> Iterator[str]:
    """Where a dashboard of that study listens."""
    with contextlib.chdir(place.folder), dashboard_of(f"sqlite:///{place.database}", "r") as found:
        yield found


@pytest.mark.slow
def test_a_page_that_obeys_would_be_noticed(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(f"<!doctype html><html><body>{HOSTILE}</body></html>", encoding="utf-8")
    assert "data-pwned" in opened(f"file://{tmp_path}/page.html", tmp_path / "profile")[0]


def unfolded(browser: Any, url: str) -> str:
    """The DOM of a report with all sections open and all figures drawn, whose console has said nothing."""
    context = browser.new_context()
    context.set_default_timeout(120_000)
    page, said = context.new_page(), []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(url)
    page.locator("#fold-all").click()
    page.wait_for_selector("html[data-figures=drawn]", state="attached")
    figures = page.locator(".plot")
    assert figures.count() >= 5
    for figure in figures.all():
        figure.locator(".main-svg").first.wait_for(state="attached")
    dom = str(page.content())
    context.close()
    assert said == []
    return dom


@pytest.mark.slow
def test_nothing_executes_in_the_report_from_a_file(browser: Any, place: Place, tmp_path: Path) -> None:
    with open_database(f"sqlite:///{place.database}") as database:
        (tmp_path / "report.html").write_text(render_report(database, "r"), encoding="utf-8")
    dom = unfolded(browser, f"file://{tmp_path}/report.html")
    assert dom.count("onerror=") >= 8 and "data-pwned" not in dom


@pytest.mark.slow
def test_nothing_executes_in_the_report_that_is_served_and_its_figures_are_drawn(browser: Any, address: str) -> None:
    dom = unfolded(browser, f"{address}/report")
    assert dom.count("onerror=") >= 8 and "data-pwned" not in dom


@pytest.mark.slow
def test_a_script_in_the_served_report_would_not_run(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second lock: were a text not escaped, the policy would stop it."""
    from study.web import study_pages as pages

    whole, injected = pages.render_report, f"<script>{MARK}</script><img src=x onerror={MARK}>"
    monkeypatch.setattr(pages, "render_report", lambda *given: whole(*given).replace("</main>", f"{injected}</main>"))
    with dashboard_of(f"sqlite:///{place.database}", "r") as found:
        dom, console = opened(f"{found}/report", tmp_path / "profile")
    assert "data-pwned" not in dom and 'data-figures="drawn"' in dom
    assert any("Content Security Policy" in line for line in console)


@pytest.mark.slow
@pytest.mark.parametrize(
    "path", ["/", "/dashboard", *(f"/dashboard/studies/1{part}" for part in ("", "/trials", "/note"))]
)
def test_nothing_executes_in_the_dashboard(address: str, tmp_path: Path, path: str) -> None:
    dom, console = opened(f"{address}{path}", tmp_path / "profile")
    assert "data-pwned" not in dom
    assert not any("Uncaught" in line or "Refused" in line for line in console), console
    if path == "/":
        assert "&lt;script&gt;" in dom
    else:
        assert "NOW LOADING" not in dom, "Optuna's page has not been drawn"


@pytest.mark.slow
def test_nothing_executes_in_an_artifact_that_is_opened(address: str, tmp_path: Path) -> None:
    dom, console = opened(f"{address}/artifacts/1/{ARTIFACT}", tmp_path / "profile")
    assert "data-pwned" not in dom and "<script>" in dom, "it is not that page"
    assert any("Content Security Policy" in line for line in console)


def test_artifacts_and_notes_made_of_such_texts_are_plain(place: Place) -> None:
    with contextlib.chdir(place.folder):
        found, _ = application(f"sqlite:///{place.database}", "r")
    listed = json.loads(ask(found, path="/api/studies/1").body)["artifacts"]
    assert HOSTILE in {one["filename"] for one in listed}
    drawn = [one for one in listed if one["filename"].startswith("confusion-")]
    assert drawn
    for one in listed:
        answer = ask(found, path=f"/artifacts/1/{one['artifact_id']}")
        policy = answer.headers["content-security-policy"]
        assert answer.status == 200 and "sandbox allow-scripts" in policy and "'self'" not in policy
        assert CONTROL.findall("".join(f"{key}: {value}" for key, value in answer.headers.items())) == []
        if one in drawn:
            assert "<script" not in answer.text and "onerror=" not in re.sub(r"&lt;.*?&gt;", "", answer.text)


def test_our_pages_have_no_element_or_link_of_a_text(place: Place) -> None:
    found, _ = application(f"sqlite:///{place.database}", "r")
    for path in ("/", "/report"):
        page = ask(found, path=path).text
        assert f"<script>{MARK}" not in page
        page = re.sub("<script.*?</script>", "", page, flags=re.DOTALL)  # data of figures: no HTML
        assert MARK in page and "onerror=document" in page
        assert "<img" not in page and not re.search(r"""(href|src|action)=["']?\s*javascript:""", page)
        assert "{{ 7*7 }}" in page and "[bold]loud[/bold]" in page


def commands(storage: str) -> list[tuple[str, tuple[str, ...]]]:
    named = ("--name", "r", "--storage", storage)
    return [
        ("study.status", named),
        ("study.status", (*named, "--failed")),
        ("study.status", ("--storage", storage)),
        ("study.doctor", named),
        ("results.report", (*named, "--out", "out.html")),
        ("study.launch", (*named, "--plan")),
        ("study.status", ("--name", HOSTILE.replace("\x00", ""), "--storage", storage)),
        ("study.launch", ("--name", HOSTILE, "--rehearse", "--plan")),
        ("study.launch", ("--space", f"{HOSTILE}.py", "--rehearse", "--plan", "--name", "n")),
        ("study.launch", ("--space", "pooling", "--set", f"pooling={HOSTILE}", "--rehearse", "--plan", "--name", "n")),
        ("study.dashboard", ("--name", HOSTILE, "--storage", storage)),
    ]


@pytest.mark.parametrize("which", range(11))
def test_the_terminal_shows_them_without_control_codes(
    place: Place, which: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "9000")  # nothing is cut
    module, arguments = commands(f"sqlite:///{place.database}")[which]
    done = place.call(*arguments, module=module)
    told = done.stdout + done.stderr
    assert told.strip() and "Traceback" not in told and "should not happen" not in told
    assert CONTROL.findall(told) == []
    if module == "study.status" and arguments[-1] != "--failed":
        assert "[bold]" in re.sub(r"\s", "", told), "markup was obeyed, or the text is not there"


SPACE = """
from search_spaces import Factor, Level, Space
BAD = {bad!r}
SPACE = Space(
    name="hostile", goal=BAD, design="grid",
    factors=(Factor("pooling", "scientific", "cls", (
        Level("cls", {{"pooling.name": "cls"}}, note=BAD), Level("mean", {{"pooling.name": "mean"}}, note=BAD),
    ), about=BAD),),
    rows={{BAD: {{}}, BAD + "2": {{"pooling": "mean"}}}},
)
"""
TRAINER = """
BAD = {bad!r}
def train(configuration, seed, report):
    if configuration["pooling"]["name"] == "mean":
        raise RuntimeError(BAD)
    return {{"scores": {{"sst": 0.5 + seed % 7 / 100}}}}
"""


def test_a_space_and_a_model_that_speak_in_tongues(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place(tmp_path)
    (tmp_path / "space.py").write_text(SPACE.format(bad=HOSTILE), encoding="utf-8")
    (tmp_path / "tongues.py").write_text(TRAINER.format(bad=HOSTILE), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    done = place.call(
        "--space", "space.py", "--trainer", "tongues:train", "--name", "t", "--seeds", "2", "--workers", "1"
    )
    assert done.returncode == 3, done.stdout + done.stderr
    failed = place.call("--name", "t", "--failed", module="study.status")
    shown = place.call("show", "space.py", module="search_spaces.__main__")
    log = (tmp_path / "runs" / "t" / "launch.log").read_text(encoding="utf-8")
    for told in (done.stdout + done.stderr, failed.stdout, shown.stdout, log):
        assert CONTROL.findall(told) == []
    assert "loud" in failed.stdout and "loud" in shown.stdout
    report = (tmp_path / "runs" / "t" / "report.html").read_text(encoding="utf-8")
    assert f"<script>{MARK}" not in report and "<img" not in report and report.count("loud") >= 3


@pytest.mark.parametrize("name", NAMES)
def test_a_name_cannot_leave_its_folder(name: str, tmp_path: Path, place: Place) -> None:
    inside = Place(tmp_path / "a" / "b")
    inside.folder.mkdir(parents=True)
    (inside.folder / "runs").mkdir()
    shutil.copy(place.database, inside.database)
    update(inside.database, ("pragma foreign_keys = off", ()), ("update study_meta set study_name = ?", (name,)))
    before = set(tmp_path.rglob("*"))
    done = inside.call(
        "--space", "pooling", "--rehearse", "--trials", "1", "--name", name, "--storage", "sqlite:///new.db"
    )
    assert done.returncode == 2 and set(tmp_path.rglob("*")) - before <= {inside.folder / "new.db"}, done.stderr
    if set(name) & set("/\\") or name in ("..", "."):
        for module in ("results.report", "results.export"):
            done = inside.call("--name", name, "--storage", f"sqlite:///{inside.database}", module=module)
            assert done.returncode == 2 and "--out" in done.stderr, done
    allowed = {inside.folder / "new.db", *(Path(f"{inside.database}{end}") for end in ("-wal", "-shm"))}
    assert set(tmp_path.rglob("*")) - before <= allowed


def test_markdown_says_what_the_text_says() -> None:
    reader = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    for text in (
        f"# {HOSTILE}\n\n* x | y",
        "1. one", "2) two", "- a", "+ b", "=== c", "--- d", ": e", "> f", "    four spaces",
        "_a_ b_c __d__ *e* `f` ~~g~~",
        "https://example.org www.example.org a@example.org", "[x](y) ![x](y) <b> &lt; \\ $a$", "#1 @somebody",
    ):  # fmt: skip
        line = escaped(text)
        (_, inline, _) = reader.parse(line)  # one paragraph, so nothing at the line's beginning was obeyed
        assert inline.children and {token.type for token in inline.children} <= {"text", "text_special"}, text
        assert "".join(token.content for token in inline.children) == plain(" ".join(text.split()))
        assert not re.search(r"(?<!\\)://|www\.|(?<!\\)@", line), (
            text
        )  # what GitHub links and mentions without brackets
        assert len(reader.parse(f"| {line} |\n|---|")) == len(reader.parse("| x |\n|---|"))


def test_plain_text_has_no_control_characters_and_nothing_is_lost() -> None:
    assert plain("a\tb\nc") == "a\tb\nc" and plain("数 é 🙂") == "数 é 🙂"
    assert plain("\x1b[2J\x9b\u202e\r") == "\\x1b[2J\\x9b\\u202e\\r"


def test_json_output_is_json_whatever_stands_in_it(place: Place) -> None:
    storage = f"sqlite:///{place.database}"
    done = place.call("--name", "r", "--storage", storage, "--json", module="study.status")
    told: Any = json.loads(done.stdout)
    assert told["space"] == HOSTILE and CONTROL.findall(done.stdout) == []
