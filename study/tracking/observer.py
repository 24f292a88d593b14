"""The observer that tells trackers which runs have changed, and the person when one of them fails."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from results.database import url
from study.execution.observer import AbstractObserver, Request
from study.messages import EpochDone, first_line
from study.tracking.mirror import Mirror

log = logging.getLogger("study")


class Tracking(AbstractObserver):
    """`mirrors` by the name they are shown under, without secrets; `tell` says a sentence to the person."""

    def __init__(self, mirrors: Mapping[str, Mirror], tell: Callable[[str], None]) -> None:
        self._mirrors, self._tell = dict(mirrors), tell

    def __enter__(self) -> Tracking:
        return self

    def __exit__(self, *error: object) -> None:
        """Wait for what is left to be copied, but not for long."""
        for name, mirror in list(self._mirrors.items()):
            if not mirror.close():
                self._give_up(name, "it did not take everything in time")
        self._look()

    def phase(self, name: str, total: int, done: int) -> None:
        """Nothing to track."""

    def started(self, run_id: int, request: Request) -> None:
        """A run began."""
        self._changed(run_id)

    def epoch(self, event: EpochDone, epochs: int) -> None:
        """A run finished an epoch."""
        self._changed(event.run_id)

    def ended(self, run_id: int, status: str, score: float | None, note: str) -> None:
        """A run ended."""
        self._changed(run_id)

    def say(self, text: str) -> None:
        """Nothing to track."""

    def _changed(self, run_id: int) -> None:
        self._look()
        for mirror in self._mirrors.values():
            mirror.changed(run_id)

    def _look(self) -> None:
        """Go on without the trackers that have failed."""
        for name, mirror in list(self._mirrors.items()):
            if mirror.trouble is not None:
                self._give_up(name, first_line(mirror.trouble)[:300])

    def _give_up(self, name: str, why: str) -> None:
        del self._mirrors[name]
        told = url.mask(
            f"Warning: --track {name} is not written to any more ({why}). The study goes on; launched again with this "
            "flag, it brings the tracker up to date."
        )
        log.warning("%s", told)
        self._tell(told)
