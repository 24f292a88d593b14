"""The body of a worker process: one job, then the end.

It leads a process group: the terminal's Ctrl-C does not reach it, and all that it starts can be ended with it. It
adopts what its children leave behind (Linux), and ends with its driver.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import queue
import signal
import sys
import threading
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from typing import Any

from study.engines import process_tree, run_log
from study.functions import function_of
from study.messages import EpochDone, Job, RunFailed
from study.signals import let_through


def work(job: Job, pipe: Connection) -> None:
    """Carry out one job; its messages go into the pipe."""
    _lead(pipe)
    if job.log is not None:
        run_log.capture(job.log)
    answers: queue.SimpleQueue[bool] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(job, pipe, answers), daemon=True).start()

    run_job = function_of(job.worker)  # imported already where the fork server could preload it

    def go_on(epoch: EpochDone) -> bool:
        pipe.send(epoch)
        return answers.get()

    message = run_job(job, go_on)
    if isinstance(message, RunFailed) and message.traceback and job.log is not None:
        print(message.traceback, file=sys.stderr)
    run_log.flush()
    pipe.send(message)
    # Nothing is left to do: no exit handlers, which with torch's threads have been seen to hang. What the run has left
    # behind, the engine ends.
    os._exit(0)


def _lead(pipe: Connection) -> None:
    """Begin a group, and make this a process that may have children like any other."""
    with contextlib.suppress(OSError):
        os.setpgid(0, 0)
    for number in (signal.SIGTTIN, signal.SIGTTOU):  # no part of the terminal's group: who asks it gets an error
        signal.signal(number, signal.SIG_IGN)
    # Ctrl-C is the driver's affair, also one that came before; the programs that a run starts take the signal as usual.
    signal.signal(signal.SIGINT, lambda *_: None)
    let_through()
    process_tree.adopt_orphans()
    multiprocessing.current_process().daemon = False  # else it may not have any
    # What a run leaves in shared memory goes with the run, and is told of in its log.
    tracker: Any = resource_tracker._resource_tracker
    if tracker._fd is not None:
        os.close(tracker._fd)
        tracker._fd = None
    # The pipe is to end with this process, whatever it leaves behind.
    os.register_at_fork(after_in_child=pipe.close)


def _listen(job: Job, pipe: Connection, answers: queue.SimpleQueue[bool]) -> None:
    """Pass on the driver's answers; when the driver is gone, so is the reason to compute."""
    while True:
        try:
            answers.put(pipe.recv())
        except (EOFError, OSError):
            break
    process_tree.end(lambda: process_tree.below(os.getpid()), polite=False, spare_cleaners=True)
    if job.log is not None:
        run_log.RunLog(job.log).finish()
    os.killpg(0, signal.SIGKILL)
