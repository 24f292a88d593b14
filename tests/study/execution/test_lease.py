"""The driver's lease: a living driver keeps it, whatever takes long; one that has lost it hears of that."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlite import migrated

from results.database.database import Database, open_database
from results.errors import LeaseHeld
from study.execution.lease import Lease

OTHER = ("s", "pid 2 on host b", "b", 2, 0.0)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database(migrated(tmp_path, "s.db")) as opened:
        yield opened


def taken_over(database: Database) -> None:
    """As after a lease that had expired, by a driver on another machine."""
    database.leases.forget("s")
    database.leases.take(*OTHER)


def test_it_is_renewed_while_the_driver_does_something_else(database: Database) -> None:
    with Lease(database, "s", seconds=0.6).held():
        before, deadline = database.leases.find("s").heartbeat_at, time.monotonic() + 20
        while database.leases.find("s").heartbeat_at == before:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    assert database.leases.find("s") is None


def test_a_driver_hears_at_its_next_step_that_another_has_taken_over(database: Database) -> None:
    lease, deadline = Lease(database, "s", seconds=0.6), time.monotonic() + 20
    with lease.held():
        taken_over(database)
        with pytest.raises(LeaseHeld, match="is being run by pid 2 on host b"):
            while time.monotonic() < deadline:
                lease.renew_if_due()
    assert database.leases.find("s").owner == "pid 2 on host b"


def test_after_a_sleep_of_the_machine_it_is_asked_for_first(database: Database) -> None:
    lease = Lease(database, "s", seconds=0.6)
    lease.take()
    taken_over(database)
    lease.renew_if_due()  # a moment ago it was there
    time.sleep(0.25)
    with pytest.raises(LeaseHeld):
        lease.renew_if_due()


def test_it_is_given_back_where_the_driver_fails(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), Lease(database, "s").held():
        assert " on host " in database.leases.find("s").owner and "boot" not in database.leases.find("s").owner
        raise ZeroDivisionError
    assert database.leases.find("s") is None
