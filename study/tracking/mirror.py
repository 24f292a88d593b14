"""Keeps one tracker up to the database, in a thread of its own: a driver never waits for a tracking server.

The first thing that goes wrong is told once and is the last: the study goes on without this tracker, and the next
launch brings it up to date.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from results.database.database import Database, open_database
from results.database.rows import RunRow
from study.tracking import run_records
from study.tracking.abstract import AbstractTracker, Tracked

CLOSING_SECONDS = 30.0  # what a study waits at its end for a slow server


class Mirror:
    """Copies the runs of `study` in the database at `storage` to the tracker that `make` gives.

    At its beginning and at its end all runs, meanwhile those of which `changed` was told.
    """

    def __init__(self, make: Callable[[], AbstractTracker], storage: str, study: str) -> None:
        self._make, self._storage, self._study = make, storage, study
        self._told: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._tracked: dict[int, Tracked] = {}
        self._thread = threading.Thread(target=self._work, name="tracking", daemon=True)
        self.trouble: BaseException | None = None
        self._thread.start()

    def changed(self, run_id: int) -> None:
        """The record of a run has changed."""
        self._told.put(run_id)

    def close(self, seconds: float | None = None) -> bool:
        """Copy what is left; False where that took longer, and is left to the next launch."""
        self._told.put(None)
        self._thread.join(CLOSING_SECONDS if seconds is None else seconds)
        return not self._thread.is_alive()

    def _work(self) -> None:
        try:
            with open_database(self._storage, create=False) as database:
                tracker = self._make()
                try:
                    self._copy(database, tracker)
                finally:
                    tracker.close()
        except Exception as error:  # whatever a library raises: no run may fail for it
            self.trouble = error

    def _copy(self, database: Database, tracker: AbstractTracker) -> None:
        self._tracked = tracker.open(database.studies.require(self._study))
        self._catch_up(database, tracker)
        while (run_id := self._told.get()) is not None:
            self._bring(database, tracker, run_id)
        self._catch_up(database, tracker)

    def _catch_up(self, database: Database, tracker: AbstractTracker) -> None:
        """All runs that the tracker lacks, or has not to their end."""
        tested = database.metrics.evaluated_runs(self._study, "test")
        for row in database.runs.of_study(self._study):
            if self._is_behind(row, tested):
                self._bring(database, tracker, row.id)

    def _is_behind(self, row: RunRow, tested: set[int]) -> bool:
        has = self._tracked.get(row.id)
        if has is None or has.state != row.status or row.status == "running":
            return True
        return row.id in tested and not any(name.startswith("final/test/") for name in has.final)

    def _bring(self, database: Database, tracker: AbstractTracker, run_id: int) -> None:
        record = run_records.read(database, run_id)
        if record is None:
            return
        has = self._tracked.get(run_id)
        if has != Tracked.of(record):
            self._tracked[run_id] = tracker.write(record, has)
