"""What a trainer's module declares of its tasks: the constants TASKS and SCORE, checked before anything is written.

    TASKS = {
        "price": {"metric": "RMSE", "unit": "EUR", "higher_is_better": False},
        "right": {"metric": "accuracy", "unit": "%"},
    }
    SCORE = "price"  # the task, or the list of tasks, whose mean is the score of a run

A task that is declared has the metric "score", no unit, and more is better, unless its entry says otherwise. The units
"share" (0 to 1) and "%" have differences in points. Without TASKS every task is a share of which more is better.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from types import ModuleType
from typing import Any

from results.measurements.task_units import StudyUnits, units_from
from search_spaces.grammar import did_you_mean
from study.settings import SettingsError

KEYS: Mapping[str, type] = {"metric": str, "unit": str, "higher_is_better": bool}
DEFAULTS: Mapping[str, Any] = {"metric": "score", "unit": "", "higher_is_better": True}
LONGEST = 40  # characters of a name or a unit, so that columns have room
EXAMPLE = 'TASKS = {"price": {"metric": "RMSE", "unit": "EUR", "higher_is_better": False}}'


class BadScores(ValueError):
    """Scores that do not fit what the trainer's module declares."""


def declaration(module: ModuleType) -> dict[str, Any]:
    """TASKS and SCORE of a trainer's module as `study_meta.tasks_json` keeps them.

    `SettingsError` with every fault, the file, and an example.
    """
    tasks, score = getattr(module, "TASKS", None), getattr(module, "SCORE", None)
    faults = [] if tasks is None else _faults_of_tasks(tasks)
    faults = faults or _faults_of_score({} if tasks is None else tasks, score)
    if faults:
        told = "\n".join(f"  {fault}" for fault in faults)
        raise SettingsError(
            f"The declaration of the tasks in {getattr(module, '__file__', None) or module.__name__} cannot be used:\n"
            f"{told}\nAn example: {EXAMPLE}"
        )
    deciding = [score] if isinstance(score, str) else list(score or ())
    return {"tasks": {task: {**DEFAULTS, **said} for task, said in (tasks or {}).items()}, "score": deciding}


def same_meaning(first: Mapping[str, Any] | None, second: Mapping[str, Any] | None) -> bool:
    """Return whether two declarations have scores of one meaning: what metrics are called makes no difference."""
    return _meaning(first) == _meaning(second)


def in_words(declared: Mapping[str, Any] | None) -> str:
    """E.g. "price in EUR, lower is better"; what is not declared is a share."""
    if not declared or not (declared["tasks"] or declared["score"]):
        return "no declaration (shares from 0 to 1, higher is better)"
    told = [
        f"{task} in {said['unit'] or 'plain numbers'}, {'higher' if said['higher_is_better'] else 'lower'} is better"
        for task, said in declared["tasks"].items()
    ]
    return "; ".join([*told, *([f"the score is {', '.join(declared['score'])}"] if declared["score"] else [])])


def oriented_score(scores: Mapping[str, float], declared: Mapping[str, Any] | None) -> tuple[float, float]:
    """Return the score of a run: of which more is better, and as it was measured; the mean over the tasks that decide.

    `BadScores` where tasks are missing or were not declared, and for a number that its unit cannot have.
    """
    units = units_from(declared)
    _check_tasks(scores, units)
    for task, value in scores.items():
        if units.of(task).is_share and not -1 <= value <= 1:
            raise BadScores(_no_share(task, value, declared=units.names(task)))
    deciding = [value for task, value in scores.items() if units.decides(task)]
    natural = sum(deciding) / len(deciding)
    return units.score.oriented(natural), natural


def oriented_report(score: float, declared: Mapping[str, Any] | None) -> float:
    """Return the score that a run reports on its way, of which more is better. `BadScores` as `oriented_score`."""
    units = units_from(declared)
    if units.score.is_share and abs(score) > 1:
        raise BadScores(
            f"report(epoch, {score:g}): the score is a share, 0 to 1, unless TASKS in the trainer's module says "
            f"otherwise, as in {EXAMPLE}."
        )
    return units.score.oriented(score)


def margin(given: float, declared: Mapping[str, Any] | None) -> float:
    """`--margin` as a number of the score's own unit: given in points for a share, else in the unit itself."""
    unit = units_from(declared).score
    if not (given > 0 and math.isfinite(given)) or (unit.is_share and given >= 100):
        told = "points, above 0 and below 100" if unit.is_share else f"{unit.differences}, above 0"
        raise SettingsError(f"--margin is in {told}, got {given:g}.")
    return given / 100 if unit.is_share else given


def check_objectives(names: Sequence[str], declared: Mapping[str, Any] | None) -> None:
    """Refuse an objective "TASK.score" whose direction is not that which was declared. `SettingsError`."""
    units = units_from(declared)
    for name in names:
        bare, _, told = name.partition(":")
        task = bare.removesuffix(".score")
        unit = units.of(task)
        if task != bare and units.names(task) and unit.better != (told or "higher"):
            raise SettingsError(
                f"--objectives {name}: of {task} {unit.better} is better, as TASKS declares. "
                f"Write it as {bare}:{unit.better}"
            )


def _check_tasks(scores: Mapping[str, float], units: StudyUnits) -> None:
    wanted = set(units.tasks) or {*scores, *units.deciding}
    if set(scores) != wanted:
        raise BadScores(
            f"scores has the tasks {_listed(scores)}, and the trainer's module declares {_listed(wanted)}. Return a "
            "score of each declared task, or change TASKS or SCORE."
        )


def _no_share(task: str, value: float, *, declared: bool) -> str:
    if declared:
        return (
            f"scores['{task}'] is {value:g}, and TASKS declares a share, which is 0 to 1. Give its unit in TASKS: "
            f'"unit": "%", "unit": "EUR", or "unit": "" for a number without one.'
        )
    return (
        f"scores['{task}'] is {value:g}. A task of which nothing is said is a share, 0 to 1, of which more is better. "
        f"Say what it is beside the function, in its module: "
        f'TASKS = {{"{task}": {{"metric": "RMSE", "unit": "EUR", "higher_is_better": False}}}}. '
        f'The unit may be "%" or "".'
    )


def _faults_of_tasks(tasks: object) -> list[str]:
    if not isinstance(tasks, Mapping) or not tasks:
        return [f"TASKS must map each task to what it is measured in, got {tasks!r:.80}."]
    faults = []
    for task, said in tasks.items():
        if not isinstance(task, str) or not task:
            faults.append(f"A task's name in TASKS is text, got {task!r:.80}.")
        elif not isinstance(said, Mapping):
            faults.append(f"TASKS['{task}'] must be a dictionary with any of {', '.join(KEYS)}, got {said!r:.80}.")
        else:
            faults += [fault for key, value in said.items() if (fault := _fault(f"TASKS['{task}']", key, value))]
    return faults


def _fault(place: str, key: object, value: object) -> str | None:
    if key not in KEYS:
        return f"{place} has the unknown key {key!r:.80}.{did_you_mean(key, KEYS)} Known: {', '.join(KEYS)}."
    wanted = KEYS[str(key)]
    if not isinstance(value, wanted):
        kind = "True or False" if wanted is bool else "text"
        return f"{place}['{key}'] must be {kind}, got {value!r:.80}."
    if isinstance(value, str) and (len(value) > LONGEST or not value.isprintable() or value != value.strip()):
        return f"{place}['{key}'] must be one line of at most {LONGEST} characters, got {value!r:.80}."
    return f"{place}['metric'] must not be empty." if key == "metric" and not value else None


def _faults_of_score(tasks: Mapping[str, Mapping[str, Any]], score: object) -> list[str]:
    deciding: Sequence[Any] = [score] if isinstance(score, str) else score if isinstance(score, list | tuple) else ()
    if score is not None and not (deciding and all(isinstance(task, str) for task in deciding)):
        return [f"SCORE must be a task, or a list of tasks whose mean is the score, got {score!r:.80}."]
    if len(set(deciding)) < len(deciding):
        return [f"SCORE takes each task once, got {_listed(deciding)}."]
    unknown = [task for task in deciding if tasks and task not in tasks]
    if unknown:
        return [f"SCORE names '{unknown[0]}', which TASKS does not have. Declared: {_listed(tasks)}."]
    kinds = {_kind(tasks.get(task)) for task in deciding or tasks}
    if len(kinds) < 2:
        return []
    if score is None:
        return [
            f"The tasks {_listed(tasks)} differ in unit or direction, so that their mean says nothing. Say which "
            f'decides: SCORE = "{next(iter(tasks))}", or a list of tasks of one unit and direction.'
        ]
    return [f"SCORE = {list(deciding)} has tasks of different units or directions, so that their mean says nothing."]


def _kind(said: Mapping[str, Any] | None) -> tuple[str, bool]:
    """Unit and direction."""
    if said is None:
        return "share", True
    whole = {**DEFAULTS, **said}
    return whole["unit"], whole["higher_is_better"]


def _meaning(declared: Mapping[str, Any] | None) -> object:
    if not declared:
        return {}, []
    return {task: _kind(said) for task, said in declared["tasks"].items()}, sorted(declared["score"])


def _listed(tasks: Iterable[str]) -> str:
    return ", ".join(sorted(tasks))
