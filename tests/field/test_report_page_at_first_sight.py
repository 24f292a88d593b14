"""The report reads as a summary: four sections unfolded, a sentence on each folded one, 25 runs, the best first."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlite import migrated

from results.database.database import open_database
from results.database.rows import RunResult
from results.report.contents import OPEN
from results.report.render import render_report
from results.report.run_table import FIRST_ROWS
from tests.results.conftest import BASELINE, BEST, StudyMaker, fill

RUNS = 60


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page of a finished study with `RUNS` more runs in its search, whose scores do not ascend."""
    with open_database(migrated(tmp_path_factory.mktemp("finished"))) as database:
        make = fill(StudyMaker(database))
        for number in range(RUNS):
            run = make.start({**BASELINE, "learning_rate": (number + 1) * 1e-5}, 0)
            result = RunResult(status="complete", score=0.2 + (7 * number % RUNS) / 1000, train_seconds=1.0)
            database.runs.finish(run, result)
        yield render_report(database, make.name)


def sections(page: str) -> dict[str, tuple[bool, str]]:
    """Anchor -> (unfolded, the sentence beside the heading)."""
    found = re.findall(
        r'<section id="([\w-]+)" .*?<details class="fold"( open)?><summary><h2 .*?</h2><span class="says">(.*?)</span>',
        page,
        re.DOTALL,
    )
    return {anchor: (bool(unfolded), sentence) for anchor, unfolded, sentence in found}


def shown_scores(page: str) -> list[str]:
    rows = re.search(r'<table id="runs-table">.*?<tbody>(.*?)</tbody>', page, re.DOTALL)
    assert rows is not None
    return [re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)[6] for row in rows[1].split("</tr>")[:-1]]


def test_the_first_sections_are_unfolded_and_every_other_says_its_sentence(finished: str) -> None:
    found = sections(finished)
    assert len(found) >= 10
    assert [unfolded for unfolded, _ in found.values()] == [True] * OPEN + [False] * (len(found) - OPEN)
    assert all(sentence.strip().endswith((".", ")")) for _, sentence in found.values()), found
    assert list(found) == re.findall(r'<li><a href="#([\w-]+)">', finished)


def test_sentences_are_not_said_twice(finished: str) -> None:
    visible = re.sub(r"<script.*?</script>", "", finished, flags=re.DOTALL)
    for anchor, (_, sentence) in sections(finished).items():
        assert visible.count(sentence) == 1, anchor


def a_search(make: StudyMaker) -> None:
    for seed in range(3):
        make.complete(BASELINE, seed)


def a_grid(make: StudyMaker) -> None:
    make.database.studies.update(make.name, settings_json={"seeds": 2})
    cells = [make.cell("confirm", "baseline", BASELINE, 0), make.cell("confirm", "row:B", BEST, 1)]
    make.database.studies.replace_cells(make.name, "confirm", cells)
    for choices in (BASELINE, BEST):
        for seed in (1000, 1001):
            make.complete(choices, seed, "confirm")


@pytest.mark.parametrize(("runs", "grid"), [(None, False), (a_search, False), (a_grid, True)])
def test_whatever_a_study_has_four_sections_are_unfolded(tmp_path: Path, runs: Any, grid: bool) -> None:
    with open_database(migrated(tmp_path)) as database:
        make = StudyMaker(database).study(**({"space_json": {"design": "grid", "factors": []}} if grid else {}))
        if runs:
            runs(make)
        found = sections(render_report(database, make.name))
    assert sum(unfolded for unfolded, _ in found.values()) == min(OPEN, len(found))
    assert next(iter(found)) == "ablation" and list(found)[-1] == "runs"
    assert all(sentence.strip() for _, sentence in found.values()), found


def test_the_page_has_25_runs_best_first_and_the_rest_as_data(finished: str) -> None:
    scores = shown_scores(finished)
    assert len(scores) == FIRST_ROWS == 25
    assert scores == sorted(scores, reverse=True)
    data = json.loads(re.search(r'id="runs-data">(.*?)</script>', finished)[1])  # type: ignore[index]
    assert (data["count"], data["first"]) == (RUNS + 29, 25)
    highest = next(column for column in data["columns"] if column["id"] == "score")["names"][-1]
    assert scores[0] == highest


def test_runs_without_a_score_come_last(tmp_path: Path) -> None:
    with open_database(migrated(tmp_path)) as database:
        make = StudyMaker(database).study()
        make.failed(BASELINE)
        make.start(BASELINE, 1)
        for seed in range(2, 5):
            make.complete(BASELINE, seed, quality=0.5 + seed / 20)
        scores = shown_scores(render_report(database, make.name))
    assert scores[3:] == ["–", "–"]
    assert scores[:3] == sorted(scores[:3], reverse=True)


@pytest.fixture(scope="module")
def opened(browser: Any, finished: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The page in a browser, not yet with an address of its own."""
    file = tmp_path_factory.mktemp("page") / "report.html"
    file.write_text(finished, encoding="utf-8")
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, reduced_motion="reduce")
    context.set_default_timeout(60_000)
    page = context.new_page()

    def at(fragment: str) -> Any:
        page.goto("about:blank")
        page.goto(f"file://{file}{fragment}")
        page.wait_for_selector("html[data-figures=drawn]", state="attached")
        return page

    yield at
    context.close()


@pytest.mark.slow
@pytest.mark.parametrize("anchor", ["#runs", "#search", "#figure-history", "#runs=3,5", "#runs-table"])
def test_an_address_opens_what_it_leads_into(opened: Any, anchor: str) -> None:
    page = opened(anchor)
    name = anchor.partition("=")[0]
    fold = page.locator(f"section:has({name}) > details.fold, section{name} > details.fold").first
    fold.locator("xpath=self::*[@open]").wait_for(state="attached")
    assert page.locator(name).first.evaluate(
        "place => { const { top, bottom } = place.getBoundingClientRect(); return bottom > 0 && top < innerHeight; }"
    )


@pytest.mark.slow
def test_links_open_folded_sections_again_and_again(opened: Any) -> None:
    page = opened("")
    table = page.locator("#runs-table")
    assert not table.is_visible()
    for _ in range(2):
        page.locator("nav.contents a[href='#runs']").click()
        table.wait_for(state="visible")
        page.locator("#runs > details > summary h2").click()
        table.wait_for(state="hidden")


@pytest.mark.slow
def test_a_figure_is_drawn_as_wide_as_its_section_when_that_opens(opened: Any) -> None:
    page = opened("")
    place = page.locator("#figure-history")
    assert page.locator("#figure-history .main-svg").count() == 0
    page.locator("nav.contents a[href='#search']").click()
    page.locator("#figure-history .main-svg").first.wait_for(state="visible")
    drawn = page.locator("#figure-history .main-svg").first.bounding_box()
    assert drawn["width"] == pytest.approx(place.bounding_box()["width"], abs=4)


@pytest.mark.slow
def test_the_rest_of_the_runs_comes_on_demand(opened: Any) -> None:
    page = opened("#runs")
    rows = page.locator("#runs-table tbody tr")
    assert rows.count() == 25
    assert page.locator("#runs-table th[data-column=score]").get_attribute("aria-sort") == "descending"
    page.get_by_role("button", name=f"Show {RUNS + 4} more").click()
    assert rows.count() == RUNS + 29
    page.evaluate("location.hash = '#runs=phase:confirm'")
    page.wait_for_function("document.querySelectorAll('#runs-table tbody tr').length === 9")


@pytest.mark.slow
def test_on_paper_folded_sections_are_open_without_a_script(browser: Any, finished: str, tmp_path: Path) -> None:
    import io

    from pypdf import PdfReader

    file = tmp_path / "report.html"
    file.write_text(finished, encoding="utf-8")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"file://{file}")
    paper = PdfReader(io.BytesIO(page.pdf(format="A4")))
    context.close()
    text = " ".join(" ".join(sheet.extract_text() for sheet in paper.pages).split())
    assert "This command started the study" in text and "faulty row" in text
    assert "Figures need JavaScript" in text
