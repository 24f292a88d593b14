"""The start of a launch: settings of earlier launches, and the study's row, made or checked to be the same study's."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from results.database.database import Database, open_database, open_existing
from results.database.rows import StudyRow
from results.database.url import foreign_rows
from search_spaces import describe
from study.console.terminal import PlainConsole
from study.resolve import default_name, resolve
from study.resume.code_changes import CodeChange, change_of, code_so_far, recorded
from study.resume.reopen import reopen, take_from
from study.settings import Settings
from study.trainers.abstract import AbstractTrainer

log = logging.getLogger("study")


def compiled(given: Mapping[str, Any], earlier: Settings | None) -> bool:
    """Return what `--compile auto` means: the resumed study's value, else whether compiling pays here."""
    if earlier is not None:
        return earlier.compiled
    from study.trainers.bert.trainer import compiles  # torch

    return compiles(resolve({**given, "compiled": False}, None))


def earlier_settings(
    storage: str, given: Mapping[str, Any], *, changes_nothing: bool
) -> tuple[Settings | None, Settings | None]:
    """Return the settings of an earlier launch of the same name, and of the study to import from; make no database."""
    wanted, name = given.get("import_from"), given.get("name") or default_name(given)
    opened = open_existing(storage, upgrade=not changes_nothing)
    if opened is None and wanted is not None:
        opened = open_database(storage, create=False)  # raises, and says what is missing
    if opened is None:
        return None, None
    with opened as database, foreign_rows(storage):
        found = database.studies.find(name)
        if found is not None or wanted is None:
            return None if found is None else Settings.from_json(found.settings_json), None
        return None, Settings.from_json(database.studies.require(wanted).settings_json)


def create_or_resume(
    database: Database,
    settings: Settings,
    trainer: AbstractTrainer,
    command: str,
    console: PlainConsole,
    accept_changed_code: bool = False,
) -> CodeChange | None:
    """Write the study's row, or check that this is the same study; the lease on it is held.

    Return what changed in the code of an existing study, which is then part of its record; None if nothing did.
    """
    found = database.studies.find(settings.name)
    if found is None:
        _create(database, _row(settings, trainer, command), settings, trainer, console, accept_changed_code)
        database.studies.add_data_issues(settings.name, trainer.facts.issues)
        return None
    runs, cells = database.runs.of_study(settings.name), database.studies.cells(settings.name)
    reopened = reopen(found, trainer, runs, cells, accept_changed_code=accept_changed_code)
    if reopened is not None:
        reopened.write(database)
        changes = (f"The space of study {settings.name} has changed; its runs are kept:", *reopened.told)
        _log_and_say(console, changes[0], *(f"  {line}" for line in changes[1:]))
    database.studies.add_data_issues(settings.name, trainer.facts.issues)  # a launch may have been killed just before
    database.studies.update(settings.name, status="running", command=command, settings_json=settings.as_json())
    declared = _declared(trainer)
    if declared is not None and declared != found.tasks_json:  # metrics have other names, or nothing is scored yet
        database.studies.update(settings.name, tasks_json=declared)
    done = sum(run.status in ("complete", "pruned") for run in runs)
    console.say(f"Resuming study {settings.name}: {done} of its {len(runs)} runs are finished.")
    change = change_of(found, trainer.facts, runs)
    if change is not None:
        change.write(database)
        log.info("%s", change.what)
        console.say(change.told())
    return change


def _row(settings: Settings, trainer: AbstractTrainer, command: str) -> StudyRow:
    baseline, space, facts = trainer.space.baseline(), trainer.space, trainer.facts
    return StudyRow(
        study_name=settings.name,
        space=space.name,
        goal=space.goal,
        command=command,
        data_source=facts.data_source,
        data_made_up=facts.made_up,
        data_fingerprint=facts.fingerprint,
        backbone=facts.backbone,
        config_version=facts.config_version,
        tasks_json=_declared(trainer),
        seed=settings.seed,
        settings_json=settings.as_json(),
        space_json=describe(space),
        decisions_json={
            "baseline": trainer.configuration(baseline).digest(),
            "baseline_choices": baseline,
            **recorded(facts, {}),
        },
    )


def _create(
    database: Database,
    row: StudyRow,
    settings: Settings,
    trainer: AbstractTrainer,
    console: PlainConsole,
    accept_changed_code: bool,
) -> None:
    """Write the study's row, with the runs of another study if `--import-from` asks for them."""
    old = settings.import_from
    if old is None:
        database.studies.create(row)
        return
    source, runs = database.studies.require(old), database.runs.of_study(old)
    taken = take_from(source, trainer, runs, accept_changed_code=accept_changed_code)
    database.studies.create(row, taken.copies)
    if (known := code_so_far(source)) is not None:
        database.runs.mark_code(settings.name, known)
    _log_and_say(console, *taken.told(old))


def _log_and_say(console: PlainConsole, *lines: str) -> None:
    for line in lines:
        log.info("%s", line.strip())
        console.say(line)


def _declared(trainer: AbstractTrainer) -> dict[str, Any] | None:
    return None if trainer.facts.tasks is None else dict(trainer.facts.tasks)
