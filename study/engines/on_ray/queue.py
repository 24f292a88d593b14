"""The driver's jobs as Ray Tune sees them: trials it may have now, and what their ends mean.

Knows nothing of Ray. Tune asks for trials from one thread while the driver queues jobs from another.
"""

from __future__ import annotations

import queue
import threading

from study.engines.on_ray.messages import NodeUnfit, ToExchange, TrialOver
from study.messages import EpochDone, Event, RunFailed, RunPlaced

IDLE_WAIT_SECONDS = 0.5


class Jobs:
    """Runs that wait for a trial, and those that have one."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._busy = 0
        self._finished = False
        self._placed: set[int] = set()
        self._ends: dict[int, Event] = {}

    def add(self, run_id: int) -> None:
        """A job for the next trial."""
        self._waiting.put(run_id)

    def finish(self) -> None:
        """There will be no more jobs."""
        self._finished = True
        self._waiting.put(None)  # who waits for a job wakes up

    @property
    def finished(self) -> bool:
        """Whether there will be no more jobs."""
        return self._finished

    @property
    def busy(self) -> int:
        """How many trials have begun and not ended."""
        with self._lock:
            return self._busy

    def next(self) -> int | None:
        """Return the run of a new trial; None where nothing waits.

        With trials under way it answers at once, for Tune does nothing for them meanwhile; with none it waits a little
        for a job, where Tune itself would sleep for a second.
        """
        try:
            run_id = self._waiting.get_nowait() if self.busy else self._waiting.get(timeout=IDLE_WAIT_SECONDS)
        except queue.Empty:
            return None
        if run_id is not None:
            with self._lock:
                self._busy += 1
        return run_id

    def trial_ended(self) -> None:
        """One trial less is under way."""
        with self._lock:
            self._busy -= 1

    def heard(self, message: ToExchange) -> list[Event | NodeUnfit]:
        """Return what the driver is to hear after a word of a worker, or of Ray.

        A run's end is passed on when its trial has ended too: Tune then has the worker at hand for the next one.
        """
        if isinstance(message, TrialOver):
            return self._over(message)
        if isinstance(message, NodeUnfit | EpochDone):
            return [message]
        if isinstance(message, RunPlaced):
            self._placed.add(message.run_id)
            return [message]
        self._ends[message.run_id] = message
        return []

    def _over(self, over: TrialOver) -> list[Event | NodeUnfit]:
        """Return the run's own last word where it had one, whatever happened to the worker after it; else how it
        failed.
        """
        placed = over.run_id in self._placed
        self._placed.discard(over.run_id)
        end = self._ends.pop(over.run_id, None)
        if end is not None:
            return [end]
        detail = over.detail or "the trial ended without a result"
        failed = RunFailed(over.run_id, over.reason or "error", detail, over.traceback)
        return [failed] if placed else [RunPlaced(over.run_id, over.trial_id, None), failed]
