"""All runs as columns: what stands in a row, in which order codes sort, and how little they take."""

from __future__ import annotations

import json
import re
from typing import Any

from results.analysis.summary import summarise
from results.database.rows import RunResult
from results.measurements.study_results import StudyResults
from results.report.render import render_report
from results.report.run_table import FIRST_ROWS, RunColumn, run_list
from tests.results.conftest import BASELINE, BEST, HOSTILE, THIRD, StudyMaker


def columns(make: StudyMaker) -> dict[str, RunColumn]:
    results = StudyResults(make.database, make.name)
    return {one.id: one for one in run_list(results.runs, summarise(results), results.references()).columns}


def carried(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="runs-data">(.*?)</script>', page)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def test_a_row_reads_as_it_did(light: StudyMaker) -> None:
    light.study().complete(BEST, 5, "search")
    light.complete(BASELINE, 6, "search")
    found = columns(light)
    assert found["changes"].text(0) == "mean pooling, cosine sts_head, learning_rate 3.1e-5"
    assert found["changes"].text(1) == "the baseline"
    assert (found["phase"].text(0), found["seed"].text(1), found["memory"].text(0)) == ("search", "6", "512 MB")


def test_codes_of_numbers_sort_as_the_numbers_do(light: StudyMaker) -> None:
    light.study()
    for seed, quality in enumerate((0.9, 0.3, 0.6)):
        light.complete(BASELINE, seed, quality=quality)
    light.start(BASELINE, 100)
    scores = columns(light)["score"]
    assert sorted(range(3), key=lambda row: scores.codes[row]) == [1, 2, 0]
    assert list(scores.names) == sorted(scores.names)
    assert scores.codes[3] == -1 and scores.text(3) == "–"


def test_seeds_sort_as_numbers(light: StudyMaker) -> None:
    light.study()
    for seed in (10, 9):
        light.complete(BASELINE, seed)
    assert columns(light)["seed"].names == ("9", "10")


def test_a_failed_run_says_why(light: StudyMaker) -> None:
    run = light.study().start(BASELINE, 0)
    light.database.runs.finish(run, RunResult(status="failed", reason="nan_loss", detail="step 3"))
    assert columns(light)["reason"].text(0) == "nan_loss: step 3"


def test_the_page_has_the_first_rows_and_the_columns_all(light: StudyMaker) -> None:
    light.study()
    for seed in range(FIRST_ROWS + 5):
        light.start(BASELINE, seed)
    page = render_report(light.database, light.name)
    data = carried(page)
    assert data["count"] == FIRST_ROWS + 5
    assert all(len(one["codes"]) == FIRST_ROWS + 5 for one in data["columns"])
    assert page.count('<tr class="faint">') == FIRST_ROWS


def test_what_others_wrote_does_not_end_the_script(light: StudyMaker) -> None:
    light.study().complete(THIRD, 5)
    page = render_report(light.database, light.name)
    assert HOSTILE not in page
    changes = next(one for one in carried(page)["columns"] if one["id"] == "changes")
    assert any(HOSTILE in name for name in changes["names"])
