"""The section "Error analysis": confusion matrices, calibration, and examples that are wrong with every seed."""

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
from results.report.sections.section import Content

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Errors(Content):
    """Errors of the best configuration and of the baseline, task by task."""

    tasks: tuple[TaskView, ...]
    reliability: tuple[Figure, ...]

    @property
    def calibrated(self) -> list[TaskView]:
        """The tasks with stored class probabilities."""
        return [task for task in self.tasks if task.errors.calibrations]

    @property
    def without_probabilities(self) -> list[str]:
        """The names of the classification tasks without stored class probabilities."""
        return [task.name for task in self.tasks if task.errors.kind == "classes" and not task.errors.calibrations]

    @property
    def without_sizes(self) -> bool:
        """Whether the lengths of the examples are unknown in every task."""
        return not any(task.errors.sizes for task in self.tasks)

    @property
    def without_rare_words(self) -> bool:
        """Whether lengths are known but rare words are not: an older release wrote the study."""
        sizes = [task.errors.sizes for task in self.tasks if task.errors.sizes]
        return bool(sizes) and all(each.rarest is None for each in sizes)

    def sentence(self) -> str:
        """Return the number of examples that are wrong with every seed."""
        wrong = [task.hard_words for task in self.tasks if task.errors.kind == "classes"]
        return f"{'; '.join(wrong)}." if wrong else "How predictions compare with the labels."

    def figures(self) -> Sequence[Figure]:
        """Return one reliability diagram per task."""
        return self.reliability

    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Return `confusion`, `class_scores`, `calibration`, `calibration_error`, `slices`, `hard_examples`."""
        return error_frames([view.errors for view in self.tasks])


def build(results: StudyResults, summary: Summary) -> Errors | None:
    """Return the section, or None if fewer than two seeds of the best configuration have predictions."""
    if summary.best is None:
        return None
    baseline = summary.baseline.digest if summary.baseline is not None else None
    tasks = task_errors(results, summary.best.digest, baseline)
    if not tasks:
        return None
    drawn = [reliability_figure(task, number) for number, task in enumerate(tasks)]
    return Errors(tuple(TaskView(task) for task in tasks), tuple(figure for figure in drawn if figure is not None))
