from __future__ import annotations

from itertools import combinations, permutations, product

import numpy as np
import pytest

from results.arrays import Float64
from results.shapley import shapley_values, variance_effects


def test_the_glove_game_by_hand() -> None:
    """Player 0 has the left glove, 1 and 2 right ones; a pair is worth 1: 4/6, 1/6, 1/6."""
    found = shapley_values(lambda s: float(0 in s and len(s) > 1), 3)
    assert found == pytest.approx([4 / 6, 1 / 6, 1 / 6])


@pytest.mark.parametrize("players", [1, 2, 4, 5])
def test_values_are_the_mean_over_all_orders(players: int) -> None:
    rng = np.random.default_rng(players)
    worth = {
        frozenset(chosen): float(rng.normal())
        for size in range(players + 1)
        for chosen in combinations(range(players), size)
    }
    added = np.zeros(players)
    orders = list(permutations(range(players)))
    for order in orders:
        for place, player in enumerate(order):
            added[player] += worth[frozenset(order[: place + 1])] - worth[frozenset(order[:place])]
    found = shapley_values(worth.__getitem__, players)
    assert found == pytest.approx(added / len(orders))
    assert found.sum() == pytest.approx(worth[frozenset(range(players))] - worth[frozenset()])


def test_too_many_players_are_refused() -> None:
    with pytest.raises(ValueError, match="1 to 16 players can be asked for, got 17"):
        shapley_values(lambda _: 0.0, 17)


def planted(points: Float64) -> Float64:
    """A main effect of 0, an interaction of 1 and 2, and nothing from 3; inputs are 0, 1 or 2."""
    result: Float64 = 1.0 * points[:, 0] + 2.0 * (points[:, 1] == 1) * (points[:, 2] > 0)
    return result


def test_walks_find_the_shapley_values_of_the_explained_variance() -> None:
    cells = np.array(list(product(range(3), repeat=4)), dtype=np.float64)
    table = planted(cells).reshape(3, 3, 3, 3)

    def explained(known: frozenset[int]) -> float:
        rest = tuple(i for i in range(4) if i not in known)
        return float(table.mean(axis=rest).var()) if known else 0.0

    expected = shapley_values(explained, 4) / table.var()
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 3, (2, 40_000, 4))
    found = variance_effects(planted, first, second, rng)
    assert found == pytest.approx(expected, abs=0.015)
    assert found[3] == 0.0


def test_a_constant_has_no_effects() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 3, (2, 10, 3))
    assert variance_effects(lambda points: np.ones(len(points)), first, second, rng).tolist() == [0.0, 0.0, 0.0]
