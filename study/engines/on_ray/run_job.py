"""One job on a Ray worker: carried out by a process of its own, as the `local` engine does it.

Ray's process stays for the next run and only passes messages on. So a crash, a leak, or what a run keeps on the GPU
ends with the run, and peak memory is that of the run alone.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from study.engines.abstract import AbstractEngine
from study.engines.limits import Watch
from study.engines.on_ray.messages import NodeUnfit, ToExchange
from study.messages import EpochDone, Job, RunPlaced

# A network file system may show a new folder some seconds late.
FOLDER_SECONDS = 10.0
POLL_SECONDS = 1.0


class Line(Protocol):
    """A worker's line to the driver."""

    def tell(self, message: ToExchange) -> None:
        """Send a message; it has arrived on return."""

    def ask(self, epoch: EpochDone) -> bool:
        """Report an epoch; whether to go on."""


def carry(job: Job, engine: AbstractEngine, line: Line, trial_id: str, host: str) -> None:
    """Have `engine` (room for one) do the job, and tell everything to the driver."""
    line.tell(RunPlaced(job.run_id, trial_id, host))
    if not _appears(job.prepared_folder):
        why = f"{host} has no folder {job.prepared_folder}: all nodes must see the folder of --out at the same path"
        line.tell(NodeUnfit(job.run_id, host, why))
        return
    with _main_without_file():
        engine.start(job)
    watch = Watch(job.limits)
    watch.began(job.run_id)
    while True:
        for event in (*engine.events(POLL_SECONDS), *watch.over_limit(engine)):
            if isinstance(event, EpochDone):
                engine.answer(job.run_id, line.ask(event))
            else:
                line.tell(event)
                return


def _appears(folder: Path) -> bool:
    deadline = time.monotonic() + FOLDER_SECONDS
    while not (there := folder.is_dir()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return there


@contextlib.contextmanager
def _main_without_file() -> Iterator[None]:
    """Else the new process would run Ray's worker script to have its `__main__`, which takes seconds."""
    main = vars(sys.modules["__main__"])
    file = main.pop("__file__", None)
    try:
        yield
    finally:
        if file is not None:
            main["__file__"] = file
