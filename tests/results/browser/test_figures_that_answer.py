"""Figures that answer: a menu of factors, lines that pointing finds, tables to copy; under the policy of a server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect
from sqlite import migrated

from results.database.database import open_database
from results.database.rows import RunResult
from results.report.render import render_report
from tests.results.browser.conftest import opening
from tests.results.conftest import BASELINE, StudyMaker, fill

if TYPE_CHECKING:
    from tests.results.browser.conftest import Opened

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def report(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """A finished study with enough runs in its search for lines, served with its policy."""
    folder: Path = tmp_path_factory.mktemp("study")
    with open_database(migrated(folder)) as database:
        make = fill(StudyMaker(database))
        for number in range(12):
            choices = {**BASELINE, "pooling": ("cls", "mean")[number % 2], "learning_rate": 10 ** (-5 + number / 6)}
            run = make.start(choices, number)
            database.runs.finish(run, RunResult(status="complete", score=0.3 + number / 50, train_seconds=5.0))
        text = render_report(database, make.name)
    with opening(browser, folder) as open_report:
        found = open_report(text, policy=True, fragment="#search")
        found.drawn()
        found.page.evaluate("document.documentElement.style.scrollBehavior = 'auto'")
        found.page.locator("#fold-all").click()
        found.page.wait_for_function("!document.querySelector('.plot:not(.js-plotly-plot)')")
        yield found


def test_a_menu_draws_another_factor(report: Opened) -> None:
    page = report.page
    title = page.locator("#figure-slices .xtitle")
    page.locator("#slices select").select_option(label="learning_rate")
    expect(title).to_have_text("learning_rate")
    assert page.evaluate("document.getElementById('figure-slices')._fullLayout.xaxis.type") == "log"
    page.locator("#slices select").select_option(label="pooling")
    expect(title).to_have_text("pooling")
    expect(page.locator("#figure-slices .xtick").first).to_have_text("cls")
    assert report.said == []


def test_pointing_at_a_line_says_its_run_and_a_click_opens_it(report: Opened) -> None:
    page = report.page
    page.locator("#figure-parallel").scroll_into_view_if_needed()
    x, y, run = page.evaluate(
        """() => {
            const place = document.getElementById("figure-parallel");
            const line = JSON.parse(document.getElementById("figures-data").textContent)
                .find((figure) => figure.id === "figure-parallel").lines.at(-1);
            const { xaxis, yaxis } = place._fullLayout;
            const { left, top } = place.getBoundingClientRect();
            const at = line.at.length - 1;
            return [left + xaxis._offset + xaxis.d2p(at), top + yaxis._offset + yaxis.d2p(line.at[at]), line.id];
        }"""
    )
    page.mouse.move(x, y)
    said = page.locator("#search .pointed")
    expect(said).to_have_text(re.compile(rf"^run {run}: score "))
    page.mouse.click(x, y)
    expect(page.locator("#runs-table tbody tr")).to_have_count(1)
    assert report.rows() == [str(run)]
    page.mouse.move(2, 2)
    expect(said).to_have_text("")
    assert report.said == []


def test_a_table_is_copied_or_shown_to_be_copied(report: Opened) -> None:
    page = report.page
    page.locator("button[data-copy=methods-latex]").click()
    expect(page.locator("button[data-copy=methods-latex]")).to_have_text(re.compile("Copied|Selected"))
    if page.locator("button[data-copy=methods-latex]").inner_text() == "Selected":
        assert "\\begin{table" in page.evaluate("getSelection().toString()")
    assert report.said == []


def test_lanes_of_the_timeline_are_bars(report: Opened) -> None:
    assert report.page.locator("#figure-timeline .bars .point").count() > 20
