"""Tables with the metrics' own numbers: statistics turn a metric of which lower is better, and exports turn it back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from results.task_units import StudyUnits

if TYPE_CHECKING:
    import pandas as pd

# Of each table, the columns of scores and of their differences, and the ends of intervals: (lower, upper).
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
    "ledger": (
        "best_search_score_not_a_result",
        "median_search_score_not_a_result",
        "expected_best_not_a_result",
    ),
    "transfer": ("difference",),
    "comparison": ("reference_effect", "study_effect", "difference"),
}
ENDS = (
    ("low", "high"),
    *(
        (f"{name}_low", f"{name}_high")
        for name in (
            "within_best",
            "confirmed",
            "luck",
            "from_baseline",
            "first_with_second",
            "first_without_second",
            "reference",
            "study",
        )
    ),
)
OF_TASK = "dev_"  # what the column of a task's main metric begins with


def natural(table: str, frame: pd.DataFrame, units: StudyUnits) -> pd.DataFrame:
    """A table of a study with the numbers as they were measured.

    Rows about a task have that task's direction, all others the score's. What is there already is left alone: the
    frame is a copy where anything changes. Differences keep their meaning, first minus second.
    """
    if table not in VALUES:
        return frame
    tasks = frame["task"] if "task" in frame.columns else [""] * len(frame)
    turned = [not units.of(str(task)).higher_is_better for task in tasks]
    found = frame
    if any(turned):
        found = found.copy()
        for column in VALUES[table]:
            found.loc[turned, column] = -found.loc[turned, column]
        for low, high in ENDS:
            if low in found.columns and high in found.columns:
                ends = -found.loc[turned, [high, low]].to_numpy()
                found.loc[turned, [low, high]] = ends
    for column in found.columns if table == "pareto" else ():
        if column.startswith(OF_TASK) and not units.of(column.removeprefix(OF_TASK)).higher_is_better:
            found = found.assign(**{column: -found[column]})
    return found
