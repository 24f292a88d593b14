"""The beginning of a launch in the database: a study's row is made, or found and checked to be the same study's."""

from __future__ import annotations

import logging
from typing import Any

from results.records import Database
from results.rows import StudyRow
from search_spaces import describe
from study.code_changes import CodeChange, change_of, code_so_far, recorded
from study.reopening import reopen, take_from
from study.settings import Settings
from study.terminal import PlainConsole
from study.trainers.abstract import AbstractTrainer

log = logging.getLogger("study")


def create_or_resume(
    database: Database,
    settings: Settings,
    trainer: AbstractTrainer,
    command: str,
    console: PlainConsole,
    accept_changed_code: bool = False,
) -> CodeChange | None:
    """Write the study's row, or check that this is the same study; the lease on it is held.

    What changed in the code of a study that exists, by now part of its record; None where nothing did.
    """
    found = database.studies.find(settings.name)
    if found is None:
        _create(database, settings, trainer, command, console, accept_changed_code)
        database.studies.add_data_issues(settings.name, trainer.facts.issues)
        return None
    runs, cells = database.runs.of_study(settings.name), database.studies.cells(settings.name)
    reopened = reopen(found, trainer, runs, cells, accept_changed_code=accept_changed_code)
    if reopened is not None:
        reopened.write(database)
        told = (f"The space of study {settings.name} has changed; its runs are kept:", *reopened.told)
        for line in told:
            log.info("%s", line)
            console.print(line if line is told[0] else f"  {line}", markup=False, soft_wrap=True)
    database.studies.add_data_issues(settings.name, trainer.facts.issues)  # a launch may have been killed just before
    database.studies.update(settings.name, status="running", command=command, settings_json=settings.as_json())
    declared = _declared(trainer)
    if declared is not None and declared != found.tasks_json:  # metrics have other names, or nothing is scored yet
        database.studies.update(settings.name, tasks_json=declared)
    done = sum(run.status in ("complete", "pruned") for run in runs)
    console.print(f"Resuming study {settings.name}: {done} of its {len(runs)} runs are finished.", markup=False)
    change = change_of(found, trainer.facts, runs)
    if change is not None:
        change.write(database)
        log.info("%s", change.what)
        console.print(change.told(), markup=False, soft_wrap=True)
    return change


def _create(
    database: Database,
    settings: Settings,
    trainer: AbstractTrainer,
    command: str,
    console: PlainConsole,
    accept_changed_code: bool,
) -> None:
    """The study's row, with the runs of another study where they are wanted."""
    baseline, space, facts = trainer.space.baseline(), trainer.space, trainer.facts
    row = StudyRow(
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
    old = settings.import_from
    if old is None:
        database.studies.create(row)
        return
    source, runs = database.studies.require(old), database.runs.of_study(old)
    taken = take_from(source, trainer, runs, accept_changed_code=accept_changed_code)
    database.studies.create(row, taken.copies)
    if (known := code_so_far(source)) is not None:
        database.runs.mark_code(settings.name, known)
    for line in taken.told(old):
        log.info("%s", line)
        console.print(line, markup=False, soft_wrap=True)


def _declared(trainer: AbstractTrainer) -> dict[str, Any] | None:
    return None if trainer.facts.tasks is None else dict(trainer.facts.tasks)
