"""Limits of time and memory, and the runs that are started again after their worker died."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field

from study.engines.abstract import AbstractEngine
from study.messages import RunFailed
from study.settings import Limits


@dataclass
class Watch:
    """The runs of one launch: when each started, and how often its worker died."""

    limits: Limits
    _began: float = field(default_factory=time.monotonic)
    _runs: dict[int, float] = field(default_factory=dict)
    _deaths: Counter[int] = field(default_factory=Counter)

    def time_is_up(self) -> bool:
        """Return whether the study has reached its time limit."""
        limit = self.limits.study_seconds
        return limit is not None and time.monotonic() - self._began >= limit

    def began(self, run_id: int) -> None:
        """Note that a run starts."""
        self._runs[run_id] = time.monotonic()

    def ended(self, run_id: int) -> None:
        """Note that a run has ended."""
        self._runs.pop(run_id, None)

    def over_limit(self, engine: AbstractEngine) -> list[RunFailed]:
        """End the runs that exceed a limit and return their failures."""
        failures, now = [], time.monotonic()
        seconds, limit_bytes = self.limits.run_seconds, self.limits.run_bytes
        for run_id, began in list(self._runs.items()):
            used = None if limit_bytes is None else engine.resident_bytes(run_id)
            if seconds is not None and now - began >= seconds:
                failures.append(RunFailed(run_id, "timeout", f"took longer than --run-timeout {seconds:g} s"))
            elif limit_bytes is not None and used is not None and used > limit_bytes:
                detail = f"used {used / 1e9:.2f} GB, more than --memory-per-run {limit_bytes / 1e9:g} GB"
                failures.append(RunFailed(run_id, "out_of_memory", detail))
        for failure in failures:
            engine.kill(failure.run_id)
        return failures

    def try_again(self, event: RunFailed) -> bool:
        """Return whether a failed run is to be started again."""
        if event.reason != "worker_died" or self._deaths[event.run_id] >= self.limits.retries:
            return False
        self._deaths[event.run_id] += 1
        return True
