"""The lease of a study: one driver at a time, and a dead one's claim ends."""

from __future__ import annotations

from datetime import datetime, timedelta

import psutil
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from results import rows, schema
from results.errors import LeaseHeld

SAME_START_SECONDS = 2.0  # how far two readings of one process's start time may differ (clock adjustments)


def database_now(session: Session) -> datetime:
    """The time by the clock that all drivers share: the server's, or this machine's for a file."""
    if session.get_bind().dialect.name == "postgresql":
        now = session.scalar(select(func.clock_timestamp()))
        if isinstance(now, datetime):
            return now
    return rows.utc_now()


def take(session: Session, wanted: rows.LeaseRow, seconds: float) -> None:
    """Take the lease for `seconds`, or raise LeaseHeld.

    An expired lease, the process's own, and that of a process of this host that is gone are taken over.
    """
    now = database_now(session)
    lease = session.get(schema.Lease, wanted.study_name, with_for_update=True)
    if lease is None:
        lease = schema.Lease(study_name=wanted.study_name)
        session.add(lease)
    elif lease.owner != wanted.owner and lease.expires_at > now and not _is_gone(lease, wanted.host):
        _refuse(lease, now)
    lease.owner, lease.host, lease.pid = wanted.owner, wanted.host, wanted.pid
    lease.process_started_at = wanted.process_started_at
    lease.heartbeat_at, lease.expires_at = now, now + timedelta(seconds=seconds)


def renew(session: Session, study_name: str, owner: str, seconds: float) -> None:
    """Another sign of life. LeaseHeld when another has taken over; a lease given back is not made anew."""
    now = database_now(session)
    lease = session.get(schema.Lease, study_name, with_for_update=True)
    if lease is None:
        raise LeaseHeld(study_name, "nobody (the lease was given back)", 0.0, 0.0)
    if lease.owner != owner:
        _refuse(lease, now)
    lease.heartbeat_at, lease.expires_at = now, now + timedelta(seconds=seconds)


def release(session: Session, study_name: str, owner: str) -> None:
    """Give the lease back; nothing happens when it is another's by now."""
    lease = session.get(schema.Lease, study_name, with_for_update=True)
    if lease is not None and lease.owner == owner:
        session.delete(lease)


def live(session: Session, study_name: str, this_host: str) -> schema.Lease | None:
    """The lease, where its owner may be at work; None where there is none, or its time or its process is over."""
    lease = session.get(schema.Lease, study_name)
    if lease is None or lease.expires_at <= database_now(session) or _is_gone(lease, this_host):
        return None
    return lease


def _is_gone(lease: schema.Lease, this_host: str) -> bool:
    """Whether the owner ran on this machine and its process has ended (or its number is another's now)."""
    if lease.host != this_host:
        return False
    try:
        process = psutil.Process(lease.pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return True
        return abs(process.create_time() - lease.process_started_at) > SAME_START_SECONDS
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:
        return False


def _refuse(lease: schema.Lease, now: datetime) -> None:
    raise LeaseHeld(
        lease.study_name,
        lease.owner,
        max(0.0, (now - lease.heartbeat_at).total_seconds()),
        max(0.0, (lease.expires_at - now).total_seconds()),
    )
