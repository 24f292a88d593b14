"""The Pareto front: configurations that no other beats in everything at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from results.leaderboard import configuration_result
from results.records import Database
from results.study_results import StudyResults

if TYPE_CHECKING:
    import pandas as pd

Direction = Literal["maximize", "minimize"]


def front(points: ArrayLike, directions: Sequence[Direction]) -> NDArray[np.bool_]:
    """Which of `points` (points, objectives) are on the front: a mask (points,).

    A point is off the front when another is at least as good in every objective and better in one; equal
    points stay together. A point with a NaN is never on it. ValueError when the shapes do not fit.
    """
    values = np.asarray(points, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] != len(directions) or not directions:
        raise ValueError(
            f"points must have shape (points, {len(directions)}) for {len(directions)} directions, got {values.shape}"
        )
    unknown = set(directions) - {"maximize", "minimize"}
    if unknown:
        raise ValueError(f"a direction is maximize or minimize, got {sorted(unknown)}")
    signs = np.array([1.0 if direction == "maximize" else -1.0 for direction in directions])
    better = values * signs
    known = np.isfinite(values).all(axis=1)
    mask: NDArray[np.bool_] = np.zeros(len(values), dtype=np.bool_)
    others = better[known]
    for i in np.flatnonzero(known):
        beaten = (others >= better[i]).all(axis=1) & (others > better[i]).any(axis=1)
        mask[i] = not beaten.any()
    return mask


def pareto_table(database: Database, name: str) -> pd.DataFrame:
    """Every configuration with results: mean score, its two costs, and whether it is on either front."""
    return pareto_frame(StudyResults(database, name))


def pareto_frame(results: StudyResults) -> pd.DataFrame:
    """`pareto_table` of a study that was read already."""
    import pandas as pd

    found = [configuration_result(results, digest) for digest in results.measured()]
    records = [
        {
            "config_digest": entry.digest,
            "cells": " ".join(entry.names),
            "label": "; ".join(entry.labels),
            "score": entry.mean,
            "spread": entry.spread,
            "seeds": entry.seeds,
            "trainable_parameters": entry.trainable_parameters,
            "train_seconds": entry.train_seconds,
        }
        for entry in found
        if entry
    ]
    frame = pd.DataFrame(records, columns=list(COLUMNS)).astype(COLUMNS)
    for cost, column in (
        ("trainable_parameters", "on_parameters_front"),
        ("train_seconds", "on_seconds_front"),
    ):
        points = frame[["score", cost]].to_numpy(dtype="float64", na_value=np.nan)
        frame[column] = front(points, ("maximize", "minimize"))
    return frame


COLUMNS = {
    "config_digest": "str",
    "cells": "str",
    "label": "str",
    "score": "float64",
    "spread": "float64",
    "seeds": "int64",
    "trainable_parameters": "Int64",
    "train_seconds": "float64",
}
