"""The dashboard's first page has every study with its answer; Optuna's pages offer nothing that is refused."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import pytest
from asking import ask, rehearsed_once
from place import Place
from serving import dashboard_of

from results.database.database import open_database
from results.database.rows import StudyRow
from study.web import cards
from study.web.application import application
from study.web.guard import Guard
from study.web.offered import BUTTONS, ICONS, STYLE

TOKEN = "a-token-of-some-length"
OTHER = "another & 50% <b>"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The study `r`, one that has not begun, and one with a name that a launch would not take."""
    made = tmp_path_factory.mktemp("dashboard")
    shutil.copytree(rehearsed_once(tmp_path_factory).folder / "runs", made / "runs")
    found = Place(made)
    with open_database(f"sqlite:///{found.database}") as database:
        for name, status in (("waiting", "running"), (OTHER, "interrupted")):
            database.studies.create(
                StudyRow(
                    study_name=name, space="pooling", goal="Is it <safe>?", command="c", data_source="demo",
                    data_made_up=False, data_fingerprint="f", backbone="tiny", seed=0, status=status,
                    settings_json={"trials": 12, "seeds": 3},
                )
            )  # fmt: skip
    return found


@pytest.fixture
def served(place: Place, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(place.folder)
    return application(f"sqlite:///{place.database}", "r")[0]


def articles(page: str) -> list[str]:
    return re.findall("<article>.*?</article>", page, re.DOTALL)


def test_every_study_is_a_card_the_served_one_first(served: Any) -> None:
    found = articles(ask(served).text)
    assert len(found) == 3
    assert '<a href="/report">r</a>' in found[0]
    assert "Best" in found[0] and "Gain over the baseline" in found[0] and "95 %" in found[0]
    assert re.search(r"\d+ single changes?: ", found[0]) and "search: 4 of 4 trials" in found[0]
    assert "Rehearsal: nothing was trained" in found[0] and "UTC" in found[0]


def test_a_study_without_runs_says_how_far_it_is(served: Any) -> None:
    (card,) = [one for one in articles(ask(served).text) if "waiting" in one]
    assert "No run is complete yet" in card and "search: 0 of 12 trials" in card and "<progress" in card
    assert 'class="status stopped"' in card  # nobody drives it


def test_a_card_says_what_to_know_before_its_numbers(served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = cards.summarise
    monkeypatch.setattr(cards, "summarise", lambda results: replace(whole(results), cautions=("Mind <this>.",)))
    assert '<p class="warning">Mind &lt;this&gt;.</p>' in articles(ask(served).text)[0]


@pytest.mark.slow
def test_every_link_of_the_first_page_leads_somewhere(served: Any) -> None:
    page = ask(served).text
    links = [link.replace("&amp;", "&") for link in re.findall(r'<a href="(/[^"]*)"', page)]
    assert len(links) > 30 and any(link.startswith("/study/waiting/report") for link in links)
    for link in links:
        if "/study/" in link or link in ("/report", "/dashboard"):
            assert ask(served, path=unquote(link).encode().decode("latin-1")).status == 200, link


def test_the_report_of_another_study_follows_that_study(served: Any) -> None:
    assert "waiting" in ask(served, path="/study/waiting/report").text
    assert ask(served, path="/study/waiting/report/state").status == 200
    assert ask(served, path="/study/nobody/report").status == 404
    assert ask(served, path="/study/waiting/report/tables/../x.csv").status == 404
    assert ask(served, "POST", "/study/waiting/report").status == 405


def test_a_name_is_text_on_the_page(served: Any) -> None:
    page = ask(served).text
    assert "<b>" not in page and "another &amp; 50% &lt;b&gt;" in page and "Is it &lt;safe&gt;?" in page


def test_a_first_page_does_not_wait_for_answers_that_take_long(served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cards, "PATIENCE", -1.0)
    page = ask(served).text
    assert page.count("The answer is being computed") == 3 and '<meta http-equiv="refresh" content="2">' in page
    monkeypatch.setattr(cards, "PATIENCE", 60.0)
    assert "The answer is being computed" not in ask(served).text


def test_an_answer_is_computed_once_until_its_study_changes(served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = []
    whole = cards.summarise
    monkeypatch.setattr(cards, "summarise", lambda results: counted.append(1) or whole(results))
    first = ask(served).text
    assert len(counted) == 3 and ask(served).text == first and len(counted) == 3


@pytest.mark.parametrize("path", ["/dashboard", "/dashboard/", "/dashboard/studies/1", "/dashboard/studies/1/trials"])
def test_what_is_refused_is_not_offered(served: Any, path: str) -> None:
    answer = ask(Guard(served, host="127.0.0.1", token=None), path=path)
    assert answer.status == 200 and STYLE in answer.text and answer.text.index(STYLE) < answer.text.index("</head>")
    assert int(answer.headers["content-length"]) == len(answer.body) and answer.headers["cache-control"] == "no-store"
    assert "'unsafe-inline'" in answer.headers["content-security-policy"].partition("style-src")[2].partition(";")[0]
    head = ask(Guard(served, host="127.0.0.1", token=None), "HEAD", path)
    assert head.body == b"" and head.headers["content-length"] == answer.headers["content-length"]
    later = "Fri, 01 Jan 2100 00:00:00 GMT"
    again = ask(Guard(served, host="127.0.0.1", token=None), path=path, HTTP_IF_MODIFIED_SINCE=later)
    assert again.status == 200 and STYLE in again.text


def test_who_may_write_is_offered_all_of_it(served: Any) -> None:
    guard = Guard(served, host="127.0.0.1", token=TOKEN)
    assert STYLE in ask(guard, path="/dashboard").text
    assert STYLE not in ask(guard, path="/dashboard", HTTP_AUTHORIZATION=f"Bearer {TOKEN}").text


def test_nothing_else_of_optunas_is_changed(served: Any) -> None:
    guard = Guard(served, host="127.0.0.1", token=None)
    assert STYLE.encode() not in ask(guard, path="/api/studies").body
    bundle = ask(guard, path="/static/bundle.js", HTTP_ACCEPT_ENCODING="identity")
    assert bundle.status == 200 and STYLE.encode() not in bundle.body
    for name in (*BUTTONS, *(icon.removesuffix("Icon") for icon in ICONS)):
        assert f'"{name}"' in bundle.text, f"optuna-dashboard has renamed {name}"


@pytest.fixture
def address(place: Place) -> Iterator[str]:
    with contextlib.chdir(place.folder), dashboard_of(f"sqlite:///{place.database}", "r") as found:
        yield found


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/dashboard", "/dashboard/studies/1", "/dashboard/studies/1/trials?numbers=0"])
def test_a_person_sees_no_button_that_fails(browser: Any, address: str, path: str) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.goto(f"{address}{path}", timeout=120_000)
    page.wait_for_load_state("networkidle")
    page.locator(".MuiCard-root").first.wait_for()
    seen = "(selector) => [...document.querySelectorAll(selector)].filter((one) => one.getClientRects().length).length"
    for name in BUTTONS:
        assert page.evaluate(seen, f'[aria-label="{name}"]') == 0, name
    for icon in ICONS:
        assert page.evaluate(seen, f'button [data-testid="{icon}"]') == 0, icon
    assert page.get_by_text("Upload a New File").filter(visible=True).count() == 0
    page.close()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_the_first_page_fits_the_screen_in_light_and_dark(browser: Any, address: str, scheme: str, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 844}, color_scheme=scheme)
    complaints: list[str] = []
    page.on("console", lambda told: told.type == "error" and complaints.append(told.text))
    page.goto(f"{address}/", timeout=120_000)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "wider than the screen"
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 27)"
    assert dark == (scheme == "dark") and page.locator("article").count() == 3
    page.get_by_role("link", name="Report").nth(1).click()
    page.wait_for_url("**/report")
    assert complaints == []
    page.close()
