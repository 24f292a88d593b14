"""The section on errors: confusions, calibration, and examples that stay wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from results.analysis.summary import Summary
from results.error_analysis.frames import error_frames
from results.error_analysis.task_errors import task_errors
from results.error_analysis.view import TaskView
from results.figures.figure import Figure
from results.figures.reliability import reliability_figure
from results.measurements.study_results import StudyResults

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
        return [task for task in self.tasks if task.errors.calibrations]

    @property
    def without_probabilities(self) -> list[str]:
        """The names of the tasks with classes whose probabilities are not known."""
        return [task.name for task in self.tasks if task.errors.kind == "classes" and not task.errors.calibrations]

    @property
    def without_sizes(self) -> bool:
        """Whether the lengths of the examples are unknown for every task."""
        return not any(task.errors.sizes for task in self.tasks)

    @property
    def without_rare_words(self) -> bool:
        """Whether lengths are known, but rare words are not: an older release wrote the study."""
        known = [task.errors.sizes for task in self.tasks if task.errors.sizes]
        return bool(known) and all(sizes.rarest is None for sizes in known)

    def sentence(self) -> str:
        """Say how many examples are wrong with every seed."""
        wrong = [task.hard_words for task in self.tasks if task.errors.kind == "classes"]
        return f"{'; '.join(wrong)}." if wrong else "How predictions compare with the labels."

    def figures(self) -> Sequence[Figure]:
        """Return reliability, task by task."""
        return self.reliability

    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Return `confusion`, `class_scores`, `calibration`, `calibration_error`, `slices`, `hard_examples`."""
        return error_frames([view.errors for view in self.tasks])


def build(results: StudyResults, found: Summary) -> Errors | None:
    """Return the errors of the best configuration; None where it kept predictions of fewer than two seeds."""
    if found.best is None:
        return None
    baseline = found.baseline.digest if found.baseline is not None else None
    tasks = task_errors(results, found.best.digest, baseline)
    if not tasks:
        return None
    drawn = [reliability_figure(task, number) for number, task in enumerate(tasks)]
    return Errors(tuple(TaskView(task) for task in tasks), tuple(figure for figure in drawn if figure is not None))
