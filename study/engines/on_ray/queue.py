"""The driver's jobs as Ray Tune sees them: which run a new trial gets, and what a trial's end means.

It does not depend on Ray. Tune asks for trials in one thread while the driver queues jobs in another.
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
        """Queue a job for the next trial."""
        self._waiting.put(run_id)

    def finish(self) -> None:
        """Declare that no more jobs will be added."""
        self._finished = True
        self._waiting.put(None)  # wakes up `next`

    @property
    def finished(self) -> bool:
        """Whether no more jobs will be added."""
        return self._finished

    @property
    def busy(self) -> int:
        """Number of trials that have begun and not ended."""
        with self._lock:
            return self._busy

    def next(self) -> int | None:
        """Return the run of a new trial; None if no job is waiting.

        While trials are running it returns at once, as Tune waits for it. If none is running it waits a little for a
        job, where Tune itself would sleep for a second.
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
        """Count one running trial less."""
        with self._lock:
            self._busy -= 1

    def events_after(self, message: ToExchange) -> list[Event | NodeUnfit]:
        """Return the events for the driver that follow from a message of a worker or of Ray.

        A run's end is held back until its trial has ended too: Tune then has a free worker for the next one.
        """
        if isinstance(message, TrialOver):
            return self._events_at_end(message)
        if isinstance(message, RunPlaced):
            self._placed.add(message.run_id)
        elif not isinstance(message, NodeUnfit | EpochDone):
            self._ends[message.run_id] = message
            return []
        return [message]

    def _events_at_end(self, over: TrialOver) -> list[Event | NodeUnfit]:
        """Return the end that the run itself reported, whatever happened to its worker later; else its failure."""
        placed = over.run_id in self._placed
        self._placed.discard(over.run_id)
        end = self._ends.pop(over.run_id, None)
        if end is not None:
            return [end]
        detail = over.detail or "the trial ended without a result"
        failed = RunFailed(over.run_id, over.reason or "error", detail, over.traceback)
        return [failed] if placed else [RunPlaced(over.run_id, over.trial_id, None), failed]
