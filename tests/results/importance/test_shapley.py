from __future__ import annotations

from collections.abc import Callable
from itertools import permutations, product

import numpy as np
import pytest

from results.importance.shapley import variance_effects
from results.statistics.arrays import Float64


def shapley_values(game: Callable[[frozenset[int]], float], players: int) -> Float64:
    """The average of what each player adds to those before it, over all orders (Shapley 1953, eq. 12)."""
    added = np.zeros(players)
    orders = list(permutations(range(players)))
    for order in orders:
        for place, player in enumerate(order):
            added[player] += game(frozenset(order[: place + 1])) - game(frozenset(order[:place]))
    return added / len(orders)


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
