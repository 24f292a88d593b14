"""A study that exists, launched again: whether its runs still mean what they meant, and what its record says then."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from mtbert.errors import MtbertError
from results.records import Database
from results.rows import Cell, RunRow, StudyRow
from search_spaces import SpaceError, describe
from search_spaces.grammar import Choices
from study import evolution
from study.code_changes import change_of, check_taken
from study.importing import Import, plan
from study.rebuilding import Rebuilt, completed, rebuild
from study.references import alone
from study.settings import SettingsError
from study.task_declaration import in_words, same_meaning
from study.trainers.abstract import AbstractTrainer


@dataclass(frozen=True)
class Reopened:
    """What changed, one line each, and the study's record as it is to be; nothing to write where nothing changed."""

    told: tuple[str, ...]
    study: StudyRow
    run_choices: dict[int, dict[str, Any]]
    cell_choices: dict[tuple[str, str], dict[str, Any]]

    def write(self, database: Database) -> None:
        """Bring the record up to date, in one transaction."""
        database.studies.evolve(self.study, self.run_choices, self.cell_choices)


def reopen(
    found: StudyRow,
    trainer: AbstractTrainer,
    runs: list[RunRow],
    cells: list[Cell],
    *,
    accept_changed_code: bool = False,
) -> Reopened | None:
    """What launching the study again changes in its record; None where its space is as it was.

    `SettingsError`, with every change and the way out, where runs of two meanings would stand in one table.
    """
    name = found.study_name
    if any(run.score is not None for run in runs) and not same_meaning(found.tasks_json, trainer.facts.tasks):
        raise SettingsError(
            f"Study '{name}' cannot be resumed: {_other_units(found, trainer)} Restore it, or start another study: "
            f"--name {name}-2"
        )
    change = change_of(found, trainer.facts, runs)
    if change is not None and change.compared and not accept_changed_code:
        raise change.refuse()
    if found.data_fingerprint != trainer.facts.fingerprint and not (change is not None and change.reads_data):
        raise SettingsError(
            f"Study '{name}' cannot be resumed: the data ({found.data_source}) has other contents than when the study "
            f"began. Start another one: --name {name}-2"
        )
    now = json.loads(json.dumps(describe(trainer.space)))
    changes = evolution.compare(found.space_json, now, [run.choices_json for run in runs])
    rebuilt = Rebuilt({}, ()) if changes.refused else _rebuilt(runs, trainer)
    refused = [*changes.refused, *rebuilt.faults]
    if not refused and _baseline(trainer) != found.decisions_json.get("baseline", _baseline(trainer)):
        refused.append("the settings of the baseline's levels, or of every configuration, have changed")
    if refused:
        raise _refusal(found, refused, changes)
    if found.space_json == now:
        return None
    study = replace(
        found,
        space=trainer.space.name,
        goal=trainer.space.goal,
        space_json=now,
        decisions_json={**found.decisions_json, **_decided(found, trainer)},
    )
    changed = {run.id: rebuilt.choices[run.id] for run in runs if rebuilt.choices[run.id] != run.choices_json}
    return Reopened(changes.kept, study, changed, dict(_cells(cells, trainer)))


def take_from(
    old: StudyRow, trainer: AbstractTrainer, runs: list[RunRow], *, accept_changed_code: bool = False
) -> Import:
    """The runs with which a new study begins; `SettingsError` where the other's data are not the same."""
    check_taken(old, trainer.facts, runs, accept_changed_code)
    other_release = old.config_version != trainer.facts.config_version
    if old.data_fingerprint != trainer.facts.fingerprint and not other_release:
        raise SettingsError(
            f"The runs of study '{old.study_name}' cannot be taken: the data ({old.data_source}) has other contents "
            f"than when that study began. Begin without its runs: leave out --import-from"
        )
    if not same_meaning(old.tasks_json, trainer.facts.tasks):
        raise SettingsError(
            f"The runs of study '{old.study_name}' cannot be taken: {_other_units(old, trainer)} Begin without its "
            "runs: leave out --import-from"
        )
    return plan(runs, trainer.space, trainer.configuration)


def _other_units(study: StudyRow, trainer: AbstractTrainer) -> str:
    return (
        "its runs were scored by another declaration of the tasks (TASKS and SCORE of the trainer's module), which "
        f"was: {in_words(study.tasks_json)}; and is now: {in_words(trainer.facts.tasks)}."
    )


def _rebuilt(runs: list[RunRow], trainer: AbstractTrainer) -> Rebuilt:
    return rebuild(runs, trainer.space, trainer.configuration, lambda choices: alone(trainer, choices))


def _refusal(found: StudyRow, refused: list[str], changes: evolution.Evolution) -> SettingsError:
    name = found.study_name
    added = [line for line in changes.kept if line.startswith("factor ")]
    lines = [f"  {line}" for line in (*refused, *(added or changes.kept))]
    return SettingsError(
        f"Study '{name}' cannot be resumed: its space {found.space} has changed, and its runs would not mean the same "
        "any more:\n" + "\n".join(lines) + f"\nStart another one: --name {name}-2\n"
        f"or one that begins with those of its runs that fit: --name {name}-2 --import-from {name}"
    )


def _baseline(trainer: AbstractTrainer) -> str:
    return trainer.configuration(trainer.space.baseline()).digest()


def _decided(found: StudyRow, trainer: AbstractTrainer) -> dict[str, Any]:
    """The choices among the study's decisions, in the space as it is."""
    kept = {
        key: found.decisions_json[key] for key in ("baseline_choices", "best_choices") if key in found.decisions_json
    }
    return {key: told for key, choices in kept.items() if (told := _told(trainer, choices)) is not None}


def _cells(cells: Iterable[Cell], trainer: AbstractTrainer) -> Iterable[tuple[tuple[str, str], dict[str, Any]]]:
    for cell in cells:
        told = _told(trainer, cell.choices_json)
        if told is not None and told != cell.choices_json:
            yield (cell.phase, cell.name), told


def _told(trainer: AbstractTrainer, choices: Choices) -> dict[str, Any] | None:
    """Complete choices; None for those that a phase will no longer ask for."""
    try:
        return completed(trainer.space, choices)
    except (SpaceError, MtbertError):
        return None
