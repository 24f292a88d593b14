"""Variance components of a typical row, and the noise that they give with other numbers of seeds and examples."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest

from results.statistics import minimum_detectable_effect, moderated, paired_row, row_of_scores
from results.statistics.arrays import Float64
from results.statistics.noise_components import (
    NoiseComponents,
    best_size,
    components_of,
    moderated_df,
    score_noise,
)

PLANTED = NoiseComponents(seeds=0.005**2, residual=0.3**2, examples=0.1**2)


def rows(seed: int, count: int, seeds: int, size: int, shift: float = 0.0) -> list[Float64]:
    """Return rows minus a reference that is as noisy as they are; each row has the components `PLANTED`."""
    rng = np.random.default_rng(seed)

    def half(variance: float, *shape: int) -> Float64:
        return rng.normal(0, (variance / 2) ** 0.5, shape)

    def configuration() -> Float64:
        return half(PLANTED.seeds, seeds, 1) + half(PLANTED.examples, size) + half(PLANTED.residual, seeds, size)

    reference = configuration()
    return [shift + configuration() - reference for _ in range(count)]


def test_planted_components_are_found() -> None:
    found = components_of([paired_row([row]) for row in rows(1, count=12, seeds=20, size=400)])
    assert found is not None and found.size == 400
    assert found.residual == pytest.approx(PLANTED.residual, rel=0.05)
    assert found.examples == pytest.approx(PLANTED.examples, rel=0.3)
    assert found.seeds == pytest.approx(PLANTED.seeds, rel=0.6)


def test_a_typical_row_is_the_median_and_identical_ones_do_not_count() -> None:
    rng = np.random.default_rng(2)
    scores = [0.01 * rng.normal(size=30), 0.01 * rng.normal(size=30), np.zeros(30)]
    found = components_of([row_of_scores(row) for row in scores])
    variances = [row.var(ddof=1) for row in scores[:2]]
    assert found == NoiseComponents(pytest.approx(np.mean(variances)), df=29)
    assert components_of([row_of_scores(np.zeros(3))]) is None


def test_a_row_that_hardly_changes_an_output_does_not_count() -> None:
    clear = [paired_row([row]) for row in rows(3, count=3, seeds=5, size=200)]
    quiet = np.zeros((5, 200))
    quiet[0, 7] = 1.0  # one output of one seed
    assert components_of([*clear, paired_row([quiet])]) == components_of(clear)


def test_the_noise_of_a_score_is_the_formula() -> None:
    tasks = [NoiseComponents(0.0004, 0.08, 0.02), NoiseComponents(0.0001, 0.03, 0.01)]
    found = score_noise(tasks, [200, 100])
    assert found.by_seed == pytest.approx((0.0004 + 0.0004 + 0.0001 + 0.0003) / 4)
    assert found.residual == pytest.approx((0.0004 + 0.0003) / 4)
    assert found.examples == pytest.approx((0.0001 + 0.0001) / 4)
    assert found.deviation**2 == pytest.approx(found.by_seed)
    assert score_noise([NoiseComponents(0.0004)], [0]).by_seed == 0.0004  # its examples are not known


def test_degrees_of_freedom_are_those_of_rows_that_share_a_reference() -> None:
    """The shared part has 0.525 of the residual and 8 + 4 degrees of freedom, the rest 19 x 4; a third is expected."""
    assert moderated_df(5, 20) == pytest.approx(1 / (0.525**2 / 12 + 0.475**2 / 76) / 3)
    assert moderated_df(20, 3) == 19  # never below those of one row
    assert moderated_df(5, 2) == 4  # two rows are not moderated


def test_the_best_size_has_the_least_variance_in_the_time() -> None:
    tasks, seconds = [PLANTED, NoiseComponents(0.0001, 0.05, 0.02)], 5 * 60.0

    def variance(size: float) -> float:
        seeds = seconds / (50 + 2 * size * 0.02)
        by_seed = sum(task.seeds + task.residual / size for task in tasks)
        return by_seed / seeds + sum(task.examples for task in tasks) / size

    best = best_size(tasks, 50, 0.02, seconds)
    assert variance(best) < min(variance(0.9 * best), variance(1.1 * best))


def test_all_examples_are_best_if_they_are_free_or_seeds_have_no_noise() -> None:
    assert best_size([PLANTED], 50, 0.0, 300) == inf
    assert best_size([NoiseComponents(0.0, 0.1, 0.1)], 50, 0.01, 300) == inf


def test_a_plan_detects_as_often_as_the_verdicts() -> None:
    """Simulated: tables of 8 rows, 4 seeds, 300 examples; the true difference is the one detected with 80 % power."""
    noise = score_noise([PLANTED], [300])
    effect = minimum_detectable_effect(
        noise.deviation,
        4,
        example_variance=noise.examples,
        residual=noise.residual,
        comparisons=8,
        df=moderated_df(4, 8),
    )
    tables = [moderated([paired_row([row]) for row in rows(seed, 8, 4, 300, effect)]) for seed in range(60)]
    p = np.array([[row.p_value() for row in table] for table in tables])
    assert np.mean(p <= 0.05 / 8) == pytest.approx(0.8, abs=0.06)
