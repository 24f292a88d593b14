"""The `local` engine: worker processes on this machine, one per run.

A crash, an out-of-memory kill or a leak ends one run. Processes are forked from a server that has already imported
torch (multiprocessing's forkserver), so a new process takes some hundredths of a second, not seconds. A run's whole
process tree ends with it: at its limits, when it returns, and when its driver is gone (`worker`, `guard`).
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess

import psutil

from study.engines import process_tree
from study.engines.abstract import AbstractEngine
from study.engines.guard import Guard
from study.engines.run_log import RunLog
from study.engines.worker import work
from study.messages import EpochDone, Event, Job, RunFailed
from study.signals import held

log = logging.getLogger("study")

PRELOAD = ("study.trainers.bert.worker", "torch._dynamo")  # for workers that train multitask BERT
# Libraries read these variables once, when they are loaded. One thread: several workers use one core each, and results
# can be repeated on any machine. glibc keeps the memory that a training step frees for the next one, instead of
# returning it to the system, which saves thousands of page faults per step.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
ENVIRONMENT = {
    **ONE_THREAD,
    **dict.fromkeys(("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"), str(1 << 32)),
}
SERVER = "study.engines.fork_server"  # a module that the fork server preloads for its side effects


@dataclass
class _Worker:
    process: ForkServerProcess
    pipe: Connection
    device: str
    pid: int
    log: RunLog | None


class LocalEngine(AbstractEngine):
    """Up to `workers` processes at a time, on the CPU or spread over `devices` ("cuda:0", ...)."""

    name = "local"

    def __init__(
        self, *, workers: int, devices: tuple[str, ...] = ("cpu",), preload: tuple[str, ...] = PRELOAD
    ) -> None:
        if workers < 1:
            raise ValueError(f"workers must be at least 1, got {workers}")
        self.workers = workers
        self._devices = devices
        self._running: dict[int, _Worker] = {}
        self._guard: Guard | None = None
        self._server = 0  # the fork server's process number
        for variable, value in ENVIRONMENT.items():  # inherited by the fork server and all workers
            os.environ.setdefault(variable, value)
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([SERVER, "study.engines.worker", *preload])

    def device(self) -> str:
        """Return the device with the fewest jobs."""
        used = [worker.device for worker in self._running.values()]
        return min(self._devices, key=used.count)

    def start(self, job: Job) -> None:
        """Start a job in a new process.

        Raises:
            RuntimeError: all workers are busy.
        """
        if len(self._running) >= self.workers:
            raise RuntimeError(f"all {self.workers} workers are busy")
        pipe, worker_pipe = self._context.Pipe()
        process = self._context.Process(target=work, args=(job, worker_pipe), name=f"run-{job.run_id}", daemon=True)
        with held():  # the first call also starts the fork server, and workers inherit the mask from it
            process.start()
            self._protect(process)
        worker_pipe.close()  # so that the pipe ends when the worker does
        run_log = None if job.log is None else RunLog(job.log)
        self._running[job.run_id] = _Worker(process, pipe, job.device, process.pid or 0, run_log)

    def events(self, timeout: float) -> list[Event]:
        """Return the messages of the workers, and the failures of those that died without one."""
        sources: dict[object, int] = {}
        for run_id, worker in self._running.items():
            sources |= {worker.pipe: run_id, worker.process.sentinel: run_id}
            if worker.log is not None:
                worker.log.trim()
        ready = wait(list(sources), timeout)  # type: ignore[arg-type]
        events = []
        for run_id in dict.fromkeys(sources[source] for source in ready):
            event = self._event_of(run_id, dead=self._running[run_id].process.sentinel in ready)
            if not isinstance(event, EpochDone):
                self._release(run_id)
            events.append(event)
        return events

    def _event_of(self, run_id: int, *, dead: bool) -> Event:
        """Return the next message of a worker; for a dead one its last message, or how it died."""
        worker = self._running[run_id]
        if dead:  # its remaining descendants may hold the pipe open
            self._end_remaining(worker.pid)
        with contextlib.suppress(EOFError, OSError):  # killed between two messages, or in the middle of one
            if worker.pipe.poll():
                event: Event = worker.pipe.recv()
                return event
        return _death(run_id, worker.process)

    def answer(self, run_id: int, go_on: bool) -> None:
        """Tell a waiting worker whether to continue; if it has died meanwhile, `events` reports that."""
        worker = self._running.get(run_id)
        if worker is not None:
            with contextlib.suppress(BrokenPipeError):
                worker.pipe.send(go_on)

    def kill(self, run_id: int) -> None:
        """End one worker now, with its descendants."""
        worker = self._running.get(run_id)
        if worker is not None:
            self._end(worker)
            self._release(run_id)

    def resident_bytes(self, run_id: int) -> int | None:
        """Return the memory of the worker and its descendants, in bytes; None for one that has ended."""
        worker = self._running.get(run_id)
        return None if worker is None else process_tree.memory_bytes(worker.pid)

    def stop(self) -> None:
        """End every worker now, and the guard."""
        for worker in self._running.values():
            self._end(worker)
        for run_id in list(self._running):
            self._release(run_id)
        if self._guard is not None:
            self._guard.stop()
            self._guard = None

    def _protect(self, process: ForkServerProcess) -> None:
        """Register a run with the guard, which ends it when this driver is gone."""
        assert process.pid is not None
        with contextlib.suppress(psutil.Error):  # the run may have ended already
            self._server = psutil.Process(process.pid).ppid()
        try:
            self._guard = self._guard or Guard()
        except OSError as error:
            log.warning("runs are not guarded: %s", error)
            return
        self._guard.began(process.pid, self._server)

    def _end(self, worker: _Worker) -> None:
        if worker.process.exitcode is None:
            process_tree.end_tree(worker.pid)

    def _release(self, run_id: int) -> None:
        worker = self._running.pop(run_id)
        worker.process.join(timeout=5)
        if worker.process.exitcode is None:  # it has sent its last message; nothing is lost
            self._end(worker)
            worker.process.join()
        self._end_remaining(worker.pid)
        if self._guard is not None:
            self._guard.ended(worker.pid)
        if worker.log is not None:
            worker.log.finish()
        worker.pipe.close()
        worker.process.close()

    def _end_remaining(self, pid: int) -> None:
        """End what a dead process left behind: the members of its group, and processes that the server adopted."""

        def remaining() -> list[psutil.Process]:
            processes = process_tree.group_members(pid)
            workers = {process.pid for process in multiprocessing.active_children()}
            for orphan in process_tree.children(self._server) - workers if self._server else ():
                with contextlib.suppress(psutil.Error):
                    processes += [psutil.Process(orphan), *process_tree.descendants(orphan)]
            return [process for process in processes if not process_tree.has_ended(process)]

        process_tree.end(remaining)


def _death(run_id: int, process: ForkServerProcess) -> RunFailed:
    """Return the failure of a worker that ended without a message: killed from outside, or crashed in native code."""
    process.join(timeout=5)
    code = process.exitcode
    if code is not None and code < 0:
        how = f"ended by signal {signal.Signals(-code).name}"
        if code == -signal.SIGKILL:
            how += " (the system does this when memory runs out)"
    else:
        how = f"ended with exit code {code}"
    return RunFailed(run_id, "worker_died", f"the worker process {how}")
