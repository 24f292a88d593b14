"""Contrasts of several configurations: their value, their noise, and their verdicts over a table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from results.analysis.comparisons import judged_contrasts
from results.analysis.contrasts import SCORE, Comparison, Weights, compare, compared_runs, contrast
from results.measurements.study_results import StudyResults
from results.statistics import MeanDifference, paired_difference, score_difference, tasks_difference
from tests.results.conftest import StudyMaker, digest_of

BASELINE = {"pooling": "cls", "sts_head": "concat", "schedule": "constant", "learning_rate": 3e-5}
SEEDS = (1000, 1001, 1002)
FOUR = [
    {**BASELINE, "pooling": "mean", "sts_head": "cosine"},
    {**BASELINE, "sts_head": "cosine"},
    {**BASELINE, "pooling": "mean"},
    BASELINE,
]
QUALITIES = (0.8, 0.7, 0.72, 0.6)


def study(make: Any, *, predictions: bool = True, seeds: int = 3) -> StudyResults:
    make.study(settings_json={"seeds": seeds})
    for choices, quality in zip(FOUR, QUALITIES, strict=True):
        for seed in SEEDS:
            make.complete(choices, seed, "ablate", quality=quality, predictions=predictions)
    return StudyResults(make.database, make.name)


def in_score(results: StudyResults, weights: Weights) -> Comparison | None:
    return contrast(results, {SCORE: weights})


def interaction_weights() -> dict[str, float]:
    return {digest_of(choices): weight for choices, weight in zip(FOUR, (1.0, -1.0, -1.0, 1.0), strict=True)}


def test_tasks_in_closed_form_are_those_of_one_task() -> None:
    rng = np.random.default_rng(3)
    table = rng.normal(0.1, 1, (4, 50)) + rng.normal(0, 0.3, (4, 1)) + rng.normal(0, 0.5, 50)
    found, expected = tasks_difference([table]), paired_difference(table, np.zeros_like(table))
    assert (found.estimate, found.noise.seed_df) == (expected.estimate, expected.noise.seed_df)
    assert (found.noise.seeds, found.noise.examples) == pytest.approx((expected.noise.seeds, expected.noise.examples))


def test_tasks_in_closed_form_are_near_to_resampling() -> None:
    rng = np.random.default_rng(4)
    tables = [rng.normal(0.1, 1, (5, n)) + rng.normal(0, 0.2, (5, 1)) + rng.normal(0, 1, n) for n in (80, 130)]
    exact = tasks_difference(tables)
    drawn = score_difference([MeanDifference(t, np.zeros_like(t)) for t in tables], resamples=4000)
    assert exact.estimate == pytest.approx(drawn.estimate)
    assert exact.noise.seeds == pytest.approx(drawn.noise.seeds)
    assert exact.noise.examples == pytest.approx(drawn.noise.examples, rel=0.15)
    assert (exact.noise.seed_df, exact.noise.example_df) == (4, 79)


@pytest.mark.parametrize("tasks", [[], [np.zeros((1, 5))], [np.zeros((3, 5)), np.zeros((2, 5))], [np.zeros(4)]])
def test_tasks_that_do_not_fit_are_told(tasks: list[Any]) -> None:
    with pytest.raises(ValueError, match=r"tasks must be \(seeds, examples\)"):
        tasks_difference(tasks)


@pytest.fixture(scope="module")
def results(shared: StudyMaker) -> StudyResults:
    return study(shared)


def test_an_interaction_is_that_of_the_scores(results: StudyResults) -> None:
    found = in_score(results, interaction_weights())
    scores = np.array([results.scores(digest_of(choices)) for choices in FOUR])
    by_seed = scores[0] - scores[1] - scores[2] + scores[3]
    assert found is not None and found.over == "seeds and examples" and found.seeds == SEEDS
    assert found.interval.estimate == pytest.approx(by_seed.mean(), abs=1e-6)
    assert found.difference.noise.seeds == pytest.approx(by_seed.var(ddof=1) / 3, rel=1e-3)
    assert found.difference.noise.examples > 0


def test_a_contrast_of_two_is_their_comparison(results: StudyResults) -> None:
    first, other = digest_of(FOUR[0]), digest_of(FOUR[3])
    found, compared = in_score(results, {first: 1.0, other: -1.0}), compare(results, first, other)
    assert found is not None and compared is not None
    assert found.interval.estimate == pytest.approx(compared.interval.estimate)
    assert found.interval.low == pytest.approx(compared.interval.low, abs=2e-3)


def test_without_predictions_it_speaks_of_seeds_alone(light: Any) -> None:
    found = in_score(study(light, predictions=False), interaction_weights())
    assert found is not None and (found.over, found.difference.noise.examples) == ("seeds", 0.0)


def test_seeds_beyond_those_asked_for_are_left_out(light: Any) -> None:
    (found,) = judged_contrasts(study(light, seeds=2), [interaction_weights()])
    assert found.comparison is not None and found.comparison.seeds == SEEDS[:2]


def test_a_configuration_without_two_seeds_gives_no_contrast(results: StudyResults) -> None:
    weights = {**interaction_weights(), digest_of({**BASELINE, "pooling": "max"}): 1.0}
    assert in_score(results, weights) is None
    assert [one.comparison for one in judged_contrasts(results, [weights, {}])] == [None, None]


def test_a_table_pools_the_noise_of_seeds_and_adjusts_for_its_rows(results: StudyResults) -> None:
    single = {digest_of(FOUR[0]): 1.0, digest_of(FOUR[3]): -1.0}
    rows = judged_contrasts(results, [interaction_weights(), single])
    interaction, effect = (row.comparison for row in rows)
    assert interaction is not None and effect is not None
    assert interaction.difference.noise.seed_df > 2 and effect.difference.noise.seed_df > 2
    assert rows[1].judgement is not None and rows[1].judgement.verdict == "helps"
    for row in rows:
        assert row.judgement is not None and row.judgement.adjusted_p >= row.judgement.p


def test_a_number_names_the_runs_it_came_from(results: StudyResults) -> None:
    digests = [digest_of(FOUR[0]), digest_of(FOUR[3])]
    ids = {run.id for run in results.runs if run.config_digest in digests and run.seed != 1002}
    comparison = compare(results, *digests, SEEDS[:2])
    assert compared_runs(results, comparison, *digests) == " ".join(map(str, sorted(ids)))
    assert compared_runs(results, None, *digests) == ""
