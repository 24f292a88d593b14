"""One job on a Ray worker, run in a separate process by the `local` engine.

Ray's process stays for the next run and only passes messages on. So a crash, a leak, or memory that a run keeps on the
GPU ends with the run, and peak memory is measured for the run alone.
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


class DriverLink(Protocol):
    """A worker's connection to the driver."""

    def send(self, message: ToExchange) -> None:
        """Send a message; it has arrived on return."""

    def ask(self, epoch: EpochDone) -> bool:
        """Report an epoch and return whether the run is to continue."""


def run_job(job: Job, engine: AbstractEngine, driver: DriverLink, trial_id: str, host: str) -> None:
    """Run the job with `engine`, which has one free worker, and report every event to the driver."""
    driver.send(RunPlaced(job.run_id, trial_id, host))
    if not _appears(job.prepared_folder):
        message = f"{host} has no folder {job.prepared_folder}: all nodes must see the folder of --out at the same path"
        driver.send(NodeUnfit(job.run_id, host, message))
        return
    with _main_without_file():
        engine.start(job)
    watch = Watch(job.limits)
    watch.began(job.run_id)
    while True:
        for event in (*engine.events(POLL_SECONDS), *watch.over_limit(engine)):
            if isinstance(event, EpochDone):
                engine.answer(job.run_id, driver.ask(event))
            else:
                driver.send(event)
                return


def _appears(folder: Path) -> bool:
    deadline = time.monotonic() + FOLDER_SECONDS
    while not (exists := folder.is_dir()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return exists


@contextlib.contextmanager
def _main_without_file() -> Iterator[None]:
    """Hide the file of `__main__`: else the new process would import Ray's worker script, which takes seconds."""
    main = vars(sys.modules["__main__"])
    file = main.pop("__file__", None)
    try:
        yield
    finally:
        if file is not None:
            main["__file__"] = file
