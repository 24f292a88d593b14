"""The errors of `results`: one tree, each with a message for the user.

ResultsError
├── StorageError     the database cannot be opened, read or written
│   └── ConnectionLost   its server does not answer, perhaps temporarily
├── UnknownStudy     the database has no study of that name
├── RecordError      a row would contradict existing rows
└── LeaseHeld        another driver runs this study
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from search_spaces.output import plain


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """Return " Did you mean '...'?" with the known name most similar to `name`, or an empty string."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f" Did you mean '{near[0]}'?" if near else ""


class ResultsError(Exception):
    """Error that the user can correct: the message says, as plain text, what is wrong, where, and what to do."""

    def __str__(self) -> str:
        return plain(super().__str__())


class StorageError(ResultsError):
    """The database cannot be opened, read or written. The message never carries a password."""


class RecordError(ResultsError):
    """A row would contradict existing rows."""


class ConnectionLost(StorageError):
    """The server does not answer, perhaps temporarily. `was_there`: it had answered, or is starting or stopping."""

    def __init__(self, message: str, *, was_there: bool = True) -> None:
        super().__init__(message)
        self.was_there = was_there


class UnknownStudy(ResultsError):
    """The database has no study of that name."""

    def __init__(self, name: str, known: Sequence[str], storage: str) -> None:
        hint, listed = did_you_mean(name, known), ", ".join(known) or "none yet"
        super().__init__(f"No study named '{name}' in {storage}.{hint} Known: {listed}.")


class LeaseHeld(ResultsError):
    """Another driver holds the lease of the study.

    The last heartbeat was `last_heartbeat_seconds` ago, and the lease ends in `expires_in` seconds. A driver that is
    known to run on this machine, as process `living_pid`, is never taken over.
    """

    def __init__(
        self, study: str, owner: str, last_heartbeat_seconds: float, expires_in: float, living_pid: int | None = None
    ) -> None:
        advice = f"If that process has ended, try again in {max(1, round(expires_in))} s, when its lease ends."
        if living_pid is not None:
            advice = (
                f"That process runs on this machine. To continue the study here, end it first: kill {living_pid} "
                f"(or kill -9 {living_pid} if it hangs)."
            )
        super().__init__(
            f"Study '{study}' is being run by {owner} (last heartbeat {last_heartbeat_seconds:.0f} s ago). "
            f"Watch it: python -m study.status --name {study}\n{advice}"
        )
