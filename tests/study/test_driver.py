"""The driver: which seeds its runs get, and that it touches nothing without its lease."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import optuna
import pytest
from driving import PLACES, Scripted, Silent, execution, rehearsed, written
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial
from sqlite import migrated

from results.database.database import Database, open_database
from results.database.rows import EnvironmentRow, NewRun
from results.errors import LeaseHeld
from study.driver import Driver
from study.execution.executor import Execution
from study.execution.observer import Request
from study.messages import Event, RunDone
from study.phases import search as search_phase
from study.phases.cells import first_tried
from study.phases.search import SearchPhase
from study.search import samplers
from study.search.optuna_search import Search
from study.search.optuna_storage import close


@pytest.fixture
def url(tmp_path: Path) -> str:
    return migrated(tmp_path, optunas=True)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    with open_database(url) as opened:
        yield opened


class HoldsBack:
    """An execution that takes all runs before it starts any: each needs a stage that another study computes."""

    def __init__(self) -> None:
        self.observer, self.requests = Silent(), list[Request]()

    def train(self, next_request: Callable[[], Request | None], search: object, when_busy: object) -> None:
        while (request := next_request()) is not None:
            self.requests.append(request)


def searched(url: str, database: Database, trials: int) -> list[tuple[str, int]]:
    """The configurations and seeds of a search's runs, all of them held back."""
    pins = ("learning_rate=3e-05",)  # few configurations: most trials are a further seed of one
    trainer, settings = rehearsed(trials=trials, sampler="random", pruner="none", phases=("search",), pins=pins)
    held = HoldsBack()

    def search() -> Search:
        return Search(
            storage=url, name="s", space=trainer.space, seed=0, sampler="random", pruner="none",
            known=first_tried(trainer.space, "random", trials),
        )  # fmt: skip

    driver = Driver(database=database, trainer=trainer, settings=settings, execution=held, search=search)  # type: ignore[arg-type]
    driver._search_phase()
    return [(request.config.digest(), request.config.seed) for request in held.requests]


def test_runs_that_are_held_back_have_seeds_of_their_own(url: str, database: Database) -> None:
    found = searched(url, database, 10)
    assert len({digest for digest, _ in found}) < 8 and len(set(found)) == len(found) == 10


def test_a_search_that_goes_on_gives_its_unfinished_runs_their_seeds_again(url: str, database: Database) -> None:
    before = searched(url, database, 10)
    assert searched(url, database, 10) == before


def running(digest: str, seed: int) -> NewRun:
    return NewRun(study_name="s", phase="search", config_digest=digest, config_json={}, choices_json={}, seed=seed)


def test_an_unfinished_run_that_has_a_row_keeps_its_seed(url: str, database: Database) -> None:
    trainer, settings = rehearsed()
    phase = SearchPhase(database, trainer, settings, execution(database, trainer, settings, Scripted()))
    choices = trainer.space.baseline()
    digest = trainer.configuration(choices).digest()
    database.runs.start(running(digest, 1))
    (row,) = database.runs.of_study("s")
    seeds = [phase._request(number, choices, earlier).config.seed for number, earlier in ((1, row), (2, None))]
    assert seeds == [1, 0] and phase._request(3, choices, row).config.seed == 1
    assert phase._request(4, choices, None).config.seed == 2


def test_a_driver_without_its_lease_touches_no_run(url: str, database: Database) -> None:
    trainer, settings = rehearsed(phases=("confirm",))
    carried = execution(database, trainer, settings, Scripted())
    database.runs.start(running("d", 0))
    with open_database(url) as other:
        other.leases.forget("s")
        other.leases.take("s", "pid 2 on host b", "b", 2, 0.0)
    driver = Driver(database=database, trainer=trainer, settings=settings, execution=carried, search=None)  # type: ignore[arg-type]
    with pytest.raises(LeaseHeld, match="is being run by pid 2 on host b"):
        driver.run()
    assert [run.status for run in database.runs.of_study("s")] == ["running"] and database.studies.cells("s") == []


class Killed(BaseException):
    """The driver's end, from one moment to the next."""


class OneByOne(Scripted):
    """Runs that end at once, scored by what they are; the driver is killed after so many of them."""

    def __init__(self, url: str, left: int) -> None:
        super().__init__()
        self._url, self._left, self.proposed = url, left, list[int]()

    def events(self, timeout: float) -> list[Event]:
        self.proposed.append(len(trials_in(self._url)))  # while the run computes
        if self._left == 0:
            raise Killed
        self._left -= 1
        job = self.jobs[-1]
        score = int(hashlib.sha256(str(job.config).encode()).hexdigest()[:4], 16) / 2**16
        metrics = {("dev", "", "score"): score}
        return [RunDone(job.run_id, False, 1, score, score, metrics, {}, 1.0, 1.0, 0.0, 10, 10, 10, ())]


def trials_in(url: str) -> list[FrozenTrial]:
    storage = RDBStorage(url)
    try:
        return optuna.load_study(study_name="s", storage=storage).trials
    finally:
        close(storage)


def sittings(url: str, kills: list[int]) -> tuple[list[dict[str, Any]], list[list[int]]]:
    """A search of nine trials whose driver is killed after so many runs of each sitting; their parameters."""
    trainer, settings = rehearsed(trials=9, sampler="tpe", pruner="none", phases=("search",))
    proposed = []
    with open_database(url) as database:
        lease = written(database, trainer, settings)
        environment = database.runs.environment_id(EnvironmentRow(python="3", platform="p", cpu="c", packages_json={}))
        for left in (*kills, 99):
            database.runs.interrupt_running("s")
            engine = OneByOne(url, left)
            carried = Execution(
                database=database, study="s", trainer=trainer, engine=engine, observer=Silent(), places=PLACES,
                lease=lease, environment_id=environment,
            )  # fmt: skip
            searched = Search(
                storage=url, name="s", space=trainer.space, seed=0, sampler="tpe", pruner="none",
                known=[trainer.space.baseline()],
            )  # fmt: skip
            with contextlib.suppress(Killed), closing(searched):
                SearchPhase(database, trainer, settings, carried).run(searched)
            proposed.append(engine.proposed)
        assert [run.trial_number for run in database.runs.of_study("s")] == list(range(9))
    return [trial.params for trial in trials_in(url)], proposed


@pytest.mark.slow
def test_of_many_trials_the_next_is_asked_ahead_and_a_killed_search_goes_on_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_phase, "AHEAD_FROM", 4)
    monkeypatch.setattr(samplers, "STARTUP_TRIALS", 2)
    whole, proposed = sittings(migrated(tmp_path, "whole.db", optunas=True), [])
    assert proposed == [[1, 2, 3, 5, 6, 7, 8, 9, 9]]
    parts, _ = sittings(migrated(tmp_path, "parts.db", optunas=True), [2, 3, 0, 1])
    assert parts == whole
