"""The report as people use it: folding, sorting, filtering, from a number to its runs, dark, narrow, on paper."""

from __future__ import annotations

import hashlib
import io
import math
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from pypdf import PdfReader
from tier import often

from results.database.database import Database, open_database
from results.report.render import render_report
from tests.results.conftest import BASELINE, StudyMaker

if TYPE_CHECKING:
    from tests.results.browser.conftest import Open, Opened

pytestmark = pytest.mark.slow
expect.set_options(timeout=60_000)  # milliseconds; a busy machine may need many
NAME = "demo-study"


def serious(report: Opened) -> list[str]:
    """What axe-core finds that keeps people out, with the places."""
    found: list[dict[str, Any]] = Axe().run(report.page).response["violations"]
    return [
        f"{one['id']}: {[node['target'] for node in one['nodes']][:4]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


def empty(make: StudyMaker) -> None:
    make.study()


def all_failed(make: StudyMaker) -> None:
    make.study().failed(BASELINE)
    make.failed({**BASELINE, "pooling": "mean"})


def one_run(make: StudyMaker) -> None:
    make.study().complete(BASELINE, 0)


def test_every_figure_is_drawn_and_the_console_is_silent(report: Opened, phone: Opened) -> None:
    for each in (report, phone):
        each.page.wait_for_function("!document.querySelector('.plot:not(.js-plotly-plot)')")
        figures = each.page.locator(".plot")
        assert figures.count() >= 5
        assert each.page.locator(".plot .main-svg").count() >= figures.count()
        assert each.said == []


def test_the_policy_lets_the_report_work(opened: Open, finished_page: str) -> None:
    report = opened(finished_page, policy=True)
    report.drawn()
    report.page.locator("#theme").click()
    report.page.locator(".tile a.runs").first.click()
    assert report.said == []
    assert report.rows()


@pytest.mark.parametrize("state", [empty, all_failed, one_run])
def test_a_study_with_little_in_it_has_a_page_that_works(opened: Open, light: StudyMaker, state: Any) -> None:
    state(light)
    report = opened(render_report(light.database, light.name))
    expect(report.page.locator("h1")).to_be_visible()
    for width in (1440, 390):
        report.page.set_viewport_size({"width": width, "height": 900})
        assert report.width() == (width, width)
    assert serious(report) == []
    assert report.said == []


def test_nobody_is_kept_out_and_a_phone_does_not_scroll_sideways(report: Opened, phone: Opened) -> None:
    assert serious(report) == [] and serious(phone) == []
    assert phone.width() == (390, 390)


def test_sections_fold_one_by_one_and_all_at_once(report: Opened) -> None:
    page = report.page
    table = page.locator("#leaderboard table")
    page.locator("#leaderboard > details > summary").click()
    expect(table).to_be_hidden()
    page.locator("#leaderboard > details > summary").press("Enter")
    expect(table).to_be_visible()
    page.locator("#fold-all").click()
    expect(page.locator("details.fold[open]")).to_have_count(0)
    page.locator("nav.contents a[href='#leaderboard']").click()
    expect(table).to_be_visible()
    expect(page.locator("#fold-all")).to_have_text("Open all")
    page.locator("#fold-all").click()
    expect(page.locator("details.fold:not([open])")).to_have_count(0)
    expect(page.locator("#fold-all")).to_have_text("Fold all")


def test_the_list_of_runs_sorts_both_ways(report: Opened) -> None:
    heading = report.page.locator("#runs-table th[data-column=score]")
    score = report.page.locator("#runs-table tbody tr td:nth-child(7)")
    expect(heading).to_have_attribute("aria-sort", "descending")  # the best come first
    report.page.locator("#runs-more button").click()
    told = [text for text in score.all_inner_texts() if re.fullmatch(r"\d\.\d+", text)]
    assert len(told) > 10 and told == sorted(told, reverse=True)
    heading.locator("button").press("Enter")
    expect(heading).to_have_attribute("aria-sort", "ascending")
    report.page.locator("#runs-more button").click()
    texts = score.all_inner_texts()
    assert texts[: len(told)] == sorted(told)
    assert set(texts[len(told) :]) == {"–"}


def test_the_list_of_runs_filters(report: Opened, finished: Database) -> None:
    everything = len(finished.runs.of_study(NAME))
    report.page.locator("[name=status]").select_option("failed")
    failed = [str(run.id) for run in finished.runs.of_study(NAME) if run.status == "failed"]
    assert report.rows() == failed
    assert report.page.url.endswith("#runs=status:failed")
    report.page.get_by_role("button", name="Show all runs").click()
    assert len(report.rows()) == 25
    report.page.get_by_role("searchbox", name="Search").fill("cosine confirm")
    wanted = [run.id for run in finished.runs.of_study(NAME) if run.phase == "confirm"]
    assert 0 < len(report.rows()) < everything
    assert {int(row) for row in report.rows()} <= set(wanted)


def test_cells_filter_the_runs_that_they_asked_for(report: Opened, finished: Database) -> None:
    cell = next(cell for cell in finished.studies.cells(NAME) if cell.phase == "ablate")
    report.page.locator("[name=cell]").select_option(cell.name)
    every = finished.runs.of_study(NAME, config_digest=cell.config_digest)
    runs = [run for run in every if run.phase != "search"]
    assert sorted(report.rows(), key=int) == [str(run.id) for run in runs]


def test_a_number_leads_to_its_runs_by_keyboard(report: Opened, finished: Database) -> None:
    decided = finished.studies.require(NAME).decisions_json
    digests = (decided["best"], decided["baseline"])
    report.page.locator(".tile a.runs").nth(1).press("Enter")
    runs = [r.id for r in finished.runs.of_study(NAME) if r.config_digest in digests and r.phase == "confirm"]
    expect(report.page.locator("#runs-table tbody tr")).to_have_count(len(runs))  # the page follows its address later
    assert report.rows() == [str(run) for run in runs]
    expect(report.page.locator("#runs-found")).to_be_focused()
    expect(report.page.locator("#runs-found")).to_be_in_viewport()
    report.page.go_back()
    report.page.locator(".tile a.runs").nth(2).click()
    complete = sum(run.status == "complete" for run in finished.runs.of_study(NAME))
    expect(report.page.locator("#runs-table tbody tr")).to_have_count(complete)


def test_an_address_alone_opens_runs_and_nonsense_none(opened: Open, finished_page: str, finished: Database) -> None:
    report = opened(finished_page, fragment="#runs=2-3,5;phase:search")
    assert report.rows() == [str(run.id) for run in finished.runs.of_study(NAME) if run.id in (2, 3, 5)]
    assert report.page.locator("[name=phase]").input_value() == "search"
    report.page.evaluate("location.hash = '#runs=%E0%A4%A;nothing:else;text:%E0%A4%A'")
    expect(report.page.locator("#runs-found")).to_have_text(re.compile("^0 of "))
    assert report.said == []


def test_a_point_of_a_figure_leads_to_its_runs(report: Opened) -> None:
    report.page.evaluate("document.documentElement.style.scrollBehavior = 'auto'")
    point = report.page.locator("#figure-history .points path").last
    point.scroll_into_view_if_needed()
    box = point.bounding_box()
    assert box is not None
    report.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    report.page.wait_for_url(re.compile(r"#runs=\d+$"))
    expect(report.page.locator("#runs-table tbody tr")).to_have_count(1)  # drawn just after the address has changed


def test_dark_is_dark_and_can_be_chosen(phone: Opened) -> None:
    page = phone.page
    ground = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(ground) == "rgb(20, 23, 27)"
    page.locator("#theme").click()
    expect(page.locator("#theme")).to_have_text("Theme: light")
    assert page.evaluate(ground) == "rgb(251, 251, 250)"
    page.locator("#theme").click()
    assert page.evaluate(ground) == "rgb(20, 23, 27)"


def test_figures_follow_the_theme(report: Opened) -> None:
    tick = "getComputedStyle(document.querySelector('#figure-curves .xtick text')).fill"
    light = report.page.evaluate(tick)
    for _ in range(2):
        report.page.locator("#theme").click()
    assert report.page.evaluate(tick) != light


def test_on_paper_everything_stands_in_order(report: Opened) -> None:
    report.page.locator("#fold-all").click()
    titles = report.page.locator("section h2").all_text_contents()
    paper = PdfReader(io.BytesIO(report.page.pdf(format="A4")))
    text = " ".join(" ".join(page.extract_text() for page in paper.pages).split())
    assert len(paper.pages) >= 6
    at = 0
    for title in titles:
        assert title in text[at:], title
        at = text.index(title, at)
    assert "Theme: auto" not in text


def test_the_rows_that_do_not_fit_come_on_demand(opened: Open, light: StudyMaker) -> None:
    light.study()
    for seed in range(229):
        light.start(BASELINE, seed)
    light.complete(BASELINE, 229, predictions=False)
    report = opened(render_report(light.database, light.name))
    assert len(report.rows()) == 25
    report.page.locator("#fold-all").click()
    report.page.get_by_role("button", name="Show 200 more of 205").click()
    report.page.get_by_role("button", name="Show 5 more of 5").click()
    assert len(report.rows()) == 230
    told = " ".join(report.page.locator("#runs-table tbody tr").first.inner_text().split())
    assert told.startswith("230 search the baseline 229 complete 0.")
    expect(report.page.locator("#runs-more")).to_be_hidden()
    assert report.said == []


MORE = often(250, 10_000)


@pytest.fixture
def many(tmp_path: Path, finished_url: str) -> Iterator[Database]:
    """The finished study with more runs in its search, as many configurations, three epochs each."""
    file = tmp_path / "many.db"
    shutil.copy(finished_url.removeprefix("sqlite:///"), file)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.row_factory = sqlite3.Row
        row = dict(connection.execute("select * from run where phase = 'search' and status = 'complete'").fetchone())
        choices = [found[0] for found in connection.execute("select distinct choices_json from run")]
        epochs = [
            dict(found) for found in connection.execute("select * from epoch_metric where run_id = ?", [row["id"]])
        ]
        for number in range(MORE):
            run = {
                **row,
                "id": 1_000 + number,
                "trial_number": 1_000 + number,
                "config_digest": hashlib.sha256(str(number).encode()).hexdigest(),
                "choices_json": choices[number % len(choices)],
                "score": 0.4 + 0.2 * math.sin(number),
            }
            insert(connection, "run", run)
            for epoch in epochs:
                insert(connection, "epoch_metric", {**epoch, "run_id": run["id"]})
    with open_database(f"sqlite:///{file}") as database:
        yield database


def insert(connection: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    row = {column: value for column, value in row.items() if (table, column) != ("epoch_metric", "id")}
    holes = ", ".join("?" * len(row))
    connection.execute(f"insert into {table} ({', '.join(row)}) values ({holes})", list(row.values()))


@pytest.mark.nightly
def test_many_runs_are_one_page_that_works(opened: Open, many: Database, finished_page: str) -> None:
    """250, and 10,000 in the nightly tier: 8 MB."""
    text = render_report(many, NAME)
    assert len(text) < len(finished_page) + 600 * MORE + 400_000  # the last: the points that figures draw at most
    report = opened(text)
    report.drawn()
    assert report.said == []
    report.page.locator("#fold-all").click()
    assert len(report.rows()) == 25
    last = str(1_000 + MORE - 1)
    report.page.get_by_role("searchbox", name="Search").fill(last)
    expect(report.page.locator("#runs-table tbody tr")).to_have_count(1)
    assert report.rows() == [last]
    report.page.get_by_role("button", name="Show all runs").click()
    best = max(run.score for run in many.runs.of_study(NAME, configs=False) if run.score is not None)
    assert report.page.locator("#runs-table tbody tr").first.locator("td:nth-child(7)").inner_text() == f"{best:.3f}"
    assert report.said == []
