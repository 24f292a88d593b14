"""The Pareto front of a study: configurations that no other beats in everything at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from results.fronts import front
from results.leaderboard import configuration_result
from results.records import Database
from results.study_results import StudyResults

if TYPE_CHECKING:
    import pandas as pd


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
            "run_ids": " ".join(map(str, entry.run_ids)),
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
    "run_ids": "str",
}
