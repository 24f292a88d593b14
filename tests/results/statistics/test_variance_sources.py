"""Variance by source: planted parts are found, and intervals cover as often as they say."""

from __future__ import annotations

import numpy as np
import pytest
from cases import for_each
from scipy.stats import chi2, f, multivariate_normal, norm

from results.statistics.variance_sources import (
    MeanSquare,
    VariancePart,
    examples_part,
    from_difference,
    from_mean_square,
    mean_square_over_seeds,
)


def covers(part: VariancePart, truth: float) -> bool:
    return part.low <= truth <= part.high


def test_a_variance_over_seeds_has_the_interval_of_a_chi_square() -> None:
    square = mean_square_over_seeds([0.1, 0.3, 0.2])
    assert square == MeanSquare(pytest.approx(0.01), 2)
    part = from_mean_square(square)
    assert part.low == pytest.approx(0.02 / chi2.ppf(0.975, 2)) and part.high == pytest.approx(
        0.02 / chi2.ppf(0.025, 2)
    )
    assert part.deviation.estimate == pytest.approx(0.1) and part.df == 2


def test_minus_nothing_a_difference_is_the_variance_itself() -> None:
    square = MeanSquare(4.0, 6)
    whole, less = from_mean_square(square), from_difference(square, MeanSquare(0.0, 5))
    assert [less.value, less.low, less.high, less.df] == pytest.approx([whole.value, whole.low, whole.high, 6])


def test_the_limits_of_a_difference_are_exact_where_the_variances_are_equal() -> None:
    # V_1 / V_2 is F-distributed, so the lower limit is 0 exactly where the ratio is F's upper 2.5 % point.
    edge = float(f.ppf(0.975, 4, 7))
    assert from_difference(MeanSquare(edge, 4), MeanSquare(1.0, 7)).low == pytest.approx(0.0, abs=1e-9)
    assert from_difference(MeanSquare(1.1 * edge, 4), MeanSquare(1.0, 7)).low > 0
    smaller = float(f.ppf(0.025, 4, 7))
    assert from_difference(MeanSquare(smaller, 4), MeanSquare(1.0, 7)).high == pytest.approx(0.0, abs=1e-9)


def test_a_negative_estimate_is_no_variance_and_has_no_degrees_of_freedom() -> None:
    part = from_difference(MeanSquare(1.0, 4), MeanSquare(2.0, 4))
    assert (part.value, part.low, part.df) == (0.0, 0.0, 0.0) and part.high > 1


@for_each("kept", [0.0, 0.7])
def test_seeds_and_sentences_are_told_apart_and_their_intervals_cover(kept: float) -> None:
    """5 seeds with own sentences, 4 more runs on the first one's; `kept` is what a seed's effect keeps of itself."""
    rng, own, sentences, worlds, seeds = np.random.default_rng(3), 0.7, 1.1, 1000, 5
    of_seed = rng.normal(0, own * kept**0.5, (worlds, seeds))
    drawn = rng.normal(0, sentences, (worlds, seeds))
    varied = of_seed + drawn + rng.normal(0, own * (1 - kept) ** 0.5, (worlds, seeds))
    same = of_seed + drawn[:, :1] + rng.normal(0, own * (1 - kept) ** 0.5, (worlds, seeds))
    same[:, 0] = varied[:, 0]  # the run that both have
    total = [mean_square_over_seeds(scores) for scores in varied]
    noise = [mean_square_over_seeds(scores) for scores in same]
    assert np.mean([t.value - n.value for t, n in zip(total, noise, strict=True)]) == pytest.approx(1.21, rel=0.06)
    assert np.mean([covers(from_mean_square(square), own**2) for square in noise]) == pytest.approx(0.95, abs=0.02)
    parts = [from_difference(t, n) for t, n in zip(total, noise, strict=True)]
    assert 0.94 < np.mean([covers(part, sentences**2) for part in parts]) < 0.99


@for_each(("right", "examples"), [(0.5, 300), (0.85, 300), (None, 100)])
def test_the_part_of_the_examples_is_found_among_right_and_wrong_answers(right: float | None, examples: int) -> None:
    """`right` is the accuracy, None for normal scores; seeds share 80 % of the latent variance of an example."""
    rng, found, truth = np.random.default_rng(4), [], 0.8
    if right is not None:
        both = float(multivariate_normal([0, 0], [[1, 0.8], [0.8, 1]]).cdf([norm.ppf(right)] * 2))
        truth = both - right**2
    for _ in range(400):
        latent = 0.8**0.5 * rng.normal(size=examples) + 0.2**0.5 * rng.normal(size=(4, examples))
        scores = latent if right is None else (latent < norm.ppf(right)).astype(float)
        found.append(examples_part([scores]))
    assert np.mean([part.value for part in found]) == pytest.approx(truth / examples, rel=0.03)
    assert 0.91 < np.mean([covers(part, truth / examples) for part in found]) < 0.985


def test_the_score_of_two_tasks_has_a_quarter_of_the_sum_of_their_parts() -> None:
    rng = np.random.default_rng(5)
    tasks = [rng.normal(size=n) * scale + rng.normal(size=(3, n)) for n, scale in ((200, 1.0), (100, 2.0))]
    one, other = (examples_part([task]) for task in tasks)
    both = examples_part(tasks)
    assert both.value == pytest.approx((one.value + other.value) / 4)
    assert both.low < both.value < both.high


@for_each("scores", [[0.5], [[0.1, 0.2]], [0.1, float("nan")]])
def test_too_little_for_a_variance_is_refused(scores: list[float]) -> None:
    with pytest.raises(ValueError):
        mean_square_over_seeds(scores)
    with pytest.raises(ValueError):
        examples_part([np.zeros((1, 5))])
