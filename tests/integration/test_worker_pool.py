"""A long study needs no more than a short one: memory and open files of the driver stay as they are."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest
from processes import titled
from sqlalchemy import func, select
from tier import often

from mtbert.config import RunConfig, parse
from mtbert.data.load import load_corpus
from mtbert.data.prepared import save_prepared
from mtbert.run import prepare_data
from mtbert.stage_store.store import StageStore
from results.database import schema
from results.database.database import Database, open_database
from results.database.rows import EnvironmentRow, StudyRow
from study.engines.local import LocalEngine
from study.execution.executor import Execution
from study.execution.lease import Lease
from study.execution.observer import AbstractObserver, Request
from study.execution.recording import Places
from study.messages import EpochDone
from study.trainers.abstract import StudyFacts
from study.trainers.bert.stage_keys import StageKeys
from study.trainers.bert.trainer import MultitaskBert

RUNS, FIRST = often(30, 200), often(12, 50)
SMALLEST = {
    "backbone": "tiny",
    "data": {"train_examples": 4, "dev_examples": 4, "max_tokens": 16},
    "simcse_unsupervised": {"sentences": 4, "batch_size": 4},
    "multitask": {"epochs": 1, "batch_size": 4},
}


class Unprepared(MultitaskBert):
    """The trainer without a space or data: the runs are given."""

    def __init__(self) -> None:
        self.facts = StudyFacts("demo", True, "f", "tiny")
        self._data = None


class Watcher(AbstractObserver):
    """Measures the driver, and the server that forks its workers, when so many runs have ended."""

    def __init__(self) -> None:
        self.ends: list[str] = []
        self.measured: dict[int, tuple[int, int]] = {}

    def phase(self, name: str, total: int, done: int) -> None:
        pass

    def started(self, run_id: int, request: Request) -> None:
        pass

    def epoch(self, event: EpochDone, epochs: int) -> None:
        pass

    def ended(self, run_id: int, status: str, score: float | None, note: str) -> None:
        self.ends.append(status)
        if len(self.ends) in (FIRST, RUNS):
            servers = titled(psutil.Process().children(), "forkserver")  # workers are the server's children
            processes = [psutil.Process(), *servers]
            memory = sum(process.memory_info().rss for process in processes)
            self.measured[len(self.ends)] = memory, sum(process.num_fds() for process in processes)

    def say(self, text: str) -> None:
        raise AssertionError(text)


def study(database: Database) -> None:
    database.studies.create(
        StudyRow(
            study_name="s",
            space="none",
            goal="How much memory?",
            command="pytest",
            data_source="demo",
            data_made_up=True,
            data_fingerprint="f",
            backbone="tiny",
            seed=0,
        )
    )


def prepared_keys(folder: Path, config: RunConfig) -> StageKeys:
    data = prepare_data(config, load_corpus("demo", tuple(config.tasks)))
    save_prepared(data, folder)
    return StageKeys(lambda _: data.hashes, "cpu", 1)


@pytest.mark.slow
@pytest.mark.nightly
def test_memory_and_open_files_stay_flat_over_many_runs(tmp_path: Path) -> None:
    config, watcher = parse(SMALLEST), Watcher()
    keys = prepared_keys(tmp_path / "prepared", config)
    with open_database(f"sqlite:///{tmp_path}/s.db") as database:
        study(database)
        lease = Lease(database, "s")
        lease.take()
        environment = EnvironmentRow(python="3", platform="p", cpu="c", packages_json={})
        execution = Execution(
            database=database,
            study="s",
            trainer=Unprepared(),
            engine=LocalEngine(workers=2),
            observer=watcher,
            places=Places(tmp_path / "prepared", tmp_path / "models"),
            lease=lease,
            environment_id=database.runs.environment_id(environment),
            store=StageStore(tmp_path / "store", limit_bytes=20_000_000),
        )
        seeds = iter(range(RUNS))

        def ask() -> Request | None:
            seed = next(seeds, None)
            if seed is None:
                return None
            run = config.with_seed(seed)
            return Request("confirm", run, {}, f"seed {seed}", keys=keys.of(run))

        execution.train(ask)
        execution.stop()
        assert watcher.ends == ["complete"] * RUNS
        assert database.select(select(func.count(schema.Stage.key).label("stages"))) == [{"stages": 2 * RUNS}]
    (memory, files), (memory_then, files_then) = watcher.measured[FIRST], watcher.measured[RUNS]
    print(f"after {FIRST} runs {memory / 1e6:.1f} MB and {files} files")
    print(f"after {RUNS} runs {memory_then / 1e6:.1f} MB and {files_then} files")
    assert files_then <= files + 4  # a run may be ending just then
    assert memory_then <= memory + 10e6
