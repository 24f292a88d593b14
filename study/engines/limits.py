"""Limits of time and memory, and which runs are started again."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field

from study.engines.abstract import AbstractEngine
from study.messages import RunFailed
from study.settings import Limits


@dataclass
class Watch:
    """The runs of one launch: when each began, and how often its worker died."""

    limits: Limits
    _began: float = field(default_factory=time.monotonic)
    _runs: dict[int, float] = field(default_factory=dict)
    _deaths: Counter[int] = field(default_factory=Counter)

    def time_is_up(self) -> bool:
        """Return whether the study's time is up."""
        limit = self.limits.study_seconds
        return limit is not None and time.monotonic() - self._began >= limit

    def began(self, run_id: int) -> None:
        """Note that a run begins."""
        self._runs[run_id] = time.monotonic()

    def ended(self, run_id: int) -> None:
        """Note that a run is over."""
        self._runs.pop(run_id, None)

    def over_limit(self, engine: AbstractEngine) -> list[RunFailed]:
        """End the runs that exceed a limit; return their failures."""
        found, now = [], time.monotonic()
        seconds, most = self.limits.run_seconds, self.limits.run_bytes
        for run_id, began in list(self._runs.items()):
            held = None if most is None else engine.resident_bytes(run_id)
            if seconds is not None and now - began >= seconds:
                found.append(RunFailed(run_id, "timeout", f"took longer than --run-timeout {seconds:g} s"))
            elif most is not None and held is not None and held > most:
                told = f"held {held / 1e9:.2f} GB, more than --memory-per-run {most / 1e9:g} GB"
                found.append(RunFailed(run_id, "out_of_memory", told))
        for event in found:
            engine.kill(event.run_id)
        return found

    def try_again(self, event: RunFailed) -> bool:
        """Return whether a failed run is to be started again."""
        if event.reason != "worker_died" or self._deaths[event.run_id] >= self.limits.retries:
            return False
        self._deaths[event.run_id] += 1
        return True
