"""The sections that a search has, on databases made by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

from results.analysis.summary import summarise
from results.database.database import Database
from results.database.rows import RunResult
from results.measurements.study_results import StudyResults
from results.report.sections import fronts, importance, tuning
from tests.results.conftest import StudyMaker

A = {"pooling": "cls", "sts_head": "concat", "schedule": "constant", "learning_rate": 3e-5}
B = {**A, "pooling": "mean"}
RECIPES = [{"name": "theirs <b>", "source": "x", "note": "", "choices": B}]


def built(section: Any, database: Database, name: str = "demo-study") -> Any:
    return built_by(section.build, database, name)


def built_by(build: Any, database: Database, name: str = "demo-study") -> Any:
    results = StudyResults(database, name)
    return build(results, summarise(results))


def run(make: Any, choices: Any, seed: int, phase: str, score: float, **changes: Any) -> int:
    started = make.start(choices, seed, phase)
    values = {"status": "complete", "score": score, "train_seconds": 10.0, **changes}
    make.database.runs.finish(started, RunResult(**values))
    return int(started)


@pytest.fixture(scope="module")
def search(shared: StudyMaker) -> Iterator[Database]:
    """24 complete runs of a search, the pooling of which matters, and one that was stopped; names that are HTML."""
    rng = np.random.default_rng(0)
    shared.study()
    for i in range(24):
        choices = {**A, "pooling": ["<b>", "mean"][i % 2], "<i>": str(rng.choice(["x", "y"]))}
        run(shared, choices, i, "search", 0.6 + 0.1 * (i % 2) + rng.normal(0, 0.01))
    run(shared, {**A, "<i>": "x"}, 99, "search", 0.1, status="pruned")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importance, "RESAMPLES", 20)
        patch.setattr("results.importance.evaluate.TREES", 4)
        yield shared.database


def test_a_grid_has_none_of_them_and_neither_has_a_study_without_runs(light: Any) -> None:
    light.study()
    grid = StudyMaker(light.database, "grid").study(space_json={"name": "g", "design": "grid", "factors": []})
    for seed in (1000, 1001):
        grid.complete(A, seed, "confirm")
    assert [built(section, light.database) for section in (importance, tuning, fronts)] == [None] * 3
    assert [built(section, light.database, "grid") for section in (importance, tuning)] == [None] * 2


def test_too_few_runs_say_how_many_are_missing(finished: Database) -> None:
    found = built(importance, finished)
    assert found.sentence() == "Not enough complete runs: 3, and 3 factors need at least 20, 17 more."
    assert list(found.figures()) == []
    assert len(found.tables()["importance"]) == 0


def test_what_mattered_is_told_with_the_runs_it_comes_from(search: Database) -> None:
    found = built(importance, search)
    assert found.sentence().startswith("Of 2 factors, pooling clearly explains more of the search's scores than one")
    assert "1 run stopped early is left out" in found.runs_sentence()
    table = found.tables()["importance"]
    assert set(table["factor"]) == {"pooling", "<i>"}
    assert (table["low"] <= table["importance"]).all() and (table["importance"] <= table["high"]).all()
    assert table["run_ids"][0].split() == [str(i) for i in range(1, 25)]
    (figure,) = found.figures()
    assert figure.traces[0]["y"] == ["pooling"]
    assert [row.factor for row in found.undistinguished] == ["<i>"]
    pd.testing.assert_frame_equal(table, built(importance, search).tables()["importance"])


def test_many_runs_are_thinned_evenly_and_that_is_said(search: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importance, "FEWEST_USED", 20)
    monkeypatch.setattr(importance, "RUNS_TIMES_FACTORS", 40)
    found = built(importance, search)
    assert (len(found.run_ids), found.run_ids[0], found.run_ids[-1]) == (20, 1, 24)
    assert "Computed from 20 of 24 complete runs, spread evenly over the search" in found.runs_sentence()


def test_levels_are_compared_by_their_expected_best(search: Database) -> None:
    table = built(tuning, search).tables()["ledger"].set_index(["factor", "level"])
    one, mean = table.loc[("pooling", "<b>")], table.loc[("pooling", "mean")]
    assert one["shared_budget"] == mean["shared_budget"] == 12
    best = one["best_search_score_not_a_result"]
    assert one["expected_best_not_a_result"] == pytest.approx(best)  # of all its 12 runs
    assert mean["expected_best_not_a_result"] > one["expected_best_not_a_result"] + 0.05


def test_the_sentence_names_the_level_that_got_little(light: Any) -> None:
    light.study()
    for seed in range(12):
        run(light, B if seed else A, seed, "search", 0.5 + 0.01 * seed)
    found = built(tuning, light.database)
    assert "pooling cls 1, mean 11" in found.sentence()
    table = found.tables()["ledger"].set_index(["factor", "level"])
    assert table.loc[("pooling", "cls"), "run_ids"] == "1"
    assert table.loc[("pooling", "mean"), "runs"] == 11
    assert "best_search_score_not_a_result" in table.columns
    assert table["expected_best_not_a_result"].isna().all()  # one level alone has enough runs


def test_selection_bias_is_that_of_the_configuration_that_was_chosen_first(light: Any) -> None:
    light.study()
    run(light, A, 0, "search", 0.60)
    run(light, B, 0, "search", 0.75)
    for phase_seed, (a, b) in zip((1000, 1001, 1002), ((0.6, 0.70), (0.61, 0.71), (0.59, 0.72)), strict=True):
        run(light, A, phase_seed, "confirm", a)
        run(light, B, phase_seed, "confirm", b)
    cells = [light.cell("confirm", "baseline", A, 0), light.cell("confirm", "confirm:1", B, 1)]
    light.database.studies.replace_cells(light.name, "confirm", cells)
    found = built(tuning, light.database)
    assert "the best scored 0.750 there and 0.710 with 3 seeds that did not choose it" in found.sentence()
    assert "it: a selection bias of +4.0 points" in found.sentence()
    assert "If seeds deviate by 1.0 points" in found.sentence()
    table = found.tables()["luck"]
    assert table["search_place"].tolist() == [1, 2]
    assert table["is_baseline"].tolist() == [False, True]
    assert table["luck"].tolist() == pytest.approx([0.04, 0.0])
    assert table["run_ids"][0] == "2 4 6 8"


def test_one_confirmed_seed_shows_no_selection_bias(light: Any) -> None:
    light.study()
    run(light, B, 0, "search", 0.75)
    run(light, B, 1000, "confirm", 0.70)
    light.database.studies.replace_cells(light.name, "confirm", [light.cell("confirm", "confirm:1", B, 0)])
    found = built(tuning, light.database)
    assert "One seed shows no spread, so the selection bias cannot be estimated." in found.sentence()
    assert found.tables()["luck"]["luck"].isna().all()


def test_fronts_have_their_probability_and_their_recipe(light: Any) -> None:
    factors = [{"name": k, "baseline": v, "condition": None} for k, v in A.items()]
    light.study(space_json={"name": "s", "factors": factors, "recipes": RECIPES})
    for seed in (1000, 1001, 1002):
        run(light, A, seed, "confirm", 0.60 + 0.001 * (seed - 1000), inference_ms=1.0, trainable_parameters=5)
        run(light, B, seed, "confirm", 0.70 + 0.001 * (seed - 1000), inference_ms=9.0, trainable_parameters=5)
    found = built(fronts, light.database)
    assert [front.name for front in found.shown] == ["inference"]  # the rest does not differ
    cheap = next(row for row in found.rows if not row.recipe)
    assert cheap.places["inference"] == (True, 1.0)
    assert "Given the noise of the seeds, 2 of them are on a front" in found.sentence()
    (figure,) = found.figures()
    assert figure.id == "figure-inference-ms"
    assert "recipe theirs &lt;b&gt;" in [trace["name"] for trace in figure.traces]
    hovers = [text for trace in figure.traces for text in trace["text"]]
    assert any(text.endswith("on the front with probability &gt; 99 %") for text in hovers)


def test_with_one_seed_each_no_probability_is_told(light: Any) -> None:
    light.study()
    for choices, cost in ((A, 1.0), (B, 2.0)):
        run(light, choices, 1000, "confirm", 0.6 + cost / 100, inference_ms=cost)
    found = built(fronts, light.database)
    assert "With one seed each, the probability of that is unknown." in found.sentence()


def test_a_printed_row_keeps_its_label_among_the_fronts(light: Any) -> None:
    light.study(space_json={"name": "g", "design": "grid", "factors": []})
    for seed in (1000, 1001):
        run(light, A, seed, "confirm", 0.6, inference_ms=1.0)
        run(light, B, seed, "confirm", 0.7, inference_ms=2.0)
    cell = light.cell("confirm", "row:Mean, theirs", B, 0, design="row")
    light.database.studies.replace_cells(light.name, "confirm", [cell])
    rows = built(fronts, light.database).table_rows()
    assert [row.labels for row in rows] == [("Mean, theirs",), ()]
