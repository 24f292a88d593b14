"""The errors of `results`: one tree, each with a message for the user.

ResultsError
├── StorageError     the database cannot be opened, read or written
│   └── ConnectionLost   its server is away, perhaps for a while
├── UnknownStudy     the database has no study of that name
├── RecordError      a row would contradict existing rows
└── LeaseHeld        another driver runs this study; carries its name and the seconds until the lease ends
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from search_spaces.output import plain


class ResultsError(Exception):
    """What the user can correct: the message says what is wrong, where, and the way out; as plain text."""

    def __str__(self) -> str:
        return plain(super().__str__())


class StorageError(ResultsError):
    """The database cannot be opened, read or written. The message never carries a password."""


class RecordError(ResultsError):
    """A row would contradict existing rows."""


class ConnectionLost(StorageError):
    """The server is away, perhaps for a while. `was_there`: it had answered, or said that it starts or stops."""

    def __init__(self, message: str, *, was_there: bool = True) -> None:
        super().__init__(message)
        self.was_there = was_there


class UnknownStudy(ResultsError):
    """The database has no study of that name."""

    def __init__(self, name: str, known: Sequence[str], storage: str) -> None:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f" Did you mean '{near[0]}'?" if near else ""
        listed = ", ".join(known) or "none yet"
        super().__init__(f"No study named '{name}' in {storage}.{hint} Known: {listed}.")


class LeaseHeld(ResultsError):
    """Another driver holds the lease of the study.

    `last_heartbeat_seconds` and `expires_in` are seconds: since its last heartbeat, and until it may be
    taken over. `living_pid`: its process, where that is known to live on this machine; then it is never taken over.
    """

    def __init__(
        self,
        study: str,
        owner: str,
        last_heartbeat_seconds: float,
        expires_in: float,
        living_pid: int | None = None,
    ) -> None:
        self.study = study
        self.owner = owner
        self.last_heartbeat_seconds = last_heartbeat_seconds
        self.expires_in = expires_in
        way_out = f"If that process is gone, try again in {max(1, round(expires_in))} s, when its lease ends."
        if living_pid is not None:
            way_out = (
                f"That process lives on this machine. To continue the study here, end it first: kill {living_pid} "
                f"(kill -9 {living_pid} where it hangs)."
            )
        super().__init__(
            f"Study '{study}' is being run by {owner} "
            f"(last heartbeat {last_heartbeat_seconds:.0f} s ago). "
            f"Watch it: python -m study.status --name {study}\n{way_out}"
        )
