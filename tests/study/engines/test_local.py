"""The local engine: what reaches its workers, and what does not."""

from __future__ import annotations

import fcntl
import os
import signal
import termios
import time
from array import array
from multiprocessing.connection import Connection
from pathlib import Path

import psutil
import pytest
from processes import below, titled

from study.engines.local import LocalEngine
from study.messages import Event, Job, RunFailed


@pytest.mark.slow
def test_ctrl_c_does_not_reach_a_worker_that_has_hardly_begun(tmp_path: Path) -> None:
    engine = LocalEngine(workers=1, preload=())
    ends: list[Event] = []
    try:
        for number in range(5):
            engine.start(Job(number, "train", {}, tmp_path, worker="resting:rest", facts={"seconds": 0.3}))
            for process in titled(below(os.getpid()), "forkserver"):  # it and its worker, and no browser of other tests
                os.kill(process.pid, signal.SIGINT)
            while len(ends) <= number:
                ends += engine.events(5.0)
    finally:
        engine.stop()
    assert ends == [RunFailed(number, "error", "rested") for number in range(5)]


def sent(pipe: Connection) -> int:
    """The bytes that lie in a pipe, and nobody has read."""
    count = array("i", [0])
    fcntl.ioctl(pipe.fileno(), termios.FIONREAD, count)
    return count[0]


def worker_of(engine: LocalEngine) -> tuple[psutil.Process, Connection]:
    """The process of the one run, and the pipe from it."""
    (worker,) = engine._running.values()
    return psutil.Process(worker.process.pid), worker.pipe


def test_a_worker_that_is_killed_in_the_middle_of_a_message_has_died(tmp_path: Path) -> None:
    engine = LocalEngine(workers=1, preload=())
    try:
        engine.start(Job(0, "train", {}, tmp_path, worker="resting:say_much"))
        process, pipe = worker_of(engine)
        while sent(pipe) < 1000:  # more than how long the message is
            assert process.status() != psutil.STATUS_ZOMBIE
            time.sleep(0.01)
        process.kill()
        (event,) = engine.events(5.0)
        assert isinstance(event, RunFailed) and (event.run_id, event.reason) == (0, "worker_died")
        assert "SIGKILL" in event.detail
        engine.start(Job(1, "train", {}, tmp_path, worker="resting:rest", facts={"seconds": 0.0}))
        assert engine.events(60.0) == [RunFailed(1, "error", "rested")]
    finally:
        engine.stop()
