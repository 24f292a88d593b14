"""The section on errors: what is taken for what, how far confidence can be believed, which examples stay wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from results.error_frames import (
    calibration_error_frame,
    calibration_frame,
    class_scores_frame,
    confusion_frame,
    hard_examples_frame,
    slices_frame,
)
from results.error_view import TaskView
from results.figure import Figure
from results.reliability_figure import reliability_figure
from results.study_results import StudyResults
from results.summary import Summary
from results.task_errors import task_errors

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Errors:
    """The errors of the best and of the baseline, task by task."""

    tasks: tuple[TaskView, ...]
    reliability: tuple[Figure, ...]

    @property
    def calibrated(self) -> list[TaskView]:
        """The tasks whose class probabilities were kept."""
        return [task for task in self.tasks if task.found.kind == "classes" and task.found.calibrations]

    @property
    def without_probabilities(self) -> list[str]:
        """The names of the tasks with classes of which no probabilities are known."""
        return [task.name for task in self.tasks if task.found.kind == "classes" and not task.found.calibrations]

    @property
    def without_sizes(self) -> bool:
        """Whether it is not known how long the examples are, of any task."""
        return not any(task.found.sizes for task in self.tasks)

    @property
    def without_rare_words(self) -> bool:
        """Whether lengths are known, but not which examples have rare words: an older release kept them."""
        known = [task.found.sizes for task in self.tasks if task.found.sizes]
        return bool(known) and all(sizes.rarest is None for sizes in known)

    def sentence(self) -> str:
        """The answer: how many examples stay wrong whatever the seed."""
        told = [task.hard_words for task in self.tasks if task.found.kind == "classes"]
        return f"{'; '.join(told)}." if told else "Where predictions lie beside the labels."

    def figures(self) -> Sequence[Figure]:
        """Reliability, task by task."""
        return self.reliability

    def tables(self) -> Mapping[str, pd.DataFrame]:
        """`confusion`, `class_scores`, `calibration`, `calibration_error`, `slices`, `hard_examples`."""
        tasks, calibrated = ([view.found for view in views] for views in (self.tasks, self.calibrated))
        return {
            "confusion": confusion_frame(tasks),
            "class_scores": class_scores_frame(tasks),
            "calibration": calibration_frame(calibrated),
            "calibration_error": calibration_error_frame(calibrated),
            "slices": slices_frame(tasks),
            "hard_examples": hard_examples_frame(tasks),
        }


def build(results: StudyResults, found: Summary) -> Errors | None:
    """The errors of a study whose best configuration kept predictions of two seeds or more; None without."""
    if found.best is None:
        return None
    baseline = found.baseline.digest if found.baseline is not None else None
    tasks = task_errors(results, found.best.digest, baseline)
    if not tasks:
        return None
    drawn = [reliability_figure(task, number) for number, task in enumerate(tasks) if task.kind == "classes"]
    return Errors(tuple(TaskView(task) for task in tasks), tuple(figure for figure in drawn if figure is not None))
