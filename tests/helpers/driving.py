"""A driver's parts for tests of its decisions: a rehearsed study in a database, an engine that says what it is told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from results.database.database import Database
from results.database.rows import EnvironmentRow, StudyRow
from search_spaces import describe
from study.engines.abstract import AbstractEngine
from study.execution.executor import Execution
from study.execution.lease import Lease
from study.execution.observer import AbstractObserver, Request
from study.execution.recording import Places
from study.messages import EpochDone, Event, Job
from study.resolve import resolve
from study.settings import REHEARSAL, Settings
from study.trainers.rehearsal.trainer import Rehearsal

PLACES = Places(Path("/nowhere"), Path("/nowhere"))


def rehearsed(**given: object) -> tuple[Rehearsal, Settings]:
    """A rehearsal of the space `pooling`, study `s`."""
    settings = resolve({"name": "s", "space": "pooling", "trainer": REHEARSAL, **given}, None)
    return Rehearsal(settings, {}), settings


def written(database: Database, trainer: Rehearsal, settings: Settings) -> Lease:
    """The study's row, and the lease on it."""
    database.studies.create(
        StudyRow(
            study_name=settings.name, space="pooling", goal="Which?", command="pytest", data_source="rehearsal",
            data_made_up=True, data_fingerprint=trainer.facts.fingerprint, backbone="rehearsal", seed=settings.seed,
            settings_json=settings.as_json(), space_json=describe(trainer.space),
        )
    )  # fmt: skip
    lease = Lease(database, settings.name)
    lease.take()
    return lease


def execution(database: Database, trainer: Rehearsal, settings: Settings, engine: AbstractEngine) -> Execution:
    """What carries out the study's runs, its lease taken."""
    lease = written(database, trainer, settings)
    environment = database.runs.environment_id(EnvironmentRow(python="3", platform="p", cpu="c", packages_json={}))
    return Execution(
        database=database, study=settings.name, trainer=trainer, engine=engine, observer=Silent(), places=PLACES,
        lease=lease, environment_id=environment, objectives=settings.objectives,
    )  # fmt: skip


class Scripted(AbstractEngine):
    """Says what is told for it, some events at a time, and notes what it is asked."""

    name = "scripted"
    workers = 1

    def __init__(self, *told: Sequence[Event]) -> None:
        self.told, self.jobs, self.answers, self.stopped = list(told), list[Job](), list[bool](), False

    def device(self) -> str:
        return "cpu"

    def start(self, job: Job) -> None:
        self.jobs.append(job)

    def events(self, timeout: float) -> list[Event]:
        return list(self.told.pop(0))

    def answer(self, run_id: int, go_on: bool) -> None:
        self.answers.append(go_on)

    def kill(self, run_id: int) -> None:
        pass

    def stop(self) -> None:
        self.stopped = True


class Silent(AbstractObserver):
    """Nobody watches."""

    def phase(self, name: str, total: int, done: int) -> None:
        pass

    def started(self, run_id: int, request: Request) -> None:
        pass

    def epoch(self, event: EpochDone, epochs: int) -> None:
        pass

    def ended(self, run_id: int, status: str, score: float | None, note: str) -> None:
        pass

    def say(self, text: str) -> None:
        pass
