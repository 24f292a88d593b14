"""The body of a worker process, which does one job and ends.

It leads a process group: the terminal's Ctrl-C does not reach it, and its descendants can be ended with it. It adopts
orphaned descendants (Linux), and ends when its driver is gone.
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
    """Do one job and send its messages into the pipe."""
    _lead(pipe)
    if job.log is not None:
        run_log.capture(job.log)
    answers: queue.SimpleQueue[bool] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(job, pipe, answers), daemon=True).start()

    run_job = function_of(job.worker)  # usually preloaded by the fork server

    def go_on(epoch: EpochDone) -> bool:
        pipe.send(epoch)
        return answers.get()

    message = run_job(job, go_on)
    if isinstance(message, RunFailed) and message.traceback and job.log is not None:
        print(message.traceback, file=sys.stderr)
    run_log.flush()
    pipe.send(message)
    # Skip the exit handlers, which sometimes hang with torch's threads. The engine ends what the run has left behind.
    os._exit(0)


def _lead(pipe: Connection) -> None:
    """Start a process group, and make this a process that may have children like any other."""
    with contextlib.suppress(OSError):
        os.setpgid(0, 0)
    for number in (signal.SIGTTIN, signal.SIGTTOU):  # reading from the terminal is then an error, not a stop
        signal.signal(number, signal.SIG_IGN)
    # The driver handles Ctrl-C, including a pending one; programs that a run starts receive the signal as usual.
    signal.signal(signal.SIGINT, lambda *_: None)
    let_through()
    process_tree.adopt_orphans()
    multiprocessing.current_process().daemon = False  # else it may not have any
    # Each run gets its own tracker, which deletes what the run leaves in shared memory and reports it in the run's log.
    tracker: Any = resource_tracker._resource_tracker
    if tracker._fd is not None:
        os.close(tracker._fd)
        tracker._fd = None
    os.register_at_fork(after_in_child=pipe.close)  # the pipe must close with this process, whatever it leaves behind


def _listen(job: Job, pipe: Connection, answers: queue.SimpleQueue[bool]) -> None:
    """Pass on the driver's answers; when the driver is gone, end this process group."""
    while True:
        try:
            answers.put(pipe.recv())
        except (EOFError, OSError):
            break
    process_tree.end(lambda: process_tree.descendants(os.getpid()), polite=False, spare_cleaners=True)
    if job.log is not None:
        run_log.RunLog(job.log).finish()
    os.killpg(0, signal.SIGKILL)
