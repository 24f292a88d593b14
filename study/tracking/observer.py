"""The observer that passes changed runs to the trackers, and warns the user when a tracker fails."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from results.database import url
from study.execution.observer import AbstractObserver, Request
from study.messages import EpochDone, first_line
from study.tracking.mirror import Mirror

log = logging.getLogger("study")


class Tracking(AbstractObserver):
    """Trackers of one launch: `mirrors` by their names without secrets; `say` prints a sentence for the user."""

    def __init__(self, mirrors: Mapping[str, Mirror], say: Callable[[str], None]) -> None:
        self._mirrors, self._say = dict(mirrors), say

    def __enter__(self) -> Tracking:
        return self

    def __exit__(self, *error: object) -> None:
        """Wait a limited time for the remaining changes to be copied."""
        for name, mirror in list(self._mirrors.items()):
            if not mirror.close():
                self._drop(name, "it did not take everything in time")
        self._drop_failed()

    def phase(self, name: str, total: int, done: int) -> None:
        """Ignore the start of a phase."""

    def started(self, run_id: int, request: Request) -> None:
        """Copy a run that has started."""
        self._changed(run_id)

    def epoch(self, event: EpochDone, epochs: int) -> None:
        """Copy the epoch of a run."""
        self._changed(event.run_id)

    def ended(self, run_id: int, status: str, score: float | None, note: str) -> None:
        """Copy the end of a run."""
        self._changed(run_id)

    def say(self, text: str) -> None:
        """Ignore a sentence for the user."""

    def _changed(self, run_id: int) -> None:
        self._drop_failed()
        for mirror in self._mirrors.values():
            mirror.changed(run_id)

    def _drop_failed(self) -> None:
        """Continue without the trackers that have failed."""
        for name, mirror in list(self._mirrors.items()):
            if mirror.trouble is not None:
                self._drop(name, first_line(mirror.trouble)[:300])

    def _drop(self, name: str, reason: str) -> None:
        del self._mirrors[name]
        message = url.mask(
            f"Warning: --track {name} is not written to any more ({reason}). The study continues; a launch with the "
            "same flag brings the tracker up to date."
        )
        log.warning("%s", message)
        self._say(message)
