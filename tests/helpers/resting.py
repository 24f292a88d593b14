"""What a worker process does in tests of engines: nothing for a moment, then its last word."""

from __future__ import annotations

import time
from collections.abc import Callable

from study.messages import EpochDone, Job, RunFailed


def rest(job: Job, go_on: Callable[[EpochDone], bool]) -> RunFailed:
    """Sleep for the seconds that the job's facts say."""
    time.sleep(job.facts["seconds"])
    return RunFailed(job.run_id, "error", "rested")


def say_much(job: Job, go_on: Callable[[EpochDone], bool]) -> RunFailed:
    """A last word longer than a pipe holds: its end is sent when somebody listens."""
    return RunFailed(job.run_id, "error", "x" * 30_000_000)
