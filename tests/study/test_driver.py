"""The driver: which seeds its runs get, and that it touches nothing without its lease."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from driving import Scripted, Silent, execution, rehearsed
from sqlite import migrated

from results.errors import LeaseHeld
from results.records import Database, open_database
from results.rows import NewRun
from study.driver import Driver
from study.observer import Request
from study.phases import first_tried
from study.search import Search
from study.search_phase import SearchPhase


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

    def train(self, next_request: Callable[[], Request | None], search: object) -> None:
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
