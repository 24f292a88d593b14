"""Random forests fitted to runs, and the boxes of their leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from results.arrays import Float64
from results.choice_columns import Groups


@dataclass(frozen=True, eq=False)
class Forest:
    """A fitted forest of scikit-learn with what it was fitted to: for each group (runs, encoded columns), float32."""

    fitted: Any
    columns: tuple[NDArray[np.float32], ...]

    def predict(self, picked: np.ndarray) -> Float64:
        """Predictions where group k is as in run `picked[:, k]`: (points, groups) -> (points,)."""
        edges = np.cumsum([0, *(column.shape[1] for column in self.columns)])
        chosen = np.empty((len(picked), edges[-1]), dtype=np.float32)  # what trees compare in
        for k, column in enumerate(self.columns):
            chosen[:, edges[k] : edges[k + 1]] = column[picked[:, k]]
        trees = self.fitted.estimators_
        total: Float64 = sum((tree.tree_.predict(chosen)[:, 0] for tree in trees), np.zeros(len(picked)))
        return total / len(trees)


@dataclass(frozen=True, eq=False)
class Boxes:
    """A tree as boxes: `values` (leaves,), where `low < column <= high` for all columns, both (leaves, columns)."""

    low: Float64
    high: Float64
    values: Float64


def fit(groups: Groups, scores: Float64, *, trees: int, seed: int) -> Forest:
    """A forest of `trees` trees, half of the columns tried at each split."""
    from sklearn.ensemble import RandomForestRegressor

    columns = tuple(columns.encoded().astype(np.float32) for columns in groups.values())
    forest = RandomForestRegressor(n_estimators=trees, random_state=seed, max_features=0.5)
    return Forest(forest.fit(np.concatenate(columns, axis=1), scores), columns)


def boxes(tree: Any, columns: int) -> Boxes:
    """The leaves of a fitted tree (`DecisionTreeRegressor.tree_`) over so many columns."""
    low, high = np.full((tree.node_count, columns), -np.inf), np.full((tree.node_count, columns), np.inf)
    for node in range(tree.node_count):  # parents come before their children
        left, right = tree.children_left[node], tree.children_right[node]
        if left < 0:
            continue
        for child in (left, right):
            low[child], high[child] = low[node], high[node]
        at, threshold = tree.feature[node], tree.threshold[node]
        high[left, at] = min(high[left, at], threshold)
        low[right, at] = max(low[right, at], threshold)
    leaves = tree.children_left < 0
    return Boxes(low[leaves], high[leaves], tree.value[leaves, 0, 0])
