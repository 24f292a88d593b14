"""The lease of a study: one driver at a time, and the lease of a dead one ends.

Its owner is stored as "pid 4121 on host a [boot ... pids ...]": the part in brackets distinguishes machines with the
same host name. Users see the part before it; older releases stored nothing else.
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

SAME_START_SECONDS = 2.0  # how far two readings of one process's start may differ: the boot's time has whole seconds
YEAR_2000 = 946_684_800.0  # older releases wrote a process's start as seconds since 1970
BOOT_ID, PROCESS_NUMBERS = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")  # Linux


def this_machine() -> str:
    """Return what distinguishes this machine from others of its name: its boot, and the namespace of its processes.

    Containers and clones may have the same host name. "" where the system shows neither.
    """
    parts = []
    with contextlib.suppress(OSError):
        parts.append(f"boot {BOOT_ID.read_text(encoding='ascii').strip()}")
    with contextlib.suppress(OSError):
        parts.append(f"pids {os.stat(PROCESS_NUMBERS).st_ino}")
    return " ".join(parts)


def owner_name(pid: int, host: str, machine: str) -> str:
    """Return the name of a process in a lease: no two living processes have the same."""
    name = f"pid {pid} on host {host}"
    return f"{name} [{machine}]" if machine else name


def started_at(process: psutil.Process) -> float:
    """Return when a process began, in seconds after its machine's boot, which setting the clock does not change.

    psutil derives both from the clock, and caches them in a `Process`: pass a new one.
    """
    return process.create_time() - psutil.boot_time()


def _parts(owner: str) -> tuple[str, str]:
    """Return the part of an owner's name that users see, and its machine ("" where that is not known)."""
    shown, _, machine = owner.partition(" [")
    return (shown, machine[:-1]) if machine.endswith("]") else (owner, "")


class Leases(AbstractPart):
    """The leases of all studies, and the guard of the transactions of the driver that holds one."""

    def __init__(self, sessions: Sessions) -> None:
        super().__init__(sessions)
        self._held: dict[str, str] = {}  # study -> owner of the lease that was taken here
        sessions.guard = self._require_held

    def transaction(self, *, write: bool) -> AbstractContextManager[Session]:
        """Return a transaction; one that writes leases is never refused by the guard."""
        return self._sessions.write(guarded=False) if write else self._sessions.read()

    def take(self, name: str, owner: str, host: str, pid: int, process_started_at: float, seconds: float = 30) -> None:
        """Become the one driver of the study for `seconds`; LeaseHeld while another is.

        Until the lease is released, whatever is written through this database is refused where another driver has it.
        `owner` names the process and must be its own (`owner_name`), `process_started_at` is `started_at` of it.

        The process's own lease is taken again. Another's is taken over when its process is gone, or, where it ran on
        another machine, when it has expired: a living process of this machine keeps it, even without renewals.
        """
        wanted = (name, owner, host, pid, process_started_at, seconds)
        try:
            self._take(*wanted)
        except RecordError:  # two drivers inserted the first lease at once, and the other one was faster
            self._take(*wanted)
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
        """Extend the lease by `seconds` from now; LeaseHeld when another driver has it, or it was released."""
        _require(session, name, owner)
        now = database_now(session)
        given = {"heartbeat_at": now, "expires_at": now + timedelta(seconds=seconds)}
        session.execute(update(schema.Lease).filter_by(study_name=name).values(given))

    def release(self, name: str, owner: str) -> None:
        """Release the lease; nothing happens when it is another's by now."""
        self._held.pop(name, None)
        self._delete(name, owner)

    @writes
    def _delete(self, session: Session, name: str, owner: str | None) -> None:
        lease = session.get(schema.Lease, name, with_for_update=True)
        if lease is not None and owner in (None, lease.owner):
            session.delete(lease)

    def forget(self, name: str) -> None:
        """Delete the lease of a driver that is gone."""
        self._delete(name, None)

    @reads
    def find(self, session: Session, name: str) -> rows.LeaseRow | None:
        """Return the lease of the driver of the study, even of one that died; None when nobody holds it."""
        found = session.get(schema.Lease, name)
        return None if found is None else _row(found)

    @reads
    def live(self, session: Session, name: str, this_host: str | None = None) -> rows.LeaseRow | None:
        """Return the lease of a driver that may be at work, as far as this host (`this_host`) can tell; else None."""
        lease = session.get(schema.Lease, name)
        if lease is None:
            return None
        alive = _is_alive(lease, this_host or socket.gethostname(), this_machine())
        if alive is None:
            alive = lease.expires_at > database_now(session)
        return _row(lease) if alive else None

    def _require_held(self, session: Session) -> None:
        """Check the leases taken here; nobody takes a study over before the transaction has ended."""
        for study_name, owner in self._held.items():
            _require(session, study_name, owner)


def database_now(session: Session) -> datetime:
    """Return the time by the clock that all drivers share: the server's, or this machine's for a file."""
    if session.get_bind().dialect.name == "postgresql":
        now = session.scalar(select(func.clock_timestamp()))
        if isinstance(now, datetime):
            return now
    return rows.utc_now()


def _require(session: Session, study_name: str, owner: str) -> None:
    """Raise LeaseHeld where the lease is no longer the owner's; else lock it until the transaction ends."""
    held_by = select(schema.Lease.owner).filter_by(study_name=study_name).with_for_update()
    found = session.scalar(held_by)
    if found is None:
        raise LeaseHeld(study_name, "nobody (the lease was released)", 0.0, 0.0)
    if found != owner:
        raise _refusal(session.get_one(schema.Lease, study_name), database_now(session))


def _row(found: schema.Lease) -> rows.LeaseRow:
    """Return a lease's record, with its owner's name as people see it."""
    return replace(rows.row_from(rows.LeaseRow, found), owner=_parts(found.owner)[0])


def _is_alive(lease: schema.Lease, host: str, machine: str) -> bool | None:
    """Return whether the owner's process lives (its number may be another's by now).

    None if it ran on another machine, or the system does not show it.
    """
    if lease.host != host or _parts(lease.owner)[1] not in ("", machine):
        return None
    try:
        process = psutil.Process(lease.pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        stored = lease.process_started_at
        then = stored - psutil.boot_time() if stored > YEAR_2000 else stored
        return abs(started_at(process) - then) <= SAME_START_SECONDS
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
