"""A study that is launched again: whether its runs keep their meaning, and how its record changes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from mtbert.errors import MtbertError
from results.database.database import Database
from results.database.rows import Cell, RunRow, StudyRow
from search_spaces import SpaceError, describe
from search_spaces.grammar import Choices
from study.phases.cells import otherwise
from study.resume import space_changes
from study.resume.code_changes import check_import, code_change
from study.resume.rebuild import Import, Rebuilt, completed, plan_import, rebuild
from study.settings import SettingsError
from study.trainers.abstract import AbstractTrainer
from study.trainers.custom.task_declaration import in_words, same_meaning


@dataclass(frozen=True)
class Reopened:
    """The changes of a study's space, one line each, and the study's new record."""

    changes: tuple[str, ...]
    study: StudyRow
    run_choices: dict[int, dict[str, Any]]
    cell_choices: dict[tuple[str, str], dict[str, Any]]

    def write(self, database: Database) -> None:
        """Bring the record up to date, in one transaction."""
        database.studies.evolve(self.study, self.run_choices, self.cell_choices)


def reopen(
    study: StudyRow,
    trainer: AbstractTrainer,
    runs: list[RunRow],
    cells: list[Cell],
    *,
    accept_changed_code: bool = False,
) -> Reopened | None:
    """Return what a new launch changes in the study's record; None if its space is unchanged.

    Raises:
        SettingsError: the study's runs and new ones would not be comparable.
    """
    name = study.study_name
    change = code_change(study, trainer.facts, runs)
    refused, way_out = f"Study '{name}' cannot be resumed", f"Start another study: --name {name}-2"
    if any(run.score is not None for run in runs):
        _check_tasks(study, trainer, refused, f"Restore it, or start another study: --name {name}-2")
    if change is not None and change.has_finished_runs and not accept_changed_code:
        raise change.refusal()
    if change is None or not change.reads_data:
        _check_data(study, trainer, refused, way_out)
    now = json.loads(json.dumps(describe(trainer.space)))
    changes, rebuilt = _compare_spaces(study, now, runs, trainer)
    if study.space_json == now:
        return None
    decisions = dict(study.decisions_json)
    for key in ("baseline_choices", "best_choices"):
        if key in decisions and (whole := _completed(trainer, decisions[key])) is not None:
            decisions[key] = whole
    changed = {run.id: rebuilt.choices[run.id] for run in runs if rebuilt.choices[run.id] != run.choices_json}
    record = replace(
        study,
        space=trainer.space.name,
        goal=trainer.space.goal,
        space_json=now,
        decisions_json=decisions,
    )
    return Reopened(changes.kept, record, changed, dict(_changed_cells(cells, trainer)))


def runs_to_import(
    source: StudyRow, trainer: AbstractTrainer, runs: list[RunRow], *, accept_changed_code: bool = False
) -> Import:
    """Return the runs of another study with which a new one begins.

    Raises:
        SettingsError: the other study's data, tasks or code are not the same.
    """
    check_import(source, trainer.facts, runs, accept_changed_code)
    refused = f"The runs of study '{source.study_name}' cannot be imported"
    way_out = "Begin without its runs: leave out --import-from"
    if source.config_version == trainer.facts.config_version:  # another release may drop other rows of the data
        _check_data(source, trainer, refused, way_out)
    _check_tasks(source, trainer, refused, way_out)
    return plan_import(runs, trainer.space, trainer.configuration)


def _compare_spaces(
    study: StudyRow, now: dict[str, Any], runs: list[RunRow], trainer: AbstractTrainer
) -> tuple[space_changes.Evolution, Rebuilt]:
    """Compare the stored space with the space `now`, and rebuild the runs in it.

    Raises:
        SettingsError: runs would change their meaning.
    """
    changes = space_changes.compare(study.space_json, now, [run.choices_json for run in runs])
    rebuilt = Rebuilt({}, ())
    if not changes.refused:
        rebuilt = rebuild(runs, trainer.space, trainer.configuration, lambda choices: otherwise(trainer, choices))
    refused = [*changes.refused, *rebuilt.faults]
    baseline = trainer.configuration(trainer.space.baseline()).digest()
    if not refused and baseline != study.decisions_json.get("baseline", baseline):
        refused.append("the settings of the baseline's levels, or of every configuration, have changed")
    if refused:
        name = study.study_name
        added = [line for line in changes.kept if line.startswith("factor ")]
        lines = "\n".join(f"  {line}" for line in (*refused, *(added or changes.kept)))
        raise SettingsError(
            f"Study '{name}' cannot be resumed: its space {study.space} has changed, and its runs would no longer mean "
            f"the same:\n{lines}\nStart another study: --name {name}-2\n"
            f"or one that begins with those of its runs that fit: --name {name}-2 --import-from {name}"
        )
    return changes, rebuilt


def _check_data(study: StudyRow, trainer: AbstractTrainer, refused: str, way_out: str) -> None:
    if study.data_fingerprint != trainer.facts.fingerprint:
        raise SettingsError(f"{refused}: the data ({study.data_source}) has changed since that study began. {way_out}")


def _check_tasks(study: StudyRow, trainer: AbstractTrainer, refused: str, way_out: str) -> None:
    if not same_meaning(study.tasks_json, trainer.facts.tasks):
        raise SettingsError(
            f"{refused}: its runs were scored by another declaration of the tasks (TASKS and SCORE of the trainer's "
            f"module), which was: {in_words(study.tasks_json)}; and is now: {in_words(trainer.facts.tasks)}. {way_out}"
        )


def _changed_cells(cells: Iterable[Cell], trainer: AbstractTrainer) -> Iterable[tuple[tuple[str, str], dict[str, Any]]]:
    for cell in cells:
        choices = _completed(trainer, cell.choices_json)
        if choices is not None and choices != cell.choices_json:
            yield (cell.phase, cell.name), choices


def _completed(trainer: AbstractTrainer, choices: Choices) -> dict[str, Any] | None:
    """Return the complete choices; None if a phase will no longer ask for them."""
    try:
        return completed(trainer.space, choices)
    except (SpaceError, MtbertError):
        return None
