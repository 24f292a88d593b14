"""The beginning of a launch in the database: a study's row is made, or found and checked to be the same study's."""

from __future__ import annotations

import logging
from typing import Any

from results.records import Database, StudyRow
from search_spaces import describe
from study.reopening import reopen, take_from
from study.settings import Settings
from study.terminal import PlainConsole
from study.trainers.abstract import AbstractTrainer

log = logging.getLogger("study")


def create_or_resume(
    database: Database, settings: Settings, trainer: AbstractTrainer, command: str, console: PlainConsole
) -> None:
    """Write the study's row, or check that this is the same study; the lease on it is held."""
    found = database.study(settings.name)
    if found is None:
        _create(database, settings, trainer, command, console)
        database.add_data_issues(settings.name, trainer.facts.issues)
        return
    runs = database.runs(settings.name)
    reopened = reopen(found, trainer, runs, database.cells(settings.name))
    if reopened is not None:
        reopened.write(database)
        told = (f"The space of study {settings.name} has changed; its runs are kept:", *reopened.told)
        for line in told:
            log.info("%s", line)
            console.print(line if line is told[0] else f"  {line}", markup=False, soft_wrap=True)
    database.add_data_issues(settings.name, trainer.facts.issues)  # a launch may have been killed just before
    database.update_study(settings.name, status="running", command=command, settings_json=settings.as_json())
    if (
        declared := _declared(trainer)
    ) is not None and declared != found.tasks_json:  # other names of metrics, or the first scores are still to come
        database.update_study(settings.name, tasks_json=declared)
    done = sum(run.status in ("complete", "pruned") for run in runs)
    console.print(f"Resuming study {settings.name}: {done} of its {len(runs)} runs are finished.", markup=False)


def _create(
    database: Database, settings: Settings, trainer: AbstractTrainer, command: str, console: PlainConsole
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
        },
    )
    old = settings.import_from
    if old is None:
        database.create_study(row)
        return
    taken = take_from(database.require_study(old), trainer, database.runs(old))
    database.create_study(row, taken.copies)
    for line in taken.told(old):
        log.info("%s", line)
        console.print(line, markup=False, soft_wrap=True)


def _declared(trainer: AbstractTrainer) -> dict[str, Any] | None:
    return None if trainer.facts.tasks is None else dict(trainer.facts.tasks)
