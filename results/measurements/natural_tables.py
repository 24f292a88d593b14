"""Tables in natural units: statistics negate metrics for which lower is better, and exports undo it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from results.measurements.task_units import StudyUnits

if TYPE_CHECKING:
    import pandas as pd

# The columns of scores and their differences in each table. Columns ending in low and high are the ends of intervals.
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
    "screen": ("difference",),
    "interactions": ("difference", "first_with_second", "first_without_second"),
    "luck": ("search_score_not_a_result", "confirmed", "luck", "expected_luck_of_the_best"),
    "ledger": ("best_search_score_not_a_result", "median_search_score_not_a_result", "expected_best_not_a_result"),
    "transfer": ("difference",),
    "comparison": ("reference_effect", "study_effect", "difference"),
}
OF_TASK = "dev_"  # prefix of the columns of the tasks' main metrics


def in_natural_units(table: str, frame: pd.DataFrame, units: StudyUnits) -> pd.DataFrame:
    """Return a table of a study with the numbers as they were measured; `frame` itself is not changed.

    A row about a task has that task's direction, other rows the score's. Differences remain first minus second; the
    ends of intervals are swapped.
    """
    if table not in VALUES:
        return frame
    tasks = frame["task"] if "task" in frame.columns else [""] * len(frame)
    negated = [not units.of(str(task)).higher_is_better for task in tasks]
    if any(negated):
        sources = {column: column for column in VALUES[table]}
        # The columns of `trials` are factors, whose names may end in low.
        for low in (column for column in frame.columns if column.endswith("low") and table != "trials"):
            high = f"{low.removesuffix('low')}high"
            sources |= {low: high, high: low}
        frame = frame.copy()
        frame.loc[negated, list(sources)] = -frame.loc[negated, list(sources.values())].to_numpy()
    for column in frame.columns if table == "pareto" else ():
        if column.startswith(OF_TASK) and not units.of(column.removeprefix(OF_TASK)).higher_is_better:
            frame = frame.assign(**{column: -frame[column]})
    return frame
