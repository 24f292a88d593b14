"""The lease of a study: one driver at a time, and a dead one's claim ends.

Its owner is written as "pid 4121 on host a [boot ... pids ...]": what stands in brackets tells machines apart that
share a host's name. People are shown what stands before it; older releases wrote no more than that.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import psutil
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from results import rows, schema
from results.errors import LeaseHeld

SAME_START_SECONDS = 2.0  # how far two readings of one process's start may differ: the boot's time has whole seconds
YEAR_2000 = 946_684_800.0  # older releases wrote a process's start as seconds since 1970
BOOT_ID, PROCESS_NUMBERS = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")  # Linux


def this_machine() -> str:
    """What tells this machine from others of its name: its boot, and the namespace its process numbers are from.

    Containers and clones may share a host's name; "" where the system tells neither.
    """
    told = []
    with contextlib.suppress(OSError):
        told.append(f"boot {BOOT_ID.read_text(encoding='ascii').strip()}")
    with contextlib.suppress(OSError):
        told.append(f"pids {os.stat(PROCESS_NUMBERS).st_ino}")
    return " ".join(told)


def owner_name(pid: int, host: str, machine: str) -> str:
    """The name of a process as a lease has it: no two that live have the same."""
    name = f"pid {pid} on host {host}"
    return f"{name} [{machine}]" if machine else name


def started_at(process: psutil.Process) -> float:
    """When a process began, seconds after its machine's boot, which no setting of the clock moves.

    psutil tells both by the clock, and of one `Process` always what it told first: give a new one.
    """
    return process.create_time() - psutil.boot_time()


def _parts(owner: str) -> tuple[str, str]:
    """What people are shown of an owner's name, and its machine ("" where that is not told)."""
    shown, _, machine = owner.partition(" [")
    return (shown, machine[:-1]) if machine.endswith("]") else (owner, "")


def row_of(found: schema.Lease) -> rows.LeaseRow:
    """A lease's record, its owner as people are shown it."""
    return replace(rows.row_from(rows.LeaseRow, found), owner=_parts(found.owner)[0])


def database_now(session: Session) -> datetime:
    """The time by the clock that all drivers share: the server's, or this machine's for a file."""
    if session.get_bind().dialect.name == "postgresql":
        now = session.scalar(select(func.clock_timestamp()))
        if isinstance(now, datetime):
            return now
    return rows.utc_now()


def take(session: Session, wanted: rows.LeaseRow, seconds: float) -> None:
    """Take the lease for `seconds`, or raise LeaseHeld.

    The process's own is taken anew. Another's is taken over when its process is gone, or, where it ran on another
    machine, when it has expired: a process of this machine that lives keeps it, however long it has not renewed it.
    """
    now = database_now(session)
    lease = session.get(schema.Lease, wanted.study_name, with_for_update=True)
    if lease is None:
        lease = schema.Lease(study_name=wanted.study_name)
        session.add(lease)
    elif lease.owner != wanted.owner:
        alive = _is_alive(lease, wanted.host, _parts(wanted.owner)[1])
        if alive or (alive is None and lease.expires_at > now):
            raise _held(lease, now, alive_here=alive is True)
    lease.owner, lease.host, lease.pid = wanted.owner, wanted.host, wanted.pid
    lease.process_started_at = wanted.process_started_at
    lease.heartbeat_at, lease.expires_at = now, now + timedelta(seconds=seconds)


def renew(session: Session, study_name: str, owner: str, seconds: float) -> None:
    """Another sign of life. LeaseHeld when another has taken over; a lease given back is not made anew."""
    require(session, study_name, owner)
    now = database_now(session)
    given = {"heartbeat_at": now, "expires_at": now + timedelta(seconds=seconds)}
    session.execute(update(schema.Lease).filter_by(study_name=study_name).values(given))


def require(session: Session, study_name: str, owner: str) -> None:
    """LeaseHeld where the lease is the owner's no more; else nobody takes it over before this transaction ends."""
    held_by = select(schema.Lease.owner).filter_by(study_name=study_name).with_for_update()
    found = session.scalar(held_by)
    if found is None:
        raise LeaseHeld(study_name, "nobody (the lease was given back)", 0.0, 0.0)
    if found != owner:
        raise _held(session.get_one(schema.Lease, study_name), database_now(session))


def release(session: Session, study_name: str, owner: str) -> None:
    """Give the lease back; nothing happens when it is another's by now."""
    lease = session.get(schema.Lease, study_name, with_for_update=True)
    if lease is not None and lease.owner == owner:
        session.delete(lease)


def live(session: Session, study_name: str, this_host: str) -> schema.Lease | None:
    """The lease, where its owner may be at work; None where there is none, or its process or its time is over."""
    lease = session.get(schema.Lease, study_name)
    if lease is None:
        return None
    alive = _is_alive(lease, this_host, this_machine())
    if alive is None:
        alive = lease.expires_at > database_now(session)
    return lease if alive else None


def _is_alive(lease: schema.Lease, host: str, machine: str) -> bool | None:
    """Whether the owner's process lives (its number may be another's by now); None: it ran on another machine.

    Also None where the system does not show it.
    """
    if lease.host != host or _parts(lease.owner)[1] not in ("", machine):
        return None
    try:
        process = psutil.Process(lease.pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        told = lease.process_started_at
        then = told - psutil.boot_time() if told > YEAR_2000 else told
        return abs(started_at(process) - then) <= SAME_START_SECONDS
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return None


def _held(lease: schema.Lease, now: datetime, *, alive_here: bool = False) -> LeaseHeld:
    return LeaseHeld(
        lease.study_name,
        _parts(lease.owner)[0],
        max(0.0, (now - lease.heartbeat_at).total_seconds()),
        max(0.0, (lease.expires_at - now).total_seconds()),
        living_pid=lease.pid if alive_here else None,
    )
