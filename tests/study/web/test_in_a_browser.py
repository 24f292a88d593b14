"""The dashboard as a person sees it: pages load without a complaint, links lead on, nothing can be changed."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from pages import Error
from place import Place
from serving import dashboard_of

from results.database.database import open_database
from study.web import study_pages as our_pages

pytestmark = pytest.mark.slow
WAIT = 120_000  # milliseconds: the machine may have other things to do
SIZES = [(1440, 1000), (390, 844)]


@pytest.fixture
def address(copied: Place) -> Iterator[str]:
    with dashboard_of(f"sqlite:///{copied.database}", "r") as found:
        yield found


class Tab:
    """One page, and what its console complained of."""

    def __init__(self, browser: Any, size: tuple[int, int] = SIZES[0]) -> None:
        self.page = browser.new_page(viewport={"width": size[0], "height": size[1]})
        self.page.set_default_timeout(WAIT)
        self.complaints: list[str] = []
        self.page.on("console", lambda told: told.type == "error" and self.complaints.append(told.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, url: str) -> Any:
        answer = self.page.goto(url, timeout=WAIT)
        assert answer.status == 200, url
        return self.page


def until(page: Any, expression: str) -> None:
    """Wait until an expression is true; Playwright's own way to wait needs eval, which our pages forbid."""
    deadline = time.monotonic() + WAIT / 1000
    while time.monotonic() < deadline:
        with contextlib.suppress(Error):  # a page that comes anew has nothing to ask for a moment
            if page.evaluate(expression):
                return
        time.sleep(0.2)
    raise AssertionError(f"never true: {expression}")


@pytest.mark.parametrize("size", SIZES)
def test_from_the_first_page_to_the_report_with_its_figures(browser: Any, address: str, size: tuple[int, int]) -> None:
    tab = Tab(browser, size)
    page = tab.open(f"{address}/")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "wider than the screen"
    page.get_by_role("link", name="Report", exact=True).click()
    page.wait_for_selector("html[data-figures=drawn]")
    page.locator("#fold-all").click()
    page.wait_for_function("!document.querySelector('.plot:not(.js-plotly-plot)')")
    assert page.locator(".main-svg").count() >= 2
    until(page, "document.getElementById('following-says').textContent.startsWith('The study is done')")
    assert tab.complaints == []
    page.close()


@pytest.mark.parametrize("part", ["", "/trials", "/trialTable", "/note"])
def test_optunas_pages_load_without_a_complaint(browser: Any, address: str, part: str) -> None:
    tab = Tab(browser)
    page = tab.open(f"{address}/dashboard/studies/1{part}")
    page.wait_for_load_state("networkidle")
    until(page, "!document.body.innerText.includes('NOW LOADING')")
    assert tab.complaints == []
    page.close()


def test_artifacts_are_listed_and_open(browser: Any, address: str) -> None:
    tab = Tab(browser)
    page = tab.open(f"{address}/dashboard/studies/1")
    page.get_by_text("report.html").first.wait_for()
    page.get_by_text("confusion-sst.svg").first.wait_for()
    until(page, "[...document.images].some((one) => one.src.includes('/artifacts/') && one.naturalWidth > 100)")
    found = page.evaluate("fetch('/api/studies/1').then((answer) => answer.json()).then((told) => told.artifacts)")
    report = next(one for one in found if one["filename"] == "report.html")
    opened = Tab(browser)
    shown = opened.open(f"{address}/artifacts/1/{report['artifact_id']}")
    shown.wait_for_selector("html[data-figures=drawn]")
    assert shown.evaluate("origin") == "null", "it is of no origin, and reaches nothing of the dashboard"
    assert opened.complaints == [] and tab.complaints == []


def test_nothing_can_be_changed_from_a_page(browser: Any, address: str, copied: Place) -> None:
    page = Tab(browser).open(f"{address}/dashboard")
    asked = "([method, path]) => fetch(path, {method, body: '{}'}).then((answer) => answer.status)"
    for method in ("POST", "PUT", "DELETE"):
        for path in ("/api/studies/1", "/api/artifacts/1", "/api/studies/1/note", "/report", "/"):
            assert page.evaluate(asked, [method, path]) in (403, 405), (method, path)
    assert copied.rows("select study_name from studies") == [("r",)]
    page.close()


def test_a_growing_study_comes_anew_where_it_was(
    browser: Any, address: str, copied: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(our_pages, "REST", 0.0)
    tab = Tab(browser)
    page = tab.open(f"{address}/report")
    page.wait_for_selector("html[data-figures=drawn]")
    folds = page.locator("details:not([open])")
    page.evaluate("document.querySelectorAll('details:not([open])').forEach((one) => { one.open = true; })")
    assert folds.count() == 0
    page.evaluate("document.getElementById('method').scrollIntoView({behavior: 'instant'}); scrollBy(0, 37)")
    top = "document.getElementById('method').getBoundingClientRect().top"
    before, loaded = page.evaluate(top), page.evaluate("performance.timeOrigin")
    with open_database(f"sqlite:///{copied.database}") as database:
        database.studies.update("r", data_json={"note": {"fresh": "a-new-word"}})
    until(page, f"performance.timeOrigin > {loaded} && document.body.textContent.includes('a-new-word')")
    page.wait_for_selector("html[data-figures=drawn]")
    assert folds.count() == 0, "what was unfolded is folded again"
    assert abs(page.evaluate(top) - before) < 3
    assert tab.complaints == []
    page.close()


def test_a_page_whose_server_has_gone_says_so(browser: Any, copied: Place) -> None:
    with dashboard_of(f"sqlite:///{copied.database}", "r") as found:
        page = Tab(browser).open(f"{found}/report")
        until(page, "document.getElementById('following-says').textContent.startsWith('The study')")
    until(page, "document.getElementById('following-says').textContent.startsWith('The server no longer answers')")
    assert re.search("^Best", page.locator("h1").inner_text())
    page.close()
