from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest

from study.designs.factorial import main_effects, resolution_iv_design


def test_four_factors_in_eight_runs_by_hand() -> None:
    """Box, Hunter and Hunter: D = ABC, and AB = CD, AC = BD, AD = BC."""
    design = resolution_iv_design(4)
    assert design.signs.shape == (8, 4)
    assert design.generators == ("D=ABC",)
    assert design.resolution == 4
    assert (design.signs[:, 3] == design.signs[:, :3].prod(axis=1)).all()
    assert design.aliases == (((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2)))


@pytest.mark.parametrize(("factors", "runs"), [(1, 2), (3, 8), (4, 8), (5, 16), (8, 16), (9, 32), (16, 32), (25, 64)])
def test_main_effects_are_free_of_pairs(factors: int, runs: int) -> None:
    design = resolution_iv_design(factors)
    signs = design.signs.astype(int)
    assert signs.shape == (runs, factors)
    assert (signs[0] == -1).all()
    assert len(np.unique(signs, axis=0)) == runs
    assert (signs.T @ signs == runs * np.eye(factors)).all()
    products = [signs[:, i] * signs[:, j] for i, j in combinations(range(factors), 2)]
    assert all((signs.T @ pair == 0).all() for pair in products)
    assert all(pair.sum() == 0 for pair in products)


@pytest.mark.parametrize("factors", [5, 6, 7, 11])
def test_aliases_are_the_pairs_with_one_column(factors: int) -> None:
    design = resolution_iv_design(factors)
    columns = {
        pair: tuple(design.signs[:, pair[0]] * design.signs[:, pair[1]]) for pair in combinations(range(factors), 2)
    }
    for group in design.aliases:
        assert len({columns[pair] for pair in group}) == 1
    told = {pair for group in design.aliases for pair in group}
    alone = [pair for pair in columns if pair not in told]
    firsts = [*alone, *(group[0] for group in design.aliases)]
    assert all(columns[a] != columns[b] for a, b in combinations(firsts, 2))


@pytest.mark.parametrize("factors", range(4, 12))
def test_the_resolution_is_the_shortest_product_that_is_constant(factors: int) -> None:
    design = resolution_iv_design(factors)
    signs = design.signs.astype(int)
    constant = [
        size
        for size in range(1, 7)
        for chosen in combinations(range(factors), size)
        if abs(signs[:, chosen].prod(axis=1).sum()) == len(signs)
    ]
    assert design.resolution == min(constant)


def test_five_factors_have_no_confused_pairs() -> None:
    design = resolution_iv_design(5)
    assert (design.resolution, design.aliases) == (5, ())
    assert design.generators == ("E=-ABCD",)
    assert (design.signs[:, 4] == -design.signs[:, :4].prod(axis=1)).all()


def test_a_full_design_has_no_words() -> None:
    design = resolution_iv_design(3)
    assert (design.signs.shape, design.resolution, design.generators, design.aliases) == ((8, 3), 0, (), ())


def test_effects_are_the_planted_ones() -> None:
    design = resolution_iv_design(3)
    a, b, c = design.signs.T.astype(float)
    rng = np.random.default_rng(0)
    scores = (0.7 + 0.01 * a - 0.02 * b + 0.005 * a * b + 0 * c)[:, None] + rng.normal(0, 0.1, 4)  # noise a seed
    effects = main_effects(design.signs, scores)
    assert [effect.estimate for effect in effects] == pytest.approx([0.02, -0.04, 0.0])
    assert all(effect.noise.error < 1e-12 for effect in effects)  # what a seed adds to all runs cancels


def test_what_does_not_fit_is_named() -> None:
    with pytest.raises(ValueError, match="must fit scores"):
        main_effects([[1], [-1], [1]], np.zeros((2, 2)))
    with pytest.raises(ValueError, match="must fit scores"):
        main_effects([[1], [1]], np.zeros((2, 2)))
    with pytest.raises(ValueError, match="1 to 26 factors, got 27"):
        resolution_iv_design(27)


def test_more_factors_never_need_fewer_runs() -> None:
    runs = [len(resolution_iv_design(k).signs) for k in range(1, 27)]
    assert all(a <= b for a, b in pairwise(runs))
