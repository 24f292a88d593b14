"""What every engine is."""

from __future__ import annotations

from abc import ABC, abstractmethod

from study.messages import Event, Job


class AbstractEngine(ABC):
    """A place with room for some jobs at a time. It never touches the database: it tells the driver what happened."""

    name: str

    @property
    @abstractmethod
    def workers(self) -> int:
        """How many jobs run at a time."""

    @abstractmethod
    def device(self) -> str:
        """The device the next job should use, "cpu" or "cuda:0"."""

    @abstractmethod
    def start(self, job: Job) -> None:
        """Begin a job; there must be room."""

    @abstractmethod
    def events(self, timeout: float) -> list[Event]:
        """What has happened, waiting at most `timeout` seconds for something. Each job ends with one end message."""

    @abstractmethod
    def answer(self, run_id: int, go_on: bool) -> None:
        """Tell the job that reported an epoch whether to go on."""

    @abstractmethod
    def stop(self) -> None:
        """End every job now, without a message, and give all processes back."""
