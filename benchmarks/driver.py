"""What the driver costs beside the runs: asking, recording and telling, on SQLite and PostgreSQL, as studies grow.

    python benchmarks/driver.py [--sizes 100 1000 5000] [--turns 30]

The real driver, database and search (TPE on `full_ablation`) with an engine whose runs take no time: each reports three
epochs and 300 predictions. PostgreSQL is measured where $STUDY_TEST_POSTGRES names a server. Trials up to a size are
proposed at random, which is quicker; the last `turns` before it are TPE's, timed from when the first of them starts.
Reading what there is when a study is launched again is not counted. Prints milliseconds per trial, those of the
processor (on a busy machine or a slow disk most of a trial is waiting), and those that the worker waits for its next
run once one has ended: what is done while a run computes costs a study no time. Last it prints how much slower a trial
is at the largest size than at the smallest, over how much larger the study is: 1 would be linear growth.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from sqlalchemy import make_url
from sqlalchemy import text as sql

import search_spaces
from results.database.database import Database, open_database
from results.database.rows import StudyRow
from search_spaces import Space, describe
from study.driver import Driver
from study.engines.abstract import AbstractEngine
from study.execution.executor import Execution
from study.execution.lease import Lease
from study.execution.observer import AbstractObserver, Request
from study.execution.recording import Places
from study.messages import EpochDone, Event, Job, RunDone, StageSeconds, TaskOutputs
from study.provenance.environment import environment
from study.resolve import resolve
from study.search.optuna_search import Search
from study.settings import Settings
from study.trainers.abstract import StudyFacts
from study.trainers.bert.stage_keys import StageKeys
from study.trainers.bert.trainer import MultitaskBert

EPOCHS, EXAMPLES = 3, 100
TASKS = {"sst": 5, "quora": 1, "sts": 1}


class InstantEngine(AbstractEngine):
    """Runs that are over at once, with measures drawn at random."""

    name = "instant"
    workers = 1

    def __init__(self) -> None:
        self._events: list[Event] = []
        self.began: tuple[float, float] | None = None
        self.idle, self._ended = 0.0, 0.0
        self._draws = np.random.default_rng(0)

    def device(self) -> str:
        """Nowhere in particular."""
        return "cpu"

    def start(self, job: Job) -> None:
        """Have all its messages ready."""
        self.began = self.began or (time.perf_counter(), time.process_time())
        self.idle += time.perf_counter() - self._ended if self._ended else 0.0
        score = float(self._draws.random())
        metrics = {(split, task, "accuracy"): score for split in ("dev", "train") for task in ("", *TASKS)}
        for epoch in range(1, EPOCHS + 1):
            self._events.append(EpochDone(job.run_id, epoch, 1.0, score, metrics))
        outputs = {("dev", task): self._outputs(width) for task, width in TASKS.items()}
        stages = (StageSeconds("multitask", "0" * 64, 1.0, False),)
        counts = (1000, 1000, 10**9)
        self._events.append(
            RunDone(job.run_id, False, EPOCHS, score, score, metrics, outputs, 1.0, 1.0, 0.0, *counts, stages)
        )

    def _outputs(self, width: int) -> TaskOutputs:
        values = self._draws.random((EXAMPLES, width), dtype=np.float32)
        return TaskOutputs(values, values[:, 0], values[:, 0], "0" * 64)

    def events(self, timeout: float) -> list[Event]:
        """The epochs of a run, then its end."""
        found, self._events = self._events[:EPOCHS], self._events[EPOCHS:]
        self._ended = time.perf_counter()
        return found

    def answer(self, run_id: int, go_on: bool) -> None:
        """Nobody waits for it."""

    def kill(self, run_id: int) -> None:
        """None runs for long."""

    def stop(self) -> None:
        """Nothing runs."""


class WithoutData(MultitaskBert):
    """The real trainer's half in the driver: configurations and keys, of data that is not there."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self.space = settings, search_spaces.load("full_ablation")
        self._stages = StageKeys(lambda _: defaultdict(str), "cpu", 1)
        self.facts = StudyFacts(data_source="demo", made_up=True, fingerprint="0" * 64, backbone="tiny")


class SilentObserver(AbstractObserver):
    """Says nothing."""

    def phase(self, name: str, total: int, done: int) -> None:
        """Nothing to show."""

    def started(self, run_id: int, request: Request) -> None:
        """Nothing to show."""

    def epoch(self, event: EpochDone, epochs: int) -> None:
        """Nothing to show."""

    def ended(self, run_id: int, status: str, score: float | None, note: str) -> None:
        """Nothing to show."""

    def say(self, text: str) -> None:
        """Nothing to show."""


@contextmanager
def databases() -> Iterator[dict[str, str]]:
    """URL by kind: SQLite in a temporary folder, a fresh PostgreSQL database that is dropped at the end."""
    server = os.environ.get("STUDY_TEST_POSTGRES")
    with tempfile.TemporaryDirectory() as folder:
        urls = {"SQLite": f"sqlite:///{folder}/studies.db"}
        if server is None:
            yield urls
            return
        from sqlalchemy import create_engine

        name = f"driver_{uuid.uuid4().hex[:12]}"
        engine = create_engine(server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sql(f"create database {name}"))
        try:
            yield urls | {"PostgreSQL": make_url(server).set(database=name).render_as_string(hide_password=False)}
        finally:
            with engine.connect() as connection:
                connection.execute(sql(f"drop database {name} with (force)"))
            engine.dispose()


def run_until(
    trials: int,
    sampler: Literal["tpe", "random"],
    url: str,
    database: Database,
    trainer: MultitaskBert,
    settings: Settings,
    lease: Lease,
) -> Cost:
    """Go on with the study until it has so many trials."""
    settings = replace(settings, trials=trials, phases=("search",), sampler=sampler)

    opened = 0.0

    def search() -> Search:
        nonlocal opened
        start = time.perf_counter()
        found = Search(
            storage=url, name=settings.name, space=trainer.space, seed=0, sampler=sampler, pruner="median", known=()
        )
        opened = time.perf_counter() - start
        return found

    engine = InstantEngine()
    execution = Execution(
        database=database,
        study=settings.name,
        trainer=trainer,
        engine=engine,
        observer=SilentObserver(),
        places=Places(Path("/nowhere"), Path("/nowhere")),
        lease=lease,
        environment_id=database.runs.environment_id(environment(1, None)),
    )
    driver = Driver(database=database, trainer=trainer, settings=settings, execution=execution, search=search)
    driver.run()
    wall, worked = engine.began or (0.0, 0.0)
    return Cost(opened, time.perf_counter() - wall, time.process_time() - worked, engine.idle)


class Cost(NamedTuple):
    """Seconds to read what there is, from the first run's start to the end, of the processor, and of an idle worker."""

    opening: float
    trials: float
    worked: float
    idle: float


def measure(url: str, sizes: list[int], turns: int) -> list[Cost]:
    """Seconds to open the study, and seconds of one trial, at each size."""
    found, settings = [], resolve({"backbone": "tiny", "name": "s", "epochs": EPOCHS}, None)
    trainer = WithoutData(settings)
    with open_database(url) as database:
        database.studies.create(_study(trainer.space, settings))
        lease = Lease(database, settings.name)
        lease.take()
        for size in sizes:
            run_until(size - turns, "random", url, database, trainer, settings, lease)
            took = run_until(size, "tpe", url, database, trainer, settings, lease)
            found.append(Cost(took.opening, *(seconds / (turns - 1) for seconds in took[1:])))
    return found


def _study(space: Space, settings: Settings) -> StudyRow:
    return StudyRow(
        study_name=settings.name,
        space=space.name,
        goal=space.goal,
        command="benchmarks/driver.py",
        data_source="demo",
        data_made_up=True,
        data_fingerprint="0" * 64,
        backbone="tiny",
        seed=0,
        settings_json=settings.as_json(),
        space_json=describe(space),
        decisions_json={},
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1000, 5000])
    parser.add_argument("--turns", type=int, default=30)
    options = parser.parse_args()
    ratio = 0.0
    with databases() as urls:
        for kind, url in urls.items():
            found = measure(url, options.sizes, options.turns)
            for size, cost in zip(options.sizes, found, strict=True):
                told = f"{1000 * cost.trials:6.1f} ms per trial ({1000 * cost.worked:6.1f} ms of the processor, "
                told += f"{1000 * cost.idle:6.1f} ms between two runs), {cost.opening:5.1f} s to resume the study"
                print(f"{kind:10}  {size:5} trials  {told}", flush=True)
            growth = found[-1].trials / found[0].trials
            ratio = max(ratio, growth / (options.sizes[-1] / options.sizes[0]))
    print(f"growth of a trial's cost over growth of the study: {ratio:.3f}")


if __name__ == "__main__":
    main()
