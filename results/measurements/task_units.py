"""What the tasks of a study are measured in: what its trainer declared, kept in `study_meta.tasks_json`.

    {"tasks": {"price": {"metric": "RMSE", "unit": "EUR", "higher_is_better": false}}, "score": ["price"]}

`score` names the tasks whose mean is the score of a run; empty for all of them. A study whose trainer declares nothing
has no such column: its tasks are shares of which more is better.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from results.database.rows import JsonObject, StudyRow
from results.text.units import SHARES, Unit


@dataclass(frozen=True)
class StudyUnits:
    """`score`: the unit of a run's score; `tasks` what was declared of each; `deciding` tasks make up the score.

    No `deciding` tasks are all of them.
    """

    score: Unit = SHARES
    tasks: Mapping[str, Unit] = field(default_factory=dict)
    deciding: tuple[str, ...] = ()

    def of(self, task: str) -> Unit:
        """Return the unit of a task's main metric; "" is the score."""
        return self.tasks.get(task, SHARES) if task else self.score

    def decides(self, task: str) -> bool:
        """Return whether the score is made up of this task, perhaps with others."""
        return not self.deciding or task in self.deciding

    def names(self, task: str) -> bool:
        """Return whether the trainer said what the task's metric is called."""
        return task in self.tasks


def units_of(study: StudyRow) -> StudyUnits:
    """Return the units of a study."""
    return units_from(study.tasks_json)


def units_from(declared: Mapping[str, Any] | None) -> StudyUnits:
    """Return the units that `tasks_json` holds."""
    if not declared:
        return StudyUnits()
    tasks = {str(task): _unit(said) for task, said in declared.get("tasks", {}).items()}
    deciding = tuple(declared.get("score", ()))
    return StudyUnits(_score_unit([tasks.get(task, SHARES) for task in deciding or tasks]), tasks, deciding)


def margin_of(study: StudyRow, task: str = "") -> float | None:
    """Smaller differences of a task's metric count as none ("": of the score); None where its unit has no such number.

    The study's own (`--margin`) where the task has the score's unit and direction, else that of its unit.
    """
    units, asked = units_of(study), study.settings_json.get("margin")
    unit, score = units.of(task), units.score
    same = (unit.unit, unit.higher_is_better) == (score.unit, score.higher_is_better)
    return float(asked) if asked is not None and same else unit.margin


def _unit(said: JsonObject) -> Unit:
    metric, unit = str(said.get("metric", "score")), str(said.get("unit", ""))
    return Unit(metric, unit, bool(said.get("higher_is_better", True)))


def _score_unit(units: Sequence[Unit]) -> Unit:
    """Of the mean over tasks of one unit and direction; it has a name of its own where their metrics differ."""
    if not units:
        return SHARES
    names = {unit.name for unit in units}
    return Unit(names.pop() if len(names) == 1 else "score", units[0].unit, units[0].higher_is_better)
