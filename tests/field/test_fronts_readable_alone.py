"""Fronts can be read without the rest of the page: units, what points tell, labels, a tolerance for what is timed."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import for_each
from sqlite import migrated

from results.analysis.summary import summarise
from results.database.database import open_database
from results.database.rows import RunResult
from results.figures.labels import Box, Label, place_labels
from results.measurements.cost_units import unit_of
from results.measurements.study_results import StudyResults
from results.report.render import render_report
from results.report.sections import fronts
from results.statistics.pareto import Direction, cost_noise, front, tolerance_of
from tests.results.conftest import StudyMaker

COST_AND_SCORE: tuple[Direction, Direction] = ("minimize", "maximize")
BASELINE = {"pooling": "cls", "width": "8"}
LEVELS = ("mean", "max", "<attention> over all the words of a sentence", "sum", "first", "last")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudyMaker]:
    """Seven configurations with three seeds and a search of one seed each, whose scores are higher; minutes, and MB.

    A recipe is called "best". Five configurations take the same time but for 1 %.
    """
    recipe = {"name": "best", "source": "x", "note": "", "choices": {**BASELINE, "pooling": "sum"}}
    factors = [{"name": k, "baseline": v, "condition": None} for k, v in BASELINE.items()]
    with open_database(migrated(tmp_path_factory.mktemp("fronts"))) as database:
        make = StudyMaker(database).study(space_json={"name": "s", "factors": factors, "recipes": [recipe]})
        cells = []
        for place, level in enumerate((BASELINE["pooling"], *LEVELS)):
            choices = {**BASELINE, "pooling": level}
            cells.append(make.cell("confirm", f"confirm:{place}" if place else "baseline", choices, place))
            seconds = (900 + 2 * place) if place < 5 else 1800.0 * (place - 3)
            score = 0.6 + 0.02 * place
            finish(make, choices, 1, "search", score + 0.1, seconds, place)
            for seed in (1000, 1001, 1002):
                noise = seed - 1001
                finish(make, choices, seed, "confirm", score + 0.003 * noise, seconds + 3 * noise, place)
        database.studies.replace_cells(make.name, "confirm", cells)
        decided = {"baseline": cells[0].config_digest, "baseline_choices": BASELINE, "best": cells[-1].config_digest}
        database.studies.update(make.name, decisions_json=decided)
        yield make


def finish(make: StudyMaker, choices: Any, seed: int, phase: str, score: float, seconds: float, place: int) -> None:
    run = make.start(choices, seed, phase)
    costs = {"train_seconds": seconds, "inference_ms": 3.0 + place, "peak_memory_bytes": int(5e8 + 2e8 * place)}
    make.database.runs.finish(run, RunResult(status="complete", score=score, **costs))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def section(study: StudyMaker) -> Any:
    results = StudyResults(study.database, study.name)
    return fronts.build(results, summarise(results))


@for_each(
    ("column", "amounts", "unit", "first"),
    [
        ("train_seconds", [0.004, 0.03, 0.05], "ms", "4.00 ms"),
        ("train_seconds", [4.25, 60.0, 119.0], "s", "4.25 s"),
        ("train_seconds", [30.0, 821.0, 9000.0], "min", "0.500 min"),
        ("train_seconds", [36000.0], "h", "10.0 h"),
        ("inference_ms", [0.8, 6.62, 2000.0], "ms", "0.800 ms"),
        ("inference_ms", [2500.0], "s", "2.50 s"),
        ("peak_memory_bytes", [512e6, 1.5e9], "MB", "512 MB"),
        ("peak_memory_bytes", [2.4e10], "GB", "24.0 GB"),
        ("trainable_parameters", [22_713_216], "", "22,713,216"),
        ("train_seconds", [], "s", None),
    ],
)
def test_a_cost_has_one_unit_that_fits_it(column: str, amounts: list[float], unit: str, first: str | None) -> None:
    found = unit_of(column, amounts)
    assert found.name == unit
    assert first is None or found.text(amounts[0]) == first
    assert found.title("cost") == (f"cost ({unit})" if unit else "cost")


def test_axis_caption_hover_and_table_have_the_same_unit(section: Any) -> None:
    for name, unit in (("train-seconds", "min"), ("inference-ms", "ms"), ("peak-memory-bytes", "MB")):
        figure = next(one for one in section.figures() if one.id == f"figure-{name}")
        assert figure.layout["xaxis"]["title"]["text"].endswith(f"({unit})")
        assert re.search(rf"at [\d.,]+ {unit}\.$", figure.sentence), figure.sentence
        told = [text for trace in figure.traces if trace.get("runs") for text in trace["text"]]
        assert len(told) == 14 and all(re.search(rf"[\d.,]+ {unit}\b", text) for text in told)
    table = [section.amount(front, row) for row in section.rows for front in section.shown]
    assert {text.rpartition(" ")[2] for text in table} == {"min", "ms", "MB"}


def test_pointing_at_a_point_tells_configuration_score_cost_and_seeds(section: Any) -> None:
    figure = next(one for one in section.figures() if one.id == "figure-train-seconds")
    traces = {trace["name"]: trace for trace in figure.traces}
    told = [*traces["on the Pareto front"]["text"], *traces["confirmed or ablated, mean of seeds"]["text"]]
    assert len(told) == 7
    assert all("3 seeds" in text and "score 0." in text and "training time " in text for text in told)
    assert any(text.startswith("<b>the best: last pooling</b>") for text in told)
    assert any(text.startswith("<b>the baseline</b>") for text in told)
    assert "&lt;attention&gt;" in " ".join(told) and "<attention>" not in " ".join(told)


def test_the_search_is_faint_and_says_what_it_is(section: Any) -> None:
    for figure in section.figures():
        search = figure.traces[0]
        assert search["name"].startswith("search: one seed each, too high")
        assert search["marker"]["size"] < 6 and search["marker"]["opacity"] <= 0.5
        assert all("one seed" in text for text in search["text"])


def test_one_thing_is_called_best(section: Any, study: StudyMaker) -> None:
    for figure in section.figures():
        names = [one["text"] for one in figure.layout.get("annotations", ())]
        assert names.count("best") <= 1
        assert all(trace["name"] != "best" or len(trace["x"]) == 1 for trace in figure.traces)
    page = render_report(study.database, study.name)
    assert ">recipe best</span>" in page and "best so far" not in page


def test_a_front_of_timing_noise_is_one_configuration(section: Any) -> None:
    """Of the five that take the same time but for 1 %, the one with the highest score; the search is not asked."""
    figure = next(one for one in section.figures() if one.id == "figure-train-seconds")
    assert figure.sentence.startswith(
        "3 of 7 configurations are on the front: no other configuration has a better score at no more cost. Costs that "
        "differ by at most 5 % count as equal (runs of one configuration differ by 0."
    )
    exact = next(one for one in section.figures() if one.id == "figure-inference-ms")
    assert exact.sentence.startswith("7 of 7 configurations")


@for_each(
    ("scores", "costs", "tolerance", "on"),
    [
        ([0.7, 0.69], [100, 97], 0.05, [True, False]),  # 3 % cheaper is no reason
        ([0.7, 0.69], [100, 97], 0.0, [True, True]),
        ([0.72, 0.71, 0.70], [108, 104, 100], 0.05, [True, False, True]),  # each beside its neighbour; not the ends
        ([0.7, 0.7], [100, 99], 0.05, [True, True]),
        ([0.7, 0.7], [100, 80], 0.05, [False, True]),
        ([np.nan, 0.7, 0.8], [1, np.nan, 3], 0.05, [False, False, True]),
        ([], [], 0.05, []),
    ],
)
def test_costs_within_the_tolerance_count_as_equal(scores: Any, costs: Any, tolerance: float, on: list[bool]) -> None:
    points = np.stack([np.array(costs, dtype=float), np.array(scores, dtype=float)], axis=1)
    assert front(points, COST_AND_SCORE, tolerance=tolerance).tolist() == on


def test_with_a_tolerance_points_are_taken_from_the_highest_score_down() -> None:
    """Against the definition, one point after the other; with equal scores and costs."""
    rng = np.random.default_rng(0)
    for tolerance in (0.05, 0.3):
        for _ in range(40):
            scores, costs = rng.integers(0, 6, 12) / 10, 1 + rng.integers(0, 8, 12) / 20
            on: list[int] = []
            for i in np.lexsort((costs, -scores)):
                cheaper = [j for j in on if costs[j] <= costs[i] * (1 + tolerance)]
                better = [j for j in cheaper if scores[j] > scores[i] or costs[j] * (1 + tolerance) < costs[i]]
                on += [] if better else [int(i)]
            mask = front(np.stack([costs, scores], axis=1), COST_AND_SCORE, tolerance=tolerance)
            assert np.flatnonzero(mask).tolist() == sorted(on)


def test_whatever_is_off_the_front_has_one_on_it_that_is_better_at_no_more_cost() -> None:
    rng = np.random.default_rng(1)
    for tolerance in (0.05, 0.2):
        scores, costs = rng.random(60), rng.random(60)
        on = front(np.stack([costs, scores], axis=1), COST_AND_SCORE, tolerance=tolerance)
        for i in np.flatnonzero(~on):
            assert ((scores[on] >= scores[i]) & (costs[on] <= costs[i] * (1 + tolerance))).any()


def test_the_tolerance_is_what_seeds_differ_by_and_never_less_than_5_percent() -> None:
    noise = cost_noise([[100.0, 110.0], [50.0]])
    assert noise == pytest.approx(np.log(1.1) / np.sqrt(2))
    assert cost_noise([[1.0], [2.0]]) is None and tolerance_of(None, 1) == 0.05
    assert tolerance_of(0.001, 3) == 0.05
    assert tolerance_of(0.2, 2) == pytest.approx(1.96 * 0.2)


@for_each(
    ("points", "size"),
    [
        ([(10.0, 10.0), (12.0, 12.0), (14.0, 10.0)], (400.0, 200.0)),  # in a corner, on top of each other
        ([(i * 6.0, 75.0) for i in range(40)], (258.0, 150.0)),  # a row on a phone
        ([(250.0, 5.0), (5.0, 145.0), (129.0, 75.0)], (258.0, 150.0)),  # at the edges
    ],
)
def test_labels_avoid_each_other_and_the_edges(points: list[tuple[float, float]], size: tuple[float, float]) -> None:
    labels = [Label(f"configuration {i}", x, y, needed=i < 2) for i, (x, y) in enumerate(points)]
    boxes = place_labels(labels, points, size)
    found = [box for box in boxes if box]
    assert all(a.overlap(b) == 0 for a, b in itertools.combinations(found, 2))
    assert all(box.left >= 0 and box.right <= size[0] and box.top >= 0 and box.bottom <= size[1] for box in found)
    assert boxes[0] is not None and boxes[1] is not None
    rings = [Box(x - 7, y - 7, x + 7, y + 7) for x, y in points]
    assert all(box is None or not any(box.overlap(ring) for ring in rings) for box in boxes[2:])


@pytest.mark.slow
@pytest.mark.parametrize("width", [1440, 390])
def test_in_a_browser_no_label_covers_another_or_is_cut(
    browser: Any, study: StudyMaker, tmp_path: Path, width: int
) -> None:
    file = tmp_path / "report.html"
    file.write_text(render_report(study.database, study.name), encoding="utf-8")
    context = browser.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(f"file://{file}#fronts")
    page.wait_for_selector("html[data-figures=drawn]", state="attached")
    for name in ("train-seconds", "inference-ms", "peak-memory-bytes"):
        # At once: the page may still move under a second question.
        place, *labels = page.evaluate(
            """(id) => {
                const figure = document.getElementById(id);
                const told = (one) => {
                    const { left, top, right, bottom } = one.getBoundingClientRect();
                    return [one.textContent, left, top, right, bottom];
                };
                return [figure, ...figure.querySelectorAll(".annotation-text")].map(told);
            }""",
            f"figure-{name}",
        )
        assert {"best", "baseline"} <= {label[0] for label in labels}
        inside, whole = Box(*place[1:]), [Box(*label[1:]) for label in labels]
        assert all(a.overlap(b) < 1 for a, b in itertools.combinations(whole, 2)), labels
        assert all(inside.left <= b.left and b.right <= inside.right and inside.top <= b.top for b in whole), labels
    context.close()
