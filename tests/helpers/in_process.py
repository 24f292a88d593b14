"""An engine that carries runs out in the test's own process, for whatever is not about processes.

Every job has a thread, which the engine lets run only until its next message: one job computes at a time, and in the
order in which they began. So a study behaves as with `LocalEngine`, at a fraction of its cost, and the same every time.
"""

from __future__ import annotations

import queue
import threading

from study.engines.abstract import AbstractEngine
from study.functions import function_of
from study.messages import EpochDone, Event, Job


class _Killed(BaseException):
    """Ends the thread of a job that was killed; no code under test catches it."""


class _Run:
    """One job in a thread of its own, which waits until `next` asks for its next message."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._answers: queue.SimpleQueue[bool | None] = queue.SimpleQueue()
        self._events: queue.SimpleQueue[Event | BaseException] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._carry_out, name=f"run-{job.run_id}", daemon=True)
        self._began = False
        self.waits = False  # for the driver's answer to an epoch

    def next(self) -> Event:
        """Let the job run to its next message."""
        if not self._began:
            self._began = True
            self._thread.start()
        event = self._events.get()
        if isinstance(event, BaseException):
            raise event
        self.waits = isinstance(event, EpochDone)
        return event

    def answer(self, go_on: bool | None) -> None:
        self.waits = False
        self._answers.put(go_on)

    def end(self) -> None:
        """The thread ends at its next message; one that has none to come cannot be ended, and is left behind."""
        if self._began:
            self._answers.put(None)
            self._thread.join(timeout=10)

    def _carry_out(self) -> None:
        try:
            self._events.put(function_of(self._job.worker)(self._job, self._report))
        except _Killed:
            pass
        except BaseException as error:  # a fault of the code under test: the test shows it
            self._events.put(error)

    def _report(self, epoch: EpochDone) -> bool:
        self._events.put(epoch)
        answer = self._answers.get()
        if answer is None:
            raise _Killed
        return answer


class InProcessEngine(AbstractEngine):
    """Made like `LocalEngine`, whose place it takes in `Place.call`."""

    name = "local"

    def __init__(self, *, workers: int, devices: tuple[str, ...] = ("cpu",), preload: tuple[str, ...] = ()) -> None:
        self.workers, self._runs = workers, dict[int, _Run]()

    def device(self) -> str:
        return "cpu"

    def start(self, job: Job) -> None:
        if len(self._runs) >= self.workers:
            raise RuntimeError(f"all {self.workers} workers are busy")
        self._runs[job.run_id] = _Run(job)

    def events(self, timeout: float) -> list[Event]:
        """The next message of the first job that does not wait for an answer."""
        for run_id, run in self._runs.items():
            if not run.waits:
                event = run.next()
                if not isinstance(event, EpochDone):
                    del self._runs[run_id]
                return [event]
        return []

    def answer(self, run_id: int, go_on: bool) -> None:
        if run_id in self._runs:
            self._runs[run_id].answer(go_on)

    def kill(self, run_id: int) -> None:
        if run_id in self._runs:
            self._runs.pop(run_id).end()

    def stop(self) -> None:
        for run_id in list(self._runs):
            self.kill(run_id)
