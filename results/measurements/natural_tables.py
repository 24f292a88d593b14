"""Tables with the metrics' own numbers: statistics negate metrics of which lower is better, and exports negate back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from results.measurements.task_units import StudyUnits

if TYPE_CHECKING:
    import pandas as pd

# Of each table, the columns of scores and of their differences. Ends of intervals are columns ending in low and high.
VALUES: Mapping[str, tuple[str, ...]] = {
    "runs": ("score", "leaderboard_score", "last_score"),
    "trials": ("score", "last_score"),
    "leaderboard": ("mean", "test_mean"),
    "ablation": ("mean", "difference"),
    "added": ("mean", "difference", "within_best"),
    "against_baseline": ("mean", "difference"),
    "method_task": ("mean",),
    "pareto": ("score",),
    "path": ("mean", "difference", "luck", "from_baseline"),
    "interactions": ("difference", "first_with_second", "first_without_second"),
    "luck": ("search_score_not_a_result", "confirmed", "luck", "expected_luck_of_the_best"),
    "ledger": ("best_search_score_not_a_result", "median_search_score_not_a_result", "expected_best_not_a_result"),
    "transfer": ("difference",),
    "comparison": ("reference_effect", "study_effect", "difference"),
}
OF_TASK = "dev_"  # what the column of a task's main metric begins with


def in_natural_units(table: str, frame: pd.DataFrame, units: StudyUnits) -> pd.DataFrame:
    """Return a table of a study with the numbers as they were measured.

    Rows about a task have that task's direction, all others the score's. `frame` is left alone: it is copied where
    anything changes. Differences keep their meaning, first minus second; the ends of intervals change places.
    """
    if table not in VALUES:
        return frame
    tasks = frame["task"] if "task" in frame.columns else [""] * len(frame)
    turned = [not units.of(str(task)).higher_is_better for task in tasks]
    if any(turned):
        sources = {column: column for column in VALUES[table]}
        lows = [column for column in frame.columns if column.endswith("low") and table != "trials"]  # it has factors
        for low, high in ((low, f"{low.removesuffix('low')}high") for low in lows):
            sources |= {low: high, high: low}
        frame = frame.copy()
        frame.loc[turned, list(sources)] = -frame.loc[turned, list(sources.values())].to_numpy()
    for column in frame.columns if table == "pareto" else ():
        if column.startswith(OF_TASK) and not units.of(column.removeprefix(OF_TASK)).higher_is_better:
            frame = frame.assign(**{column: -frame[column]})
    return frame
