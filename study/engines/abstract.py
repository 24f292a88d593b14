"""The base of every engine, and how many runs share a GPU."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import ClassVar

from study.messages import Event, Job

ROUNDING = 1e-9  # 1 / 0.1 must be 10


def runs_per_gpu(share: float) -> int:
    """Return how many runs that take `share` (above 0, at most 1) of a GPU fit on one."""
    return math.floor(1 / share + ROUNDING)


class EngineError(Exception):
    """An engine cannot be started: why not, and the way out."""


class EngineLost(EngineError):
    """An engine is gone in mid-study, or cannot run anything; the study can be resumed."""


class AbstractEngine(ABC):
    """A place with room for some jobs at a time. It never touches the database: it tells the driver what happened."""

    name: str
    # Whether the engine ends runs that take more than `Job.limits` itself; else the driver does, with `kill`.
    keeps_limits: ClassVar[bool] = False

    @property
    @abstractmethod
    def workers(self) -> int:
        """How many jobs run at a time."""

    @abstractmethod
    def device(self) -> str:
        """Return the device the next job should use, "cpu" or "cuda:0"."""

    @abstractmethod
    def start(self, job: Job) -> None:
        """Begin a job; there must be room."""

    @abstractmethod
    def events(self, timeout: float) -> list[Event]:
        """Return what has happened, waiting at most `timeout` seconds. Each job ends with one end message.

        Raises:
            EngineLost: there will be no more events.
        """

    @abstractmethod
    def answer(self, run_id: int, go_on: bool) -> None:
        """Tell the job that reported an epoch whether to continue."""

    @abstractmethod
    def kill(self, run_id: int) -> None:
        """End one job now, without a message; nothing happens where it has ended."""

    def resident_bytes(self, run_id: int) -> int | None:
        """Return the memory a job holds now, in bytes; None where the engine cannot tell."""
        return None

    @abstractmethod
    def stop(self) -> None:
        """End every job now, without a message, and give all processes back; a second time does nothing."""
