"""The declaration of tasks in a trainer's module: the constants TASKS and SCORE, checked before anything is written.

    TASKS = {
        "price": {"metric": "RMSE", "unit": "EUR", "higher_is_better": False},
        "right": {"metric": "accuracy", "unit": "%"},
    }
    SCORE = "price"  # the task, or the list of tasks, whose mean is the score of a run

The defaults of a declared task are the metric "score", no unit, and higher is better. Differences of the units "share"
(0 to 1) and "%" are in points. Without TASKS every task is a share, and higher is better.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from types import ModuleType
from typing import Any

from results.measurements.task_units import units_from
from search_spaces.grammar import did_you_mean
from study.settings import SettingsError

KEYS: Mapping[str, type] = {"metric": str, "unit": str, "higher_is_better": bool}
DEFAULTS: Mapping[str, Any] = {"metric": "score", "unit": "", "higher_is_better": True}
LONGEST = 40  # characters of a name or a unit, so that they fit columns
EXAMPLE = 'TASKS = {"price": {"metric": "RMSE", "unit": "EUR", "higher_is_better": False}}'


class BadScores(ValueError):
    """Scores that do not fit the declaration in the trainer's module."""


def declaration(module: ModuleType) -> dict[str, Any]:
    """Return TASKS and SCORE of a trainer's module, as `study_meta.tasks_json` stores them.

    Raises:
        SettingsError: they have faults; the message lists all of them.
    """
    tasks, score = getattr(module, "TASKS", None), getattr(module, "SCORE", None)
    faults = [] if tasks is None else _faults_of_tasks(tasks)
    faults = faults or _faults_of_score({} if tasks is None else tasks, score)
    if faults:
        lines = "\n".join(f"  {fault}" for fault in faults)
        raise SettingsError(
            f"The declaration of the tasks in {getattr(module, '__file__', None) or module.__name__} cannot be used:\n"
            f"{lines}\nAn example: {EXAMPLE}"
        )
    deciding = [score] if isinstance(score, str) else list(score or ())
    return {"tasks": {task: {**DEFAULTS, **entry} for task, entry in (tasks or {}).items()}, "score": deciding}


def same_meaning(first: Mapping[str, Any] | None, second: Mapping[str, Any] | None) -> bool:
    """Return whether two declarations give scores the same meaning; the names of metrics may differ."""
    return _meaning(first) == _meaning(second)


def in_words(declared: Mapping[str, Any] | None) -> str:
    """Return a declaration in words, e.g. "price in EUR, lower is better"."""
    if not declared or not (declared["tasks"] or declared["score"]):
        return "no declaration (shares from 0 to 1, higher is better)"
    texts = [
        f"{task} in {entry['unit'] or 'plain numbers'}, {'higher' if entry['higher_is_better'] else 'lower'} is better"
        for task, entry in declared["tasks"].items()
    ]
    return "; ".join([*texts, *([f"the score is {', '.join(declared['score'])}"] if declared["score"] else [])])


def oriented_score(scores: Mapping[str, float], declared: Mapping[str, Any] | None) -> tuple[float, float]:
    """Return the score of a run, the mean over the deciding tasks: with higher as better, and as measured.

    Raises:
        BadScores: tasks are missing or not declared, or a number is outside its unit's range.
    """
    units = units_from(declared)
    expected = set(units.tasks) or {*scores, *units.deciding}
    if set(scores) != expected:
        raise BadScores(
            f"scores has the tasks {_listed(scores)}, but the trainer's module declares {_listed(expected)}. Return a "
            "score for each declared task, or change TASKS or SCORE."
        )
    for task, value in scores.items():
        if units.of(task).is_share and not -1 <= value <= 1:
            raise BadScores(_not_a_share(task, value, declared=units.names(task)))
    deciding = [value for task, value in scores.items() if units.decides(task)]
    natural = sum(deciding) / len(deciding)
    return units.score.oriented(natural), natural


def oriented_report(score: float, declared: Mapping[str, Any] | None) -> float:
    """Return a score that a run reports while it trains, with higher as better.

    Raises:
        BadScores: the score is outside the range of its unit.
    """
    units = units_from(declared)
    if units.score.is_share and abs(score) > 1:
        raise BadScores(
            f"report(epoch, {score:g}): the score is a share, 0 to 1, unless TASKS in the trainer's module says "
            f"otherwise, as in {EXAMPLE}."
        )
    return units.score.oriented(score)


def margin(value: float, declared: Mapping[str, Any] | None) -> float:
    """Return `--margin`, which is in points for a share, in the score's unit.

    Raises:
        SettingsError: the margin is not positive, or at least 100 points.
    """
    unit = units_from(declared).score
    if not (value > 0 and math.isfinite(value)) or (unit.is_share and value >= 100):
        bounds = "points, above 0 and below 100" if unit.is_share else f"{unit.differences}, above 0"
        raise SettingsError(f"--margin is in {bounds}, got {value:g}.")
    return value / 100 if unit.is_share else value


def check_objectives(names: Sequence[str], declared: Mapping[str, Any] | None) -> None:
    """Check the directions of objectives "TASK.score".

    Raises:
        SettingsError: a direction is not the declared one.
    """
    units = units_from(declared)
    for name in names:
        metric, _, direction = name.partition(":")
        task = metric.removesuffix(".score")
        unit = units.of(task)
        if task != metric and units.names(task) and unit.better != (direction or "higher"):
            raise SettingsError(
                f"--objectives {name}: TASKS declares that {unit.better} is better for {task}. "
                f"Write it as {metric}:{unit.better}"
            )


def _not_a_share(task: str, value: float, *, declared: bool) -> str:
    if declared:
        return (
            f"scores['{task}'] is {value:g}, but TASKS declares a share, which is 0 to 1. Declare its unit in TASKS: "
            f'"unit": "%", "unit": "EUR", or "unit": "" for a number without one.'
        )
    return (
        f"scores['{task}'] is {value:g}, but a task without declaration is a share, 0 to 1, and higher is better. "
        f"Declare the task in the function's module: "
        f'TASKS = {{"{task}": {{"metric": "RMSE", "unit": "EUR", "higher_is_better": False}}}}. '
        f'The unit may be "%" or "".'
    )


def _faults_of_tasks(tasks: object) -> list[str]:
    if not isinstance(tasks, Mapping) or not tasks:
        return [f"TASKS must map each task to a dictionary with any of {', '.join(KEYS)}, got {tasks!r:.80}."]
    faults = []
    for task, entry in tasks.items():
        if not isinstance(task, str) or not task:
            faults.append(f"A task's name in TASKS must be a string, got {task!r:.80}.")
        elif not isinstance(entry, Mapping):
            faults.append(f"TASKS['{task}'] must be a dictionary with any of {', '.join(KEYS)}, got {entry!r:.80}.")
        else:
            faults += [fault for key, value in entry.items() if (fault := _fault(f"TASKS['{task}']", key, value))]
    return faults


def _fault(place: str, key: object, value: object) -> str | None:
    if key not in KEYS:
        return f"{place} has the unknown key {key!r:.80}.{did_you_mean(key, KEYS)} Known: {', '.join(KEYS)}."
    expected = KEYS[str(key)]
    if not isinstance(value, expected):
        kind = "True or False" if expected is bool else "a string"
        return f"{place}['{key}'] must be {kind}, got {value!r:.80}."
    if isinstance(value, str) and (len(value) > LONGEST or not value.isprintable() or value != value.strip()):
        return f"{place}['{key}'] must be one line of at most {LONGEST} characters, got {value!r:.80}."
    return f"{place}['metric'] must not be empty." if key == "metric" and not value else None


def _faults_of_score(tasks: Mapping[str, Mapping[str, Any]], score: object) -> list[str]:
    deciding: Sequence[Any] = [score] if isinstance(score, str) else score if isinstance(score, list | tuple) else ()
    if score is not None and not (deciding and all(isinstance(task, str) for task in deciding)):
        return [f"SCORE must be a task, or a list of tasks whose mean is the score, got {score!r:.80}."]
    if len(set(deciding)) < len(deciding):
        return [f"SCORE must name each task once, got {_listed(deciding)}."]
    unknown = [task for task in deciding if tasks and task not in tasks]
    if unknown:
        return [f"SCORE names '{unknown[0]}', which TASKS does not have. Declared: {_listed(tasks)}."]
    kinds = {_kind(tasks.get(task)) for task in deciding or tasks}
    if len(kinds) < 2:
        return []
    if score is None:
        return [
            f"The tasks {_listed(tasks)} differ in unit or direction, so their mean has no meaning. Choose what "
            f'decides: SCORE = "{next(iter(tasks))}", or a list of tasks of one unit and direction.'
        ]
    return [f"SCORE = {list(deciding)} has tasks of different units or directions, so their mean has no meaning."]


def _kind(entry: Mapping[str, Any] | None) -> tuple[str, bool]:
    """Return the unit and the direction of a task."""
    if entry is None:
        return "share", True
    whole = {**DEFAULTS, **entry}
    return whole["unit"], whole["higher_is_better"]


def _meaning(declared: Mapping[str, Any] | None) -> object:
    if not declared:
        return {}, []
    return {task: _kind(entry) for task, entry in declared["tasks"].items()}, sorted(declared["score"])


def _listed(tasks: Iterable[str]) -> str:
    return ", ".join(sorted(tasks))
