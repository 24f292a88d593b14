"""Shapley values: what each player adds to a small game, exactly; and Shapley effects of factors on a forest."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from math import factorial

import numpy as np

from results.arrays import Float64
from results.choice_columns import Groups
from results.forest import Forest, fit

WALKS = 256


def shapley_values(game: Callable[[frozenset[int]], float], players: int) -> Float64:
    """The average of what each player adds to those before it, over all orders: (players,).

        phi_i = sum over S without i of |S|! (players - |S| - 1)! / players!  (game(S + i) - game(S))

    They sum to game(all) - game(none). Shapley 1953, "A value for n-person games", eq. 12. Asks for each of the
    2^players coalitions once; ValueError above 16 players.
    """
    if not 1 <= players <= 16:
        raise ValueError(f"all coalitions of 1 to 16 players can be asked for, got {players}")
    worth = {s: game(s) for size in range(players + 1) for s in map(frozenset, combinations(range(players), size))}
    values = np.zeros(players)
    for coalition, value in worth.items():
        size = len(coalition)
        for i in range(players):
            if i in coalition:  # it came last of these
                weight = factorial(size - 1) * factorial(players - size) / factorial(players)
                values[i] += weight * (value - worth[coalition - {i}])
    return values


def shapley_effects(
    groups: Groups, scores: Float64, *, trees: int, seed: int, walks: int = WALKS, forest: Forest | None = None
) -> Float64:
    """Each group's share of the variance of a random forest fitted to the scores: (groups,), summing to about 1.

    The Shapley values of the game "variance explained by these factors", Var E[f(X) | X_S] / Var f(X) (Owen 2014,
    "Sobol' indices and Shapley value", eq. 8), the groups drawn independently of each other from the runs, all columns
    of one group together. See `variance_effects`. `forest`: one that was fitted already, by `fit` with these arguments.
    """
    rng = np.random.default_rng(seed)
    forest = forest or fit(groups, scores, trees=trees, seed=seed)
    rows = rng.integers(0, len(scores), (2, walks, len(groups)))  # each factor's from a run of its own
    return variance_effects(forest.predict, rows[0], rows[1], rng)


def variance_effects(
    predict: Callable[[np.ndarray], Float64], first: np.ndarray, second: np.ndarray, rng: np.random.Generator
) -> Float64:
    """Shapley effects of independent inputs by random walks from one point to another: (inputs,).

    `first`, `second` (walks, inputs): independent draws; `predict` maps (points, inputs) to (points,). A walk exchanges
    one input after the other in random order, w_0 = x to w_d = z; with w_k the point after input i was exchanged,

        phi_i = E[ (f(x) - (f(w_k-1) + f(w_k)) / 2) (f(w_k-1) - f(w_k)) ]

    without bias (Goda 2021, "A simple algorithm for global sensitivity analysis with Shapley effects", Reliability
    Engineering & System Safety 213, algorithm 1), divided by the sum, the variance. All zeros where f is constant.
    """
    walks, inputs = first.shape
    order = rng.permuted(np.tile(np.arange(inputs), (walks, 1)), axis=1)
    points = np.repeat(first[None], inputs + 1, axis=0)  # (steps, walks, inputs)
    for k in range(inputs):
        points[k + 1] = points[k]
        points[k + 1, np.arange(walks), order[:, k]] = second[np.arange(walks), order[:, k]]
    values = predict(points.reshape(-1, inputs)).reshape(inputs + 1, walks)
    gained = (values[0] - (values[:-1] + values[1:]) / 2) * (values[:-1] - values[1:])  # (inputs, walks), by place
    effects = np.bincount(order.T.ravel(), weights=gained.ravel(), minlength=inputs) / walks
    total = effects.sum()
    return effects / total if total > 0 else np.zeros(inputs)
