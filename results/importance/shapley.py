"""Shapley effects: the share of each factor in the variance of a random forest fitted to runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from results.importance.encoding import Groups
from results.statistics.arrays import Float64

WALKS = 256


@dataclass(frozen=True, eq=False)
class Forest:
    """Fitted scikit-learn forest with its inputs: float32 (runs, encoded columns) per group."""

    fitted: Any
    columns: tuple[NDArray[np.float32], ...]

    def predict(self, picked: np.ndarray) -> Float64:
        """Return predictions with the columns of group k from run `picked[:, k]`: (points, groups) -> (points,)."""
        edges = np.cumsum([0, *(column.shape[1] for column in self.columns)])
        chosen = np.empty((len(picked), edges[-1]), dtype=np.float32)  # the dtype of scikit-learn's trees
        for k, column in enumerate(self.columns):
            chosen[:, edges[k] : edges[k + 1]] = column[picked[:, k]]
        trees = self.fitted.estimators_
        total: Float64 = sum((tree.tree_.predict(chosen)[:, 0] for tree in trees), np.zeros(len(picked)))
        return total / len(trees)


def fit(groups: Groups, scores: Float64, *, trees: int, seed: int) -> Forest:
    """Return a fitted forest of `trees` trees that tries half of the columns at each split."""
    from sklearn.ensemble import RandomForestRegressor

    columns = tuple(columns.encoded().astype(np.float32) for columns in groups.values())
    forest = RandomForestRegressor(n_estimators=trees, random_state=seed, max_features=0.5)
    return Forest(forest.fit(np.concatenate(columns, axis=1), scores), columns)


def shapley_effects(groups: Groups, scores: Float64, *, trees: int, seed: int, walks: int = WALKS) -> Float64:
    """Return each group's share of the variance of a random forest fitted to the scores: (groups,), sum about 1.

    These are the Shapley values of the game "variance explained by a set S of factors", Var E[f(X) | X_S] / Var f(X)
    (Owen 2014, "Sobol' indices and Shapley value", eq. 8). Groups are drawn from the runs independently of each other,
    the columns of a group together. See `variance_effects`.
    """
    rng = np.random.default_rng(seed)
    forest = fit(groups, scores, trees=trees, seed=seed)
    rows = rng.integers(0, len(scores), (2, walks, len(groups)))  # an independent run per group
    return variance_effects(forest.predict, rows[0], rows[1], rng)


def variance_effects(
    predict: Callable[[np.ndarray], Float64], first: np.ndarray, second: np.ndarray, rng: np.random.Generator
) -> Float64:
    """Return the Shapley effects of independent inputs by random walks from one point to another: (inputs,).

    `first`, `second` (walks, inputs): independent draws; `predict` maps (points, inputs) to (points,). A walk replaces
    one input after the other in random order, from w_0 = x to w_d = z; with w_k the point after input i was replaced,

        phi_i = E[ (f(x) - (f(w_k-1) + f(w_k)) / 2) (f(w_k-1) - f(w_k)) ]

    is unbiased (Goda 2021, "A simple algorithm for global sensitivity analysis with Shapley effects", Reliability
    Engineering & System Safety 213, algorithm 1). The effects are divided by their sum, the variance; they are all zero
    if f is constant.
    """
    walks, inputs = first.shape
    order = rng.permuted(np.tile(np.arange(inputs), (walks, 1)), axis=1)
    points = np.repeat(first[None], inputs + 1, axis=0)  # (steps, walks, inputs)
    for k in range(inputs):
        points[k + 1] = points[k]
        points[k + 1, np.arange(walks), order[:, k]] = second[np.arange(walks), order[:, k]]
    values = predict(points.reshape(-1, inputs)).reshape(inputs + 1, walks)
    gained = (values[0] - (values[:-1] + values[1:]) / 2) * (values[:-1] - values[1:])  # (steps, walks)
    effects = np.bincount(order.T.ravel(), weights=gained.ravel(), minlength=inputs) / walks
    total = effects.sum()
    return effects / total if total > 0 else np.zeros(inputs)
