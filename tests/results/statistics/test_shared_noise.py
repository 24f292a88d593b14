"""The reference's part of the rows' noise: by hand, found again where it is planted, and where it is not known."""

from __future__ import annotations

import numpy as np
import pytest

from results.statistics import PairedRow, moderated, paired_row, row_of_scores
from results.statistics.arrays import Float64
from results.statistics.correlations import Correlations
from results.statistics.shared_noise import SharedNoise, part_of_reference, shared_noise

SEEDS, EXAMPLES = 5, 200


def configuration(rng: np.random.Generator, over_seeds: float = 0.0) -> Float64:
    """Scores (seeds, examples): 0.3 of residual, and what is given between seeds."""
    return rng.normal(0, 0.3, (SEEDS, EXAMPLES)) + over_seeds * rng.normal(size=(SEEDS, 1))


def table(rng: np.random.Generator, rows: int = 20, noisier: float = 0.0) -> list[PairedRow]:
    """Rows minus a reference that is as noisy as they are, or has more noise between seeds."""
    reference = configuration(rng, noisier)
    return [paired_row([configuration(rng) - reference]) for _ in range(rows)]


def analysed(rows: list[PairedRow]) -> SharedNoise:
    found = shared_noise(rows, np.arange(len(rows)), Correlations(rows))
    assert found is not None
    return found


def test_two_parts_are_moderated_by_hand() -> None:
    """The reference's q is (8 x 1.5 + 4 x 3) / 12 = 2; half of 2 and half of 1.5 is 1.75, in place of 2.25."""
    noise = SharedNoise(np.arange(9), np.ones(9, dtype=np.bool_), 3.0, 1.5, 4.0, 32.0, 0.5, 0.5)
    factor, df = noise.moderated()
    assert factor == pytest.approx(1.75 / 2.25)
    assert df == pytest.approx(1.75**2 / (1.0**2 / 12 + 0.75**2 / 32))
    assert noise.usual  # 3 / 1.5 is below the 90 % quantile of F with 4 and 32 degrees of freedom, 2.14


def test_a_reference_like_the_rows_has_half_of_their_noise_and_is_usual_in_nine_tables_of_ten() -> None:
    found = [analysed(table(np.random.default_rng(seed))) for seed in range(200)]
    assert np.mean([one.share for one in found]) == pytest.approx(0.525, abs=0.01)  # 1/2 + 1/2 of a row's own / 20
    assert np.mean([one.own for one in found]) == pytest.approx(1.0, abs=0.03)
    assert np.mean([one.shared for one in found]) == pytest.approx(1.0, abs=0.15)
    assert np.mean([one.usual for one in found]) == pytest.approx(0.9, abs=0.06)
    assert np.mean([one.own_df for one in found]) == pytest.approx(19 * 4, rel=0.05)


def test_a_noisy_reference_is_noticed_whatever_the_signs_of_the_rows() -> None:
    """Between seeds it has five times the deviation that the residual gives."""
    rows = table(np.random.default_rng(1), noisier=5 * 0.3 / EXAMPLES**0.5)
    opposed = [row.times(-1 if place % 2 else 1) for place, row in enumerate(rows)]
    for each in (rows, opposed):
        found = analysed(each)
        assert not found.usual and found.shared > 10 and found.own == pytest.approx(1.0, abs=0.3)
        assert all(one.noise.seed_df < 6 for one in moderated(each))


def test_degrees_of_freedom_are_several_times_those_of_one_row_if_the_reference_is_usual() -> None:
    rows = table(np.random.default_rng(2))
    assert analysed(rows).usual
    assert np.median([one.noise.seed_df for one in moderated(rows)]) > 30


def test_a_noisy_row_is_left_out_and_keeps_its_own_noise() -> None:
    found = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        reference = configuration(rng)
        rows = [paired_row([configuration(rng, 0.2 if place == 4 else 0.0) - reference]) for place in range(12)]
        found.append(analysed(rows))
        assert not found[-1].inside[4] and found[-1].inside.sum() >= 10
        assert moderated(rows)[4].noise.seed_df == SEEDS - 1
    assert np.mean([one.own for one in found]) == pytest.approx(1.0, abs=0.1)


def test_rows_without_examples_or_with_other_seeds_are_not_analysed() -> None:
    rng = np.random.default_rng(4)
    rows = [row_of_scores(rng.normal(0, 0.01, 3)) for _ in range(5)]
    assert shared_noise(rows, np.arange(5), Correlations(rows)) is None
    known = table(rng, rows=4)
    found = shared_noise([*known, *rows], np.arange(9), Correlations([*known, *rows]))
    assert found is not None and found.places.tolist() == [0, 1, 2, 3]


def test_rows_that_are_equal_tell_nothing_of_their_own_noise() -> None:
    row = table(np.random.default_rng(5), rows=1)[0]
    assert shared_noise([row] * 4, np.arange(4), Correlations([row] * 4)) is None
    assert all(one.noise.seed_df == pytest.approx(4) for one in moderated([row] * 4))


def test_a_row_has_the_part_of_the_reference_that_it_does_not_share() -> None:
    """The shared part of a row and the reference cancels; without any, the part is 1, and with equal outputs 0."""
    rng = np.random.default_rng(6)
    reference = configuration(rng)
    others = [paired_row([configuration(rng) - reference]) for _ in range(4)]
    apart = part_of_reference(paired_row([configuration(rng) - reference]), others)
    half = part_of_reference(paired_row([0.5 * reference + configuration(rng) - reference]), others)
    assert apart == pytest.approx(1.0, abs=0.1) and half == pytest.approx(0.5, abs=0.1)
    assert part_of_reference(paired_row([configuration(rng) - reference]), others[:1]) == pytest.approx(1.0, abs=0.15)
    same = paired_row([1e-6 * configuration(rng)])
    assert part_of_reference(same, others) == pytest.approx(0.0, abs=1e-4)


def test_the_part_is_unknown_without_common_seeds_and_examples() -> None:
    rng = np.random.default_rng(7)
    row, others = table(rng, rows=1)[0], table(rng, rows=2)
    assert part_of_reference(row, []) is None
    assert part_of_reference(row_of_scores(row.by_seed), others) is None
    assert part_of_reference(paired_row([rng.normal(size=(5, 30))]), others) is None
    elsewhere = paired_row([rng.normal(size=(5, EXAMPLES))], seeds=range(10, 15))
    assert part_of_reference(elsewhere, others) is None
