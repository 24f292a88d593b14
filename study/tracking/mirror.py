"""A thread that keeps one tracker up to date with the database, so that the driver never waits for a tracking server.

After the first error, which is reported once, the study continues without this tracker; the next launch updates it.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from results.database.database import Database, open_database
from results.database.rows import RunRow
from study.tracking import run_records
from study.tracking.abstract import AbstractTracker, Tracked

CLOSING_SECONDS = 30.0  # to wait for a slow server at the end of the study


class Mirror:
    """Copies the runs of `study` in the database at `storage` to the tracker that `make` returns.

    It checks all runs at the beginning and at the end, and in between only those passed to `changed`.
    """

    def __init__(self, make: Callable[[], AbstractTracker], storage: str, study: str) -> None:
        self._make, self._storage, self._study = make, storage, study
        self._changes: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._tracked: dict[int, Tracked] = {}
        self._thread = threading.Thread(target=self._work, name="tracking", daemon=True)
        self.trouble: BaseException | None = None
        self._thread.start()

    def changed(self, run_id: int) -> None:
        """Queue a run whose record has changed."""
        self._changes.put(run_id)

    def close(self, seconds: float | None = None) -> bool:
        """Copy the remaining changes; return False if that takes too long, and leave them to the next launch."""
        self._changes.put(None)
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
        except Exception as error:  # no error of a library may make a run fail
            self.trouble = error

    def _copy(self, database: Database, tracker: AbstractTracker) -> None:
        self._tracked = tracker.open(database.studies.require(self._study))
        self._copy_all(database, tracker)
        while (run_id := self._changes.get()) is not None:
            self._copy_run(database, tracker, run_id)
        self._copy_all(database, tracker)

    def _copy_all(self, database: Database, tracker: AbstractTracker) -> None:
        """Copy all runs that the tracker lacks or has only in part."""
        tested = database.metrics.evaluated_runs(self._study, "test")
        for row in database.runs.of_study(self._study):
            if self._is_behind(row, tested):
                self._copy_run(database, tracker, row.id)

    def _is_behind(self, row: RunRow, tested: set[int]) -> bool:
        tracked = self._tracked.get(row.id)
        if tracked is None or tracked.state != row.status or row.status == "running":
            return True
        return row.id in tested and not any(name.startswith("final/test/") for name in tracked.final)

    def _copy_run(self, database: Database, tracker: AbstractTracker, run_id: int) -> None:
        record, tracked = run_records.read(database, run_id), self._tracked.get(run_id)
        if record is not None and tracked != Tracked.of(record):
            self._tracked[run_id] = tracker.write(record, tracked)
