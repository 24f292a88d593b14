"""Variance by source: which runs tell seeds and training sentences apart, and what the report says of them."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

import pytest
from planted_runs import confirmed_pair, planted_run

from results.analysis.leaderboard import leaderboard
from results.analysis.summary import summarise
from results.analysis.variance_sources import compared_pair, sources_of_variance
from results.export import tables
from results.measurements.study_results import StudyResults
from results.report.render import render_report
from results.report.sections import variance
from results.report.sections.variance import Variance
from results.statistics.variance_sources import from_difference, from_mean_square, mean_square_over_seeds
from tests.results.conftest import BASELINE, BEST, StudyMaker, digest_of

SEEDS = (7, 3, 11, 5)  # the first is not the smallest
QUALITY = {"quora": 0.8, "sst": 0.7, "sts": 0.5}


def varied(make: StudyMaker, again: int = len(SEEDS) - 1) -> StudyResults:
    """The best and the baseline with every seed, and with `again` of the others on the first seed's sentences."""
    make.study(data_made_up=False)
    confirmed_pair(make, BASELINE, BEST, len(SEEDS))
    make.database.studies.update(make.name, settings_json={"vary": "train", "seed_list": list(SEEDS)})
    cells = []
    for position, choices in enumerate((BEST, BASELINE)):
        same = {**choices, "of": "first"}  # another digest
        cells.append(make.cell("ablate", f"variance:{digest_of(choices)[:12]}", same, position))
        for seed in SEEDS:
            planted_run(make, choices, seed, QUALITY)
        for seed in SEEDS[1 : 1 + again]:
            planted_run(make, same, seed, QUALITY, phase="ablate")
    make.database.studies.replace_cells(make.name, "ablate", cells)
    return StudyResults(make.database, make.name)


@pytest.fixture(scope="module")
def results(shared: StudyMaker) -> StudyResults:
    return varied(shared)


def scores(results: StudyResults, choices: dict[str, Any], seeds: tuple[int, ...]) -> list[float]:
    return [results.results_of(digest_of(choices))[seed].score or 0.0 for seed in seeds]


def test_seeds_are_those_of_the_first_sentences_and_the_rest_is_the_sentences(results: StudyResults) -> None:
    own = scores(results, BEST, SEEDS)
    same = [own[0], *scores(results, {**BEST, "of": "first"}, SEEDS[1:])]
    seeds, sentences, examples = sources_of_variance(results, ())[:3]
    total, of_seeds = mean_square_over_seeds(own), mean_square_over_seeds(same)
    assert [each.source for each in (seeds, sentences, examples)] == ["seeds", "training sentences", "dev examples"]
    assert astuple(seeds.part) == pytest.approx(astuple(from_mean_square(of_seeds)))
    assert astuple(sentences.part) == pytest.approx(astuple(from_difference(total, of_seeds)))
    assert examples.part.value > 0
    assert [len(each.run_ids) for each in (seeds, sentences, examples)] == [4, 7, 4]
    assert set(seeds.run_ids) - set(examples.run_ids) < set(sentences.run_ids)


def test_a_difference_is_that_of_the_paired_runs(results: StudyResults) -> None:
    seeds, sentences, _ = sources_of_variance(results, ())[3:]
    own = [a - b for a, b in zip(scores(results, BEST, SEEDS), scores(results, BASELINE, SEEDS), strict=True)]
    pairs = (scores(results, {**choices, "of": "first"}, SEEDS[1:]) for choices in (BEST, BASELINE))
    same = [own[0], *(a - b for a, b in zip(*pairs, strict=True))]
    assert seeds.digests == (digest_of(BEST), digest_of(BASELINE))
    assert seeds.part.value == pytest.approx(mean_square_over_seeds(same).value)
    assert sentences.part.df <= 3 and len(sentences.run_ids) == 14


def test_runs_on_the_first_sentences_are_in_no_other_table(results: StudyResults) -> None:
    assert set(results.measured()) == {digest_of(BEST), digest_of(BASELINE)}
    assert {entry.digest for entry in leaderboard(results)} == {digest_of(BEST), digest_of(BASELINE)}
    assert not summarise(results).ablation


def test_the_report_names_each_source_and_exports_the_table(shared: StudyMaker, results: StudyResults) -> None:
    built = variance.build(results, summarise(results))
    assert isinstance(built, Variance)
    start, _, end = built.sentence().partition(", training sentences ")
    assert start.startswith("Standard deviation of the score of one run of the best configuration, in points: seeds ")
    assert ", dev examples " in end and "of the variance of the mean over 4 seeds: more dev examples would" in end
    text = render_report(shared.database, shared.name)
    assert "Every seed draws its own training sentences (--vary train)" in text
    assert "the best minus the baseline" in text and "leave out how much a score depends on them" not in text
    table = tables(shared.database, shared.name)["variance_sources"]
    assert len(table) == 4 * 2 * 3 and set(table["task"]) == {"", "quora", "sst", "sts"}
    assert (table["deviation_low"] <= table["deviation"]).all() and (
        table["deviation"] <= table["deviation_high"]
    ).all()
    assert table["minus"].isna().sum() == 12


def test_without_those_runs_seeds_and_sentences_stay_together(light: StudyMaker) -> None:
    results = varied(light, again=0)
    assert [each.source for each in sources_of_variance(results, ())][:2] == [
        "seeds and training sentences",
        "dev examples",
    ]


def test_the_same_sentences_for_all_runs_are_said_to_be_left_out(light: StudyMaker) -> None:
    varied(light)
    light.database.studies.update(light.name, settings_json={"seeds": len(SEEDS)})
    results = StudyResults(light.database, light.name)
    found = sources_of_variance(results, ())
    assert [each.source for each in found] == ["seeds", "dev examples"] * 2
    assert found[0].part.value == pytest.approx(mean_square_over_seeds(scores(results, BEST, SEEDS)).value)
    text = render_report(light.database, light.name)
    assert "All runs train on the same sentences, so intervals leave out how much a score depends on them" in text
    assert "(--vary train measures it)" in text


def test_a_best_that_is_the_baseline_is_compared_with_the_second(light: StudyMaker) -> None:
    varied(light)
    best = {"best": digest_of(BASELINE), "baseline": digest_of(BASELINE)}
    light.database.studies.update(light.name, decisions_json=best)
    results = StudyResults(light.database, light.name)
    assert compared_pair(results) == (digest_of(BASELINE), digest_of(BEST))
    built = variance.build(results, summarise(results))
    assert built is not None and built.what(built.sources[-1]) == "the best minus the second best"


def test_before_the_best_has_two_seeds_there_is_no_section(light: StudyMaker) -> None:
    light.study()
    confirmed_pair(light, BASELINE, BEST, 1)
    for seed in (None, 7):
        if seed is not None:
            planted_run(light, BEST, seed, QUALITY)
        results = StudyResults(light.database, light.name)
        assert variance.build(results, summarise(results)) is None
