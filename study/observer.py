"""What a driver tells whoever watches: the terminal, a log, or nobody."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from mtbert.config import RunConfig
from search_spaces.grammar import Choices
from study.messages import EpochDone


@dataclass(frozen=True)
class Request:
    """A run the driver wants: one configuration with one seed, and on whose behalf."""

    phase: str
    config: RunConfig
    choices: Choices
    label: str
    trial_number: int | None = None


class AbstractObserver(ABC):
    """Hears what happens; changes nothing."""

    @abstractmethod
    def phase(self, name: str, total: int, done: int) -> None:
        """A phase begins: `total` runs in all, `done` of them already there."""

    @abstractmethod
    def started(self, run_id: int, request: Request) -> None:
        """A run began."""

    @abstractmethod
    def epoch(self, event: EpochDone, epochs: int) -> None:
        """A run finished an epoch of `epochs`."""

    @abstractmethod
    def ended(self, run_id: int, status: str, score: float | None, note: str) -> None:
        """A run ended; `note` says why, where it was not complete."""

    @abstractmethod
    def say(self, text: str) -> None:
        """A sentence for the person."""
