"""Score against one factor at a time: axes, what stands where, the menu."""

from __future__ import annotations

from typing import Any

from results.analysis.summary import summarise
from results.figures.slices import MOST_POINTS
from results.figures.slices import slices as factors_of
from results.measurements.study_results import StudyResults
from results.report.sections.figures import build_slices
from tests.results.conftest import StudyMaker
from tests.results.report.sections.test_search_sections import built_by, run

A: dict[str, Any] = {"pooling": "cls", "rate": 1e-4, "depth": 2, "adapter": "none"}
B: dict[str, Any] = {"pooling": "<b>", "rate": 1e-3, "depth": 4, "adapter": "lora", "adapter.lora.rank": "8"}
FACTORS = [
    {"name": "pooling", "baseline": "cls", "levels": ["mean", "<b>", "cls"], "condition": None, "range": None},
    {"name": "rate", "baseline": 1e-4, "levels": [], "condition": None, "range": {"low": 1e-5, "high": 1, "log": True}},
    {"name": "depth", "baseline": 2, "levels": [], "condition": None, "range": None},
    {"name": "same", "baseline": "x", "levels": ["x"], "condition": None, "range": None},
]


def searched(make: StudyMaker) -> StudyMaker:
    """Two runs of A and one of B in the search, one stopped early; both again with two fresh seeds."""
    make.study(space_json={"name": "s", "factors": FACTORS})
    for seed, (choices, score) in enumerate([(A, 0.6), (A, 0.64), (B, 0.7)]):
        run(make, {**choices, "same": "x"}, seed, "search", score)
    run(make, {**A, "pooling": "mean"}, 9, "search", 0.1, status="pruned")
    cells = [make.cell("confirm", "baseline", A, 0), make.cell("confirm", "confirm:1", B, 1)]
    make.database.studies.replace_cells(make.name, "confirm", cells)
    digests = {"baseline": cells[0].config_digest, "best": cells[1].config_digest, "baseline_choices": A}
    make.database.studies.update(make.name, decisions_json=digests)
    for choices, score in ((A, 0.6), (B, 0.66)):
        for seed in (1000, 1001):
            run(make, choices, seed, "confirm", score + (seed - 1000) / 100)
    return make


def entry(section: Any, factor: str) -> dict[str, Any]:
    return next(one for one in section.figures()[0].menu if one["label"] == factor)


def test_levels_stand_side_by_side_and_numbers_on_their_scale(light: StudyMaker) -> None:
    section = built_by(build_slices, searched(light).database)
    assert [one["label"] for one in section.figures()[0].menu] == ["pooling", "rate", "depth", "adapter"]
    pooling = entry(section, "pooling")
    assert pooling["xaxis"]["ticktext"] == ["&lt;b&gt;", "cls"]  # in the space's order, those that have a score
    search, medians, fresh, baseline, best = (one["x"] for one in pooling["data"])
    assert search == [1, 1, 0] and fresh == [1, 0] and (baseline, best) == ([1], [0])
    assert (medians, pooling["data"][1]["y"]) == ([0, 1], [0.7, 0.62])
    assert entry(section, "rate")["xaxis"]["type"] == "log"
    assert entry(section, "rate")["data"][0]["x"] == [1e-4, 1e-4, 1e-3]
    assert entry(section, "rate")["data"][1]["x"] == []  # no median along a scale
    assert entry(section, "depth")["xaxis"]["ticktext"] == ["2", "4"]


def test_search_runs_are_faint_and_fresh_seeds_have_their_deviation(light: StudyMaker) -> None:
    (figure,) = built_by(build_slices, searched(light).database).figures()
    search, _, fresh, *roles = figure.traces
    assert search["name"].startswith("search") and search["marker"]["color"] == "var(--faint)"
    assert search["runs"] == ["1", "2", "3"] and search["y"] == [0.6, 0.64, 0.7]
    assert fresh["error_y"]["array"] and len(fresh["runs"]) == 2
    assert [trace["name"] for trace in roles] == ["baseline", "best"]
    assert all("2 seeds" in text for text in fresh["text"])


def test_a_factor_that_only_some_have_leaves_the_others_out(light: StudyMaker) -> None:
    make = searched(light)
    run(make, {**B, "adapter.lora.rank": "16"}, 20, "search", 0.5)
    rank = entry(built_by(build_slices, make.database), "adapter.lora.rank")
    assert rank["data"][0]["x"] == [None, None, 0, 1]


def test_the_first_factor_is_what_is_drawn_and_many_runs_are_thinned(light: StudyMaker) -> None:
    make = searched(light)
    for seed in range(MOST_POINTS + 10):
        run(make, A, 100 + seed, "search", 0.5)
    (figure,) = built_by(build_slices, make.database).figures()
    assert figure.layout["xaxis"] == figure.menu[0]["xaxis"]
    assert all(trace["x"] == one["x"] for trace, one in zip(figure.traces, figure.menu[0]["data"], strict=True))
    assert len(figure.traces[0]["y"]) == MOST_POINTS == len(figure.menu[-1]["data"][0]["x"])


def test_nothing_varies_nothing_is_drawn(light: StudyMaker) -> None:
    light.study()
    assert built_by(build_slices, light.database) is None
    run(light, A, 0, "search", 0.5)
    assert built_by(build_slices, light.database) is None


def test_the_largest_measured_effect_comes_first(finished: Any) -> None:
    results = StudyResults(finished, "demo-study")
    found = summarise(results)
    assert factors_of(results, found)[0].factor == found.ablation[0].cell.factor
