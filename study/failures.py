"""Failures that would repeat: when a launch stops instead of failing run after run for the same cause."""

from __future__ import annotations

import re

from study.messages import RunFailed

SAME_IN_A_ROW = 3
# A cause in the code, the environment or the data. A configuration may be too large, too slow or diverge by itself.
COMMON = ("error", "bad_configuration", "worker_died")
_NUMBER = re.compile(r"0x[0-9a-f]+|\d+(?:\.\d+)?(?:e[-+]?\d+)?", re.IGNORECASE)


class FailuresStop(Exception):
    """The launch ends because its runs fail alike; everything finished is kept."""


class Failures:
    """The failures of one launch. With `first_alone` no run of the study has succeeded yet, and they run one by one.

    Otherwise a run may fail without a word on the others: the launch stops after `SAME_IN_A_ROW` with the same reason
    and message, numbers aside, without a success between them.
    """

    def __init__(self, first_alone: bool) -> None:
        self.alone = first_alone
        self._last: tuple[str, str] | None = None
        self._count = 0

    def succeeded(self) -> None:
        """A run came to its end."""
        self.alone, self._last, self._count = False, None, 0

    def failed(self, event: RunFailed, label: str) -> None:
        """A run failed for good. Raises `FailuresStop` where the others would fail like it."""
        if event.reason not in COMMON:
            return
        told = f"  run {event.run_id} ({label}): {event.reason}: {event.detail}"
        if self.alone:
            raise FailuresStop(f"The first run failed, so no other was begun:\n{told}")
        key = event.reason, _NUMBER.sub("#", event.detail)
        self._count = self._count + 1 if key == self._last else 1
        self._last = key
        if self._count == SAME_IN_A_ROW:
            raise FailuresStop(f"{SAME_IN_A_ROW} runs in a row failed alike, so no other was begun; the last:\n{told}")
