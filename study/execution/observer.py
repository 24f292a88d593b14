"""Observers of a study's runs: the terminal, trackers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from mtbert.stage_store.keys import ChainKeys
from search_spaces.grammar import Choices
from study.messages import EpochDone
from study.trainers.abstract import Configuration


@dataclass(frozen=True)
class Request:
    """A run that the driver needs: one configuration with one seed, for a phase.

    `keys` are those of its stages, `wanted` the epochs of `multitask` to keep for others. `run_id` is that of an
    existing row: a finished run to be measured, or one that paused after `known_epochs` and continues. `pauses`: if
    it is stopped, it may continue later.
    """

    phase: str
    config: Configuration
    choices: Choices
    label: str
    trial_number: int | None = None
    keys: ChainKeys | None = None
    wanted: frozenset[str] = frozenset()
    run_id: int | None = None
    known_epochs: float = 0
    pauses: bool = False


class AbstractObserver(ABC):
    """Is notified of events; changes nothing."""

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
        """Show a sentence."""


class Observers(AbstractObserver):
    """Several observers that are notified in this order."""

    def __init__(self, observers: Sequence[AbstractObserver]) -> None:
        self._observers = tuple(observers)

    def phase(self, name: str, total: int, done: int) -> None:
        """A phase begins."""
        for observer in self._observers:
            observer.phase(name, total, done)

    def started(self, run_id: int, request: Request) -> None:
        """A run began."""
        for observer in self._observers:
            observer.started(run_id, request)

    def epoch(self, event: EpochDone, epochs: int) -> None:
        """A run finished an epoch."""
        for observer in self._observers:
            observer.epoch(event, epochs)

    def ended(self, run_id: int, status: str, score: float | None, note: str) -> None:
        """A run ended."""
        for observer in self._observers:
            observer.ended(run_id, status, score, note)

    def say(self, text: str) -> None:
        """Show a sentence."""
        for observer in self._observers:
            observer.say(text)
