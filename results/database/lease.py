"""The lease of a study, which allows one driver at a time and expires after a driver's death.

Its owner is stored as "pid 4121 on host a [boot ... pids ...]". Users see the part before the brackets, which
distinguish machines of equal host names and are missing in older releases.
"""

from __future__ import annotations

import contextlib
import os
import socket
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import psutil
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from results.database import rows, schema
from results.database.sessions import AbstractPart, Sessions, reads, writes
from results.errors import LeaseHeld, RecordError

SAME_START_SECONDS = 2.0  # tolerance of a process's start, since the boot time is in whole seconds
YEAR_2000 = 946_684_800.0  # older releases stored a process's start in seconds since 1970
BOOT_ID, PROCESS_NUMBERS = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")  # Linux


def this_machine() -> str:
    """Return this machine's boot id and process namespace, which identify it; "" if unknown."""
    parts = []
    with contextlib.suppress(OSError):
        parts.append(f"boot {BOOT_ID.read_text(encoding='ascii').strip()}")
    with contextlib.suppress(OSError):
        parts.append(f"pids {os.stat(PROCESS_NUMBERS).st_ino}")
    return " ".join(parts)


def owner_name(pid: int, host: str, machine: str) -> str:
    """Return the name of a process in a lease, unique among living processes."""
    name = f"pid {pid} on host {host}"
    return f"{name} [{machine}]" if machine else name


def started_at(process: psutil.Process) -> float:
    """Return the start of a process in seconds after boot, independent of changes of the clock.

    Pass a new `Process`: psutil caches its start, which is relative to the clock.
    """
    return process.create_time() - psutil.boot_time()


def _parts(owner: str) -> tuple[str, str]:
    """Return the part of an owner's name that users see, and its machine ("" if unknown)."""
    shown, _, machine = owner.partition(" [")
    return (shown, machine[:-1]) if machine.endswith("]") else (owner, "")


class Leases(AbstractPart):
    """The leases of all studies, and the guard of a driver's transactions."""

    def __init__(self, sessions: Sessions) -> None:
        super().__init__(sessions)
        self._held: dict[str, str] = {}  # study -> owner, of leases taken here
        sessions.guard = self._require_held

    def transaction(self, *, write: bool) -> AbstractContextManager[Session]:
        """Return a transaction, without the guard."""
        return self._sessions.write(guarded=False) if write else self._sessions.read()

    def take(self, name: str, owner: str, host: str, pid: int, process_started_at: float, seconds: float = 30) -> None:
        """Take or retake the lease of a study for `seconds`; until its release, every write here requires it.

        `owner` is the `owner_name` of the process, `process_started_at` its `started_at`. Another driver's lease is
        taken over when its process has ended or, on another machine, when it has expired. A living process of this
        machine keeps its lease even without renewals.

        Raises:
            LeaseHeld: another driver holds the lease.
        """
        lease = (name, owner, host, pid, process_started_at, seconds)
        try:
            self._take(*lease)
        except RecordError:  # another driver inserted the first lease at the same time
            self._take(*lease)
        self._held[name] = owner

    @writes
    def _take(
        self, session: Session, name: str, owner: str, host: str, pid: int, process_started_at: float, seconds: float
    ) -> None:
        now = database_now(session)
        lease = session.get(schema.Lease, name, with_for_update=True)
        if lease is None:
            lease = schema.Lease(study_name=name)
            session.add(lease)
        elif lease.owner != owner:
            alive = _is_alive(lease, host, _parts(owner)[1])
            if alive or (alive is None and lease.expires_at > now):
                raise _refusal(lease, now, alive_here=alive is True)
        lease.owner, lease.host, lease.pid, lease.process_started_at = owner, host, pid, process_started_at
        lease.heartbeat_at, lease.expires_at = now, now + timedelta(seconds=seconds)

    @writes
    def renew(self, session: Session, name: str, owner: str, seconds: float = 30) -> None:
        """Extend the lease to `seconds` from now.

        Raises:
            LeaseHeld: another driver holds the lease, or it was released.
        """
        _require(session, name, owner)
        now = database_now(session)
        times = {"heartbeat_at": now, "expires_at": now + timedelta(seconds=seconds)}
        session.execute(update(schema.Lease).filter_by(study_name=name).values(times))

    def release(self, name: str, owner: str) -> None:
        """Release the lease unless another driver has taken it."""
        self._held.pop(name, None)
        self.forget(name, owner)

    @writes
    def forget(self, session: Session, name: str, owner: str | None = None) -> None:
        """Delete the lease of a study; if `owner` is given, only that of the owner."""
        lease = session.get(schema.Lease, name, with_for_update=True)
        if lease is not None and owner in (None, lease.owner):
            session.delete(lease)

    @reads
    def find(self, session: Session, name: str) -> rows.LeaseRow | None:
        """Return the lease of the study, even of a dead driver; None if there is none."""
        lease = session.get(schema.Lease, name)
        return None if lease is None else _row(lease)

    @reads
    def live(self, session: Session, name: str, this_host: str | None = None) -> rows.LeaseRow | None:
        """Return the lease of a driver that may be alive, as seen from `this_host` (default: here); else None."""
        lease = session.get(schema.Lease, name)
        if lease is None:
            return None
        alive = _is_alive(lease, this_host or socket.gethostname(), this_machine())
        if alive is None:
            alive = lease.expires_at > database_now(session)
        return _row(lease) if alive else None

    def _require_held(self, session: Session) -> None:
        """Check and lock the leases taken here until the transaction ends."""
        for study_name, owner in self._held.items():
            _require(session, study_name, owner)


def database_now(session: Session) -> datetime:
    """Return the time of the clock that all drivers share: the server's, or this machine's for a file."""
    if session.get_bind().dialect.name == "postgresql":
        now = session.scalar(select(func.clock_timestamp()))
        if isinstance(now, datetime):
            return now
    return rows.utc_now()


def _require(session: Session, study_name: str, owner: str) -> None:
    """Lock the lease until the transaction ends, or raise LeaseHeld if the owner has lost it."""
    holder = session.scalar(select(schema.Lease.owner).filter_by(study_name=study_name).with_for_update())
    if holder is None:
        raise LeaseHeld(study_name, "nobody (the lease was released)", 0.0, 0.0)
    if holder != owner:
        raise _refusal(session.get_one(schema.Lease, study_name), database_now(session))


def _row(lease: schema.Lease) -> rows.LeaseRow:
    """Return a lease's record with the owner's name as users see it."""
    return replace(rows.row_from(rows.LeaseRow, lease), owner=_parts(lease.owner)[0])


def _is_alive(lease: schema.Lease, host: str, machine: str) -> bool | None:
    """Return whether the owner's process is alive (its pid may have been reused); None if unknown."""
    if lease.host != host or _parts(lease.owner)[1] not in ("", machine):
        return None
    try:
        process = psutil.Process(lease.pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        start = lease.process_started_at
        since_boot = start - psutil.boot_time() if start > YEAR_2000 else start
        return abs(started_at(process) - since_boot) <= SAME_START_SECONDS
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return None


def _refusal(lease: schema.Lease, now: datetime, *, alive_here: bool = False) -> LeaseHeld:
    return LeaseHeld(
        lease.study_name,
        _parts(lease.owner)[0],
        max(0.0, (now - lease.heartbeat_at).total_seconds()),
        max(0.0, (lease.expires_at - now).total_seconds()),
        living_pid=lease.pid if alive_here else None,
    )
