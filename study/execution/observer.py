"""Observers of a study's runs: the terminal and the trackers."""

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
    """A run that a phase needs: one configuration with one seed.

    `keys` are those of its stages, `wanted` the epochs of `multitask` to store for other runs. `run_id` is that of an
    existing row: a finished run to be tested, or one that paused after `known_epochs` and continues. `pauses`: a run
    that is stopped may continue later.
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
    """A listener to the events of a study, which changes nothing."""

    @abstractmethod
    def phase(self, name: str, total: int, done: int) -> None:
        """Note that a phase begins, with `total` runs of which `done` are finished."""

    @abstractmethod
    def started(self, run_id: int, request: Request) -> None:
        """Note that a run has started."""

    @abstractmethod
    def epoch(self, event: EpochDone, epochs: int) -> None:
        """Note that a run has finished one of its `epochs`."""

    @abstractmethod
    def ended(self, run_id: int, status: str, score: float | None, note: str) -> None:
        """Note that a run has ended; `note` says why, if it is not complete."""

    @abstractmethod
    def say(self, text: str) -> None:
        """Show a sentence."""


class Observers(AbstractObserver):
    """Several observers, notified in this order."""

    def __init__(self, observers: Sequence[AbstractObserver]) -> None:
        self._observers = tuple(observers)

    def phase(self, name: str, total: int, done: int) -> None:
        """Notify all that a phase begins."""
        for observer in self._observers:
            observer.phase(name, total, done)

    def started(self, run_id: int, request: Request) -> None:
        """Notify all that a run has started."""
        for observer in self._observers:
            observer.started(run_id, request)

    def epoch(self, event: EpochDone, epochs: int) -> None:
        """Notify all that a run has finished an epoch."""
        for observer in self._observers:
            observer.epoch(event, epochs)

    def ended(self, run_id: int, status: str, score: float | None, note: str) -> None:
        """Notify all that a run has ended."""
        for observer in self._observers:
            observer.ended(run_id, status, score, note)

    def say(self, text: str) -> None:
        """Show a sentence."""
        for observer in self._observers:
            observer.say(text)
