"""The start of a launch: settings of earlier launches, and the study's row, which is created or checked."""

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
from study.resume.code_changes import CodeChange, code_change, code_record, recorded_code
from study.resume.reopen import reopen, runs_to_import
from study.settings import Settings
from study.trainers.abstract import AbstractTrainer

log = logging.getLogger("study")


def compiled(arguments: Mapping[str, Any], earlier: Settings | None) -> bool:
    """Return the value of `--compile auto`: the resumed study's, else whether compiling pays here."""
    if earlier is not None:
        return earlier.compiled
    from study.trainers.bert.trainer import compiles  # torch

    return compiles(resolve({**arguments, "compiled": False}, None))


def earlier_settings(
    storage: str, arguments: Mapping[str, Any], *, changes_nothing: bool
) -> tuple[Settings | None, Settings | None]:
    """Return the settings of the study itself, if it exists, and of the study to import from; create no database.

    Raises:
        StorageError: there is no study to import from.
    """
    source, name = arguments.get("import_from"), arguments.get("name") or default_name(arguments)
    opened = open_existing(storage, upgrade=not changes_nothing)
    if opened is None and source is not None:
        opened = open_database(storage, create=False)  # raises with the reason
    if opened is None:
        return None, None
    with opened as database, foreign_rows(storage):
        study = database.studies.find(name)
        if study is not None or source is None:
            return None if study is None else Settings.from_json(study.settings_json), None
        return None, Settings.from_json(database.studies.require(source).settings_json)


def create_or_resume(
    database: Database,
    settings: Settings,
    trainer: AbstractTrainer,
    command: str,
    console: PlainConsole,
    accept_changed_code: bool = False,
) -> CodeChange | None:
    """Create the study's row, or check that the stored study is the same one; the caller holds its lease.

    Return what changed in the code of an existing study, which has been recorded; None if nothing did.

    Raises:
        SettingsError: the study cannot be resumed, or the runs of the other one cannot be imported.
    """
    name, study = settings.name, database.studies.find(settings.name)
    if study is None:
        _create(database, _row(settings, trainer, command), settings, trainer, console, accept_changed_code)
        database.studies.add_data_issues(name, trainer.facts.issues)
        return None
    runs, cells = database.runs.of_study(name), database.studies.cells(name)
    reopened = reopen(study, trainer, runs, cells, accept_changed_code=accept_changed_code)
    if reopened is not None:
        reopened.write(database)
        changes = (f"  {line}" for line in reopened.changes)
        _log_and_say(console, f"The space of study {name} has changed; its runs are kept:", *changes)
    database.studies.add_data_issues(name, trainer.facts.issues)  # a launch may have been killed just before
    database.studies.update(name, status="running", command=command, settings_json=settings.as_json())
    declared = trainer.facts.tasks
    if declared is not None and declared != study.tasks_json:  # metrics were renamed, or nothing is scored yet
        database.studies.update(name, tasks_json=dict(declared))
    done = sum(run.status in ("complete", "pruned") for run in runs)
    console.say(f"Resuming study {name}: {done} of its {len(runs)} runs are finished.")
    change = code_change(study, trainer.facts, runs)
    if change is not None:
        change.write(database)
        log.info("%s", change.description)
        console.say(change.message())
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
        tasks_json=None if facts.tasks is None else dict(facts.tasks),
        seed=settings.seed,
        settings_json=settings.as_json(),
        space_json=describe(space),
        decisions_json={
            "baseline": trainer.configuration(baseline).digest(),
            "baseline_choices": baseline,
            **code_record(facts, {}),
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
    if settings.import_from is None:
        database.studies.create(row)
        return
    source = database.studies.require(settings.import_from)
    runs = database.runs.of_study(source.study_name)
    imported = runs_to_import(source, trainer, runs, accept_changed_code=accept_changed_code)
    database.studies.create(row, imported.copies)
    if (code := recorded_code(source)) is not None:
        database.runs.mark_code(settings.name, code)
    _log_and_say(console, *imported.lines(source.study_name))


def _log_and_say(console: PlainConsole, *lines: str) -> None:
    for line in lines:
        log.info("%s", line.strip())
        console.say(line)
