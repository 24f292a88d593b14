"""The `local` engine: worker processes on this machine, each run in a process of its own.

A crash, an out-of-memory kill or a leak ends one run. Processes are forked from a server that has torch imported
already (multiprocessing's forkserver), so a fresh process costs some hundredths of a second, not seconds. A
worker dies with its driver: it listens on its pipe and ends when the other end is gone.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import queue
import signal
import threading
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess

import psutil

from study.engines.abstract import AbstractEngine
from study.functions import function_of
from study.interrupts import held
from study.messages import EpochDone, Event, Job, RunFailed

PRELOAD = ("study.objective", "torch._dynamo")  # of a fork server whose workers train multitask BERT
# What a worker's libraries read once, when they begin. One thread: several workers on one core each, and results that
# any machine repeats. And glibc keeps what a step frees for the next one, instead of giving it back to the system and
# having it zeroed again: a training step touches thousands of pages less.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
ENVIRONMENT = {
    **ONE_THREAD,
    **dict.fromkeys(("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"), str(1 << 32)),
}
_ORPHANED = 70  # exit code of a worker whose driver is gone


@dataclass
class _Worker:
    process: ForkServerProcess
    pipe: Connection
    device: str


class LocalEngine(AbstractEngine):
    """`workers` processes at a time, on the CPU or spread over `devices` ("cuda:0", ...)."""

    name = "local"

    def __init__(
        self, *, workers: int, devices: tuple[str, ...] = ("cpu",), preload: tuple[str, ...] = PRELOAD
    ) -> None:
        if workers < 1:
            raise ValueError(f"workers must be at least 1, got {workers}")
        self._workers = workers
        self._devices = devices
        self._running: dict[int, _Worker] = {}
        for variable, value in ENVIRONMENT.items():  # for the fork server, and so for all workers
            os.environ.setdefault(variable, value)
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["study.engines.local", *preload])

    @property
    def workers(self) -> int:
        """How many jobs run at a time."""
        return self._workers

    def device(self) -> str:
        """The device with the fewest jobs."""
        used = [worker.device for worker in self._running.values()]
        return min(self._devices, key=used.count)

    def start(self, job: Job) -> None:
        """Begin a job in a new process."""
        if len(self._running) >= self._workers:
            raise RuntimeError(f"all {self._workers} workers are busy")
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=work, args=(job, theirs), name=f"run-{job.run_id}", daemon=True)
        with held():  # the fork server too, which the first start starts, and which hands it on to its workers
            process.start()
        theirs.close()  # so that the pipe ends when the worker does
        self._running[job.run_id] = _Worker(process, ours, job.device)

    def events(self, timeout: float) -> list[Event]:
        """What the workers have said, and who died without a word."""
        pipes = {worker.pipe: run_id for run_id, worker in self._running.items()}
        events: list[Event] = []
        for pipe in wait(list(pipes), timeout):
            assert isinstance(pipe, Connection)
            run_id = pipes[pipe]
            try:
                event: Event = pipe.recv()
            except (EOFError, OSError):  # killed between two messages, or in the middle of one
                event = _death(run_id, self._running[run_id].process)
            if not isinstance(event, EpochDone):
                self._give_back(run_id)
            events.append(event)
        return events

    def answer(self, run_id: int, go_on: bool) -> None:
        """Tell a waiting worker; one that has died meanwhile is told of by `events`."""
        worker = self._running.get(run_id)
        if worker is not None:
            with contextlib.suppress(BrokenPipeError):
                worker.pipe.send(go_on)

    def kill(self, run_id: int) -> None:
        """End one worker now."""
        worker = self._running.get(run_id)
        if worker is not None:
            worker.process.kill()
            self._give_back(run_id)

    def resident_bytes(self, run_id: int) -> int | None:
        """What the worker's process holds; None for one that has ended."""
        worker = self._running.get(run_id)
        try:
            return None if worker is None else int(psutil.Process(worker.process.pid).memory_info().rss)
        except psutil.Error:
            return None

    def stop(self) -> None:
        """End every worker now."""
        for worker in self._running.values():
            worker.process.kill()
        for run_id in list(self._running):
            self._give_back(run_id)

    def _give_back(self, run_id: int) -> None:
        worker = self._running.pop(run_id)
        worker.process.join(timeout=5)
        if worker.process.is_alive():  # it has said its last word; nothing is lost
            worker.process.kill()
            worker.process.join()
        worker.pipe.close()
        worker.process.close()


def _death(run_id: int, process: ForkServerProcess) -> RunFailed:
    """A worker ended without an end message: killed from outside, or crashed below Python."""
    process.join(timeout=5)
    code = process.exitcode
    if code is not None and code < 0:
        how = f"ended by signal {signal.Signals(-code).name}"
        if code == -signal.SIGKILL:
            how += " (the system does this when memory runs out)"
    else:
        how = f"ended with exit code {code}"
    return RunFailed(run_id, "worker_died", f"the worker process {how}")


def work(job: Job, pipe: Connection) -> None:
    """The body of a worker process: one job, then the end."""
    answers: queue.SimpleQueue[bool] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(pipe, answers), daemon=True).start()

    carry_out = function_of(job.worker)  # imported already where the fork server could preload it

    def go_on(epoch: EpochDone) -> bool:
        pipe.send(epoch)
        return answers.get()

    pipe.send(carry_out(job, go_on))
    # Nothing is left to do: no exit handlers, which with torch's threads have been seen to hang.
    os._exit(0)


def _listen(pipe: Connection, answers: queue.SimpleQueue[bool]) -> None:
    """Pass on the driver's answers; when the driver is gone, so is the reason to compute."""
    while True:
        try:
            answers.put(pipe.recv())
        except (EOFError, OSError):
            os._exit(_ORPHANED)
