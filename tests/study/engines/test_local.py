"""The local engine: what reaches its workers, and what does not."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psutil

from study.engines.local import LocalEngine
from study.messages import Event, Job, RunFailed


def test_ctrl_c_does_not_reach_a_worker_that_has_hardly_begun(tmp_path: Path) -> None:
    engine = LocalEngine(workers=1, preload=())
    ends: list[Event] = []
    try:
        for number in range(5):
            engine.start(Job(number, "train", {}, tmp_path, worker="resting:rest", facts={"seconds": 0.3}))
            for process in psutil.Process().children(recursive=True):  # the fork server and its worker
                os.kill(process.pid, signal.SIGINT)
            while len(ends) <= number:
                ends += engine.events(5.0)
    finally:
        engine.stop()
    assert ends == [RunFailed(number, "error", "rested") for number in range(5)]
