"""Functional analysis of variance of a forest: how much of its variance each factor explains alone, exactly."""

from __future__ import annotations

import numpy as np

from results.arrays import Float64
from results.choice_columns import Groups
from results.forest import Forest, boxes, fit


def main_effects(groups: Groups, scores: Float64, *, trees: int, seed: int, forest: Forest | None = None) -> Float64:
    """The variance of E[f(X) | X_g] for each group g, f a random forest fitted to the scores: (groups,).

    Hutter, Hoos and Leyton-Brown 2014, "An efficient approach for assessing hyperparameter importance", eq. 10, with
    all columns of a group together and each group drawn by itself from the runs, not uniformly from the space: as in
    `shapley.shapley_effects`, of whose forest this is the other view. A tree is a sum over leaves; with p_h the share
    of the runs whose group h lies in the leaf, its part is

        E[f | x_g] = sum over leaves of value  1(x_g in the leaf)  product over h other than g of p_h
    """
    forest = forest or fit(groups, scores, trees=trees, seed=seed)
    trees = len(forest.fitted.estimators_)
    # Runs that are alike in a group are looked at once.
    distinct = [np.unique(column, axis=0, return_counts=True) for column in forest.columns]
    shares = [counts / counts.sum() for _, counts in distinct]
    edges = np.cumsum([0, *(column.shape[1] for column in forest.columns)])
    curves = [np.zeros(len(counts)) for _, counts in distinct]
    for estimator in forest.fitted.estimators_:
        leaves = boxes(estimator.tree_, int(edges[-1]))
        inside = []
        for (rows, _), start, end in zip(distinct, edges, edges[1:], strict=False):
            part = slice(int(start), int(end))
            columns = (rows[:, None] > leaves.low[:, part]) & (rows[:, None] <= leaves.high[:, part])
            inside.append(columns.all(axis=2))  # (distinct rows, leaves)
        reached = np.stack([share @ within for share, within in zip(shares, inside, strict=True)])  # (groups, leaves)
        whole = leaves.values * reached.prod(axis=0)
        for curve, within, part_reached in zip(curves, inside, reached, strict=True):
            curve += within @ (whole / part_reached)  # no leaf is empty: some run is in it
    return np.array([_variance(curve / trees, share) for curve, share in zip(curves, shares, strict=True)])


def _variance(values: Float64, shares: Float64) -> float:
    return float(shares @ (values - shares @ values) ** 2)
