"""A study whose dev split is divided: which scores the report shows of which part, and what it says of them."""

from __future__ import annotations

from typing import Any

import pytest

from results.analysis.summary import summarise
from results.database.rows import MetricValue, RunResult
from results.figures.learning_curves import learning_curves
from results.figures.search import history
from results.measurements.dev_parts import search_rows, search_scores
from results.measurements.kept_epoch import disclosure
from results.measurements.study_results import StudyResults
from results.report import methods
from results.report.sections import tuning

A = {"pooling": "cls", "sts_head": "concat", "schedule": "constant", "learning_rate": 3e-5}
B = {**A, "pooling": "mean"}
ROWS = {"sst/train": 2000, "sst/search": 275, "sst/dev": 826, "sst/test": 200}
SETTINGS = {"epochs": 1, "train_examples": 2000, "dev_examples": None}


def run(make: Any, choices: dict[str, Any], seed: int, phase: str, search: float, dev: float | None = None) -> int:
    """A run as the built-in trainer records it: its epoch on the search examples, its end on dev if it is a result."""
    number: int = make.start(choices, seed, phase)
    kept = MetricValue("search", "", "score", search)
    make.database.runs.record_epoch(number, 1, 1.0, [kept])
    metrics = [kept] if dev is None else [kept, MetricValue("dev", "", "score", dev)]
    score = search if dev is None else dev
    make.database.runs.finish(
        number, RunResult(status="complete", score=score, last_score=search, best_epoch=1, metrics=metrics)
    )
    return number


@pytest.fixture
def divided(light: Any) -> StudyResults:
    light.study(data_json={"rows": ROWS}, settings_json=SETTINGS)
    run(light, A, 0, "search", 0.60)
    run(light, B, 0, "search", 0.75)
    for seed, a, b in ((1000, 0.60, 0.70), (1001, 0.61, 0.71), (1002, 0.59, 0.72)):
        run(light, A, seed, "confirm", a, a - 0.1)
        run(light, B, seed, "confirm", b, b - 0.2)
    cells = [light.cell("confirm", "baseline", A, 0), light.cell("confirm", "confirm:1", B, 1)]
    light.database.studies.replace_cells(light.name, "confirm", cells)
    return StudyResults(light.database, light.name)


def test_results_are_of_the_examples_that_decide(divided: StudyResults) -> None:
    best = divided.runs[-1].config_digest
    assert divided.scores(best) == pytest.approx([0.50, 0.51, 0.52])
    assert search_scores(divided, best) == pytest.approx([0.70, 0.71, 0.72])
    assert search_rows(divided.study) == {"sst": 275}


def test_the_bias_of_the_search_is_measured_on_the_examples_that_it_read(divided: StudyResults) -> None:
    found = tuning.build(divided, summarise(divided))
    assert found is not None and found.divided
    expected = (
        "the best scored 0.750 there and 0.710 with 3 seeds that did not choose it, both on the search examples: a "
    )
    assert f"{expected}selection bias of +4.0 points" in found.sentence()
    assert found.tables()["luck"]["confirmed"].tolist() == pytest.approx([0.71, 0.60])


def test_curves_and_history_say_which_part_they_are_of(divided: StudyResults) -> None:
    summary = summarise(divided)
    curves = learning_curves(divided, summary)
    assert curves is not None and "best, the search examples" in {trace["name"] for trace in curves.traces}
    assert "The best ends after epoch 1 at 0.710 on the search examples" in curves.sentence
    searched = [run for run in divided.runs if run.phase == "search"]
    title = history(divided, summary, searched).layout["yaxis"]["title"]["text"]
    assert title.endswith("on the search examples")


def test_the_method_says_how_dev_was_divided(divided: StudyResults) -> None:
    told = disclosure(divided)
    assert told.startswith("Dev is divided once, by a hash of the row.")
    assert told.endswith("Search and dev examples: sst 275 and 826.")
    training = dict(methods.design_facts(divided))["Training"]
    assert "2,000 training and all dev examples per task; the search reads other dev examples" in training


def test_a_study_of_before_reads_as_it_did(light: Any) -> None:
    light.study(data_json={"rows": {"sst/train": 5, "sst/dev": 3}})
    number = light.start(B, 1000, "confirm")
    light.database.runs.record_epoch(number, 1, 1.0, [MetricValue("dev", "", "score", 0.5)])
    metrics = [MetricValue("dev", "", "score", 0.5)]
    light.database.runs.finish(number, RunResult(status="complete", score=0.5, best_epoch=1, metrics=metrics))
    results = StudyResults(light.database, light.name)
    assert search_rows(results.study) == {} and search_scores(results, results.runs[0].config_digest) == [0.5]
    curves = learning_curves(results, summarise(results))
    assert curves is not None and "on dev by epoch" in curves.sentence
    assert light.database.metrics.epoch_scores(number) == {1: 0.5}
