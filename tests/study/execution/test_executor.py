"""The execution: what the search is told of a run that had paused, and what a driver without its lease leaves alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from driving import Scripted, execution, rehearsed
from sqlite import migrated

from results.database.database import Database, open_database
from results.errors import LeaseHeld
from study.execution.observer import Request
from study.messages import EpochDone, Event, Job, RunDone
from study.search.objectives import of_row
from study.trainers.rehearsal.trainer import Rehearsal
from study.trainers.rehearsal.worker import run_job

NAMES = ("score", "train_seconds")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database(migrated(tmp_path, "s.db")) as opened:
        yield opened


@dataclass
class Told:
    """A search that notes what it is told; every run is stopped after its first epoch, and pauses."""

    values: list[list[float] | None] = field(default_factory=list)
    paused: list[int] = field(default_factory=list)

    def stop_early(self, number: int, epoch: int, score: float) -> bool:
        return epoch == 1

    def pause(self, number: int) -> None:
        self.paused.append(number)

    def tell(self, number: int, values: list[float] | None, state: object, reason: str | None = None) -> None:
        self.values.append(values)


def run_of(trainer: Rehearsal, epochs: int) -> tuple[list[EpochDone], RunDone]:
    """What a worker says of run 1 that goes on for so many epochs."""
    config, heard = trainer.configuration(trainer.space.baseline()), list[EpochDone]()

    def go_on(epoch: EpochDone) -> bool:
        heard.append(epoch)
        return epoch.epoch < epochs

    done = run_job(Job(1, "train", config.model_dump(), Path("/nowhere"), facts=trainer.job_facts()), go_on)
    assert isinstance(done, RunDone)
    return heard, done


def one_by_one(epochs: list[EpochDone], done: RunDone) -> list[list[Event]]:
    return [[epoch] for epoch in epochs] + [[done]]


def test_the_search_hears_what_all_parts_of_a_run_cost(database: Database) -> None:
    trainer, settings = rehearsed(objectives=NAMES, pruner="asha", epochs=3)
    first, paused = run_of(trainer, 1)
    all_epochs, whole = run_of(trainer, 3)
    rest = replace(whole, train_seconds=5.0)
    engine = Scripted(*one_by_one(first, paused), *one_by_one(all_epochs, rest))
    carried, told = execution(database, trainer, settings, engine), Told()
    config = trainer.configuration(trainer.space.baseline())
    request = Request("search", config, trainer.space.baseline(), "trial 0", 0, pauses=True)
    for wanted in (request, replace(request, run_id=1, known_epochs=1)):
        asked = [wanted]
        carried.train(lambda asked=asked: asked.pop() if asked else None, told)  # type: ignore[arg-type,misc]
    (row,) = database.runs.of_study("s")
    assert told.paused == [0] and row.status == "complete" and row.train_seconds == paused.train_seconds + 5.0
    assert told.values == [[whole.score, row.train_seconds]] == [of_row(NAMES, row, database.metrics.of_run(1))]


def test_a_driver_that_lost_its_lease_writes_nothing_more_and_ends(tmp_path: Path, database: Database) -> None:
    trainer, settings = rehearsed(epochs=1)
    epochs, done = run_of(trainer, 1)

    class Asleep(Scripted):
        """While it says something another driver has taken the study over."""

        def events(self, timeout: float) -> list[Event]:
            with open_database(f"sqlite:///{tmp_path}/s.db") as other:
                other.leases.forget("s")
                other.leases.take("s", "pid 2 on host b", "b", 2, 0.0)
            carried._lease._renewed = 0.0  # as after a long sleep
            return super().events(timeout)

    engine = Asleep(*one_by_one(epochs, done))
    carried = execution(database, trainer, settings, engine)
    asked = [Request("confirm", trainer.configuration(trainer.space.baseline()), trainer.space.baseline(), "one")]
    with pytest.raises(LeaseHeld, match="is being run by pid 2 on host b"):
        carried.train(lambda: asked.pop() if asked else None)
    with pytest.raises(LeaseHeld):
        carried.stop()
    (row,) = database.runs.of_study("s")
    assert engine.stopped and row.status == "running" and database.metrics.last_epoch(1) == 0
