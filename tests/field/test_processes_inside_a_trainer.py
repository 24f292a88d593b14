"""A trainer may start processes of its own, by every usual way."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from study.engines.local import LocalEngine
from study.messages import EpochDone, Event, Job, RunFailed

pytestmark = pytest.mark.slow


def pool() -> Any:
    from multiprocessing import Pool

    with Pool(2) as workers:
        return sum(workers.map(abs, range(10)))


def executor() -> Any:
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(2) as workers:
        return sum(workers.map(abs, range(10)))


def other_ways_to_start() -> Any:
    import multiprocessing

    found = []
    for way in ("spawn", "forkserver"):
        with multiprocessing.get_context(way).Pool(1) as workers:
            found.append(sum(workers.map(abs, range(10))))
    assert found[0] == found[1]
    return found[0]


def joblib_s_workers() -> Any:
    from joblib import Parallel, delayed

    return sum(Parallel(n_jobs=2)(delayed(abs)(i) for i in range(10)))


def data_loader() -> Any:
    from torch.utils.data import DataLoader

    return sum(int(batch.sum()) for batch in DataLoader(range(10), batch_size=2, num_workers=2))  # type: ignore[arg-type]


def another_program() -> Any:
    return int(subprocess.run([sys.executable, "-c", "print(45)"], capture_output=True, check=True).stdout)


def manager() -> Any:
    from multiprocessing import Manager

    with Manager() as shared:
        return sum(shared.list(range(10)))


WAYS = {f.__name__: f for f in (
    pool, executor, other_ways_to_start, joblib_s_workers, data_loader, another_program, manager
)}  # fmt: skip


def carry_out(job: Job, go_on: Callable[[EpochDone], bool]) -> RunFailed:
    """The worker's function: RunFailed is the shortest message there is."""
    return RunFailed(job.run_id, "error", f"{WAYS[job.facts['way']]()}")


@pytest.fixture(scope="module")
def engine() -> Iterator[LocalEngine]:
    made = LocalEngine(workers=1, preload=())
    sys.path.insert(0, str(Path(__file__).parent))  # workers look for modules where this process does
    yield made
    sys.path.remove(str(Path(__file__).parent))
    made.stop()


@pytest.mark.parametrize("way", WAYS)
def test_a_trainer_has_processes_of_its_own(engine: LocalEngine, tmp_path: Path, way: str) -> None:
    log = tmp_path / "logs" / "run-1.log"
    engine.start(Job(1, "train", {}, tmp_path, worker=f"{Path(__file__).stem}:carry_out", facts={"way": way}, log=log))
    events: list[Event] = []
    while not events:
        events = engine.events(60.0)
    assert events == [RunFailed(1, "error", "45")], log.read_text(encoding="utf-8") if log.exists() else events
