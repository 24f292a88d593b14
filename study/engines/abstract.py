"""The base class of the engines, and the number of runs that share a GPU."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import ClassVar

from study.messages import Event, Job

ROUNDING = 1e-9  # 1 / 0.1 must be 10


def runs_per_gpu(share: float) -> int:
    """Return how many runs fit on one GPU if each takes a fraction `share` of it, 0 < share <= 1."""
    return math.floor(1 / share + ROUNDING)


class EngineError(Exception):
    """An engine cannot be started; the message has the reason and the way out."""


class EngineLost(EngineError):
    """An engine was lost during a study, or cannot run anything; the study can be resumed."""


class AbstractEngine(ABC):
    """Runs a limited number of jobs at a time. It never touches the database: it reports events to the driver."""

    name: str
    workers: int  # number of jobs that run at a time
    # Whether the engine itself ends runs that exceed `Job.limits`; otherwise the driver does, with `kill`.
    keeps_limits: ClassVar[bool] = False

    @abstractmethod
    def device(self) -> str:
        """Return the device that the next job should use, "cpu" or "cuda:0"."""

    @abstractmethod
    def start(self, job: Job) -> None:
        """Start a job; fewer than `workers` must be running."""

    @abstractmethod
    def events(self, timeout: float) -> list[Event]:
        """Return the new events, after at most `timeout` seconds. The last event of each job is its end.

        Raises:
            EngineLost: there will be no more events.
        """

    @abstractmethod
    def answer(self, run_id: int, go_on: bool) -> None:
        """Tell the job that reported an epoch whether to continue."""

    @abstractmethod
    def kill(self, run_id: int) -> None:
        """End one job now, without an event; do nothing if it has ended."""

    def resident_bytes(self, run_id: int) -> int | None:
        """Return the memory that a job uses now, in bytes; None if the engine cannot measure it."""
        return None

    @abstractmethod
    def stop(self) -> None:
        """End every job now, without events, and release all processes; a second call does nothing."""
