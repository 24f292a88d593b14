"""The units of a study's tasks, as its trainer declared them in `study_meta.tasks_json`.

    {"tasks": {"price": {"metric": "RMSE", "unit": "EUR", "higher_is_better": false}}, "score": ["price"]}

`score` lists the tasks whose mean is the score of a run; empty for all of them. Without a declaration, the metrics of
all tasks are fractions and higher is better.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from results.database.rows import JsonObject, StudyRow
from results.text.units import SHARES, Unit


@dataclass(frozen=True)
class StudyUnits:
    """Units of the score and of the declared tasks; the score is the mean of the `deciding` tasks (empty: all)."""

    score: Unit = SHARES
    tasks: Mapping[str, Unit] = field(default_factory=dict)
    deciding: tuple[str, ...] = ()

    def of(self, task: str) -> Unit:
        """Return the unit of a task's main metric, or of the score for ""."""
        return self.tasks.get(task, SHARES) if task else self.score

    def decides(self, task: str) -> bool:
        """Return whether a task counts in the score."""
        return not self.deciding or task in self.deciding

    def names(self, task: str) -> bool:
        """Return whether the trainer declared the task's metric."""
        return task in self.tasks


def units_of(study: StudyRow) -> StudyUnits:
    """Return the units of a study."""
    return units_from(study.tasks_json)


def units_from(declared: Mapping[str, Any] | None) -> StudyUnits:
    """Return the units declared in `tasks_json`."""
    if not declared:
        return StudyUnits()
    tasks = {str(task): _unit(unit) for task, unit in declared.get("tasks", {}).items()}
    deciding = tuple(declared.get("score", ()))
    return StudyUnits(_score_unit([tasks.get(task, SHARES) for task in deciding or tasks]), tasks, deciding)


def margin_of(study: StudyRow, task: str = "") -> float | None:
    """Return the equivalence margin of a task's metric, or of the score for ""; None if its unit has no margin.

    It is `--margin` if the task has the score's unit and direction, else the default margin of its unit.
    """
    units, margin = units_of(study), study.settings_json.get("margin")
    unit, score = units.of(task), units.score
    same = (unit.unit, unit.higher_is_better) == (score.unit, score.higher_is_better)
    return float(margin) if margin is not None and same else unit.margin


def _unit(declared: JsonObject) -> Unit:
    metric, unit = str(declared.get("metric", "score")), str(declared.get("unit", ""))
    return Unit(metric, unit, bool(declared.get("higher_is_better", True)))


def _score_unit(units: Sequence[Unit]) -> Unit:
    """Return the unit of a mean over tasks that share unit and direction; named "score" if their metrics differ."""
    if not units:
        return SHARES
    names = {unit.name for unit in units}
    return Unit(names.pop() if len(names) == 1 else "score", units[0].unit, units[0].higher_is_better)
