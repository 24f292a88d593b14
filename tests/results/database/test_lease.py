from __future__ import annotations

import os
import subprocess
import sys
import threading

import psutil
import pytest

from results.database.database import Database, open_database
from results.database.lease import owner_name, started_at, this_machine
from results.errors import LeaseHeld

ME = ("s", "pid 1 on host a", "a", 1, 0.0)
OTHER = ("s", "pid 2 on host b", "b", 2, 0.0)


def test_a_second_driver_is_refused_with_the_first_one_s_name(database: Database) -> None:
    database.leases.take(*ME)
    with pytest.raises(LeaseHeld) as refused:
        database.leases.take(*OTHER)
    assert "Study 's' is being run by pid 1 on host a (last heartbeat 0 s ago)" in str(refused.value)
    assert "try again in 30 s" in str(refused.value)


def test_other_studies_have_leases_of_their_own(database: Database) -> None:
    database.leases.take(*ME)
    database.leases.take("t", *OTHER[1:])
    assert database.leases.find("t").owner == "pid 2 on host b"


def test_an_expired_lease_is_taken_over(database: Database) -> None:
    database.leases.take(*ME, seconds=-1)
    database.leases.take(*OTHER)
    assert database.leases.find("s").owner == "pid 2 on host b"


def test_a_driver_that_lost_its_lease_hears_of_it_when_it_renews(database: Database) -> None:
    database.leases.take(*ME, seconds=-1)
    database.leases.take(*OTHER)
    with pytest.raises(LeaseHeld, match="pid 2 on host b"):
        database.leases.renew("s", "pid 1 on host a")


def test_a_lease_given_back_is_not_renewed_to_life(database: Database) -> None:
    database.leases.take(*ME)
    database.leases.release("s", "pid 1 on host a")
    with pytest.raises(LeaseHeld):
        database.leases.renew("s", "pid 1 on host a")
    assert database.leases.find("s") is None


def test_renewing_moves_the_end(database: Database) -> None:
    database.leases.take(*ME, seconds=1)
    before = database.leases.find("s").expires_at
    database.leases.renew("s", "pid 1 on host a", seconds=60)
    assert (database.leases.find("s").expires_at - before).total_seconds() > 50


def test_only_the_owner_can_give_a_lease_back(database: Database) -> None:
    database.leases.take(*ME)
    database.leases.release("s", "pid 2 on host b")
    assert database.leases.find("s").owner == "pid 1 on host a"


@pytest.fixture
def gone() -> tuple[int, float]:
    """The number of a process that has ended, and when it had begun."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    started = started_at(psutil.Process(child.pid))
    child.wait()
    return child.pid, started


def test_the_lease_of_a_dead_process_here_is_taken_over_at_once(database: Database, gone: tuple[int, float]) -> None:
    database.leases.take("s", "the dead one", "a", *gone)
    database.leases.take(*ME)
    assert database.leases.find("s").owner == "pid 1 on host a"


def test_a_process_number_used_again_does_not_keep_a_dead_lease(database: Database) -> None:
    started = started_at(psutil.Process())
    database.leases.take("s", "an earlier process of my number", "a", os.getpid(), started - 1000)
    database.leases.take(*ME)
    assert database.leases.find("s").owner == "pid 1 on host a"


def test_a_living_process_of_this_host_keeps_its_lease(database: Database) -> None:
    database.leases.take("s", "me", "a", os.getpid(), started_at(psutil.Process()))
    with pytest.raises(LeaseHeld, match="me"):
        database.leases.take(*ME)


def test_a_living_process_of_this_host_keeps_its_lease_however_long_it_was_not_heard_of(database: Database) -> None:
    database.leases.take("s", "me", "a", os.getpid(), started_at(psutil.Process()), seconds=-60)
    with pytest.raises(LeaseHeld, match=f"runs on this machine. .*, end it first: kill {os.getpid()} ") as refused:
        database.leases.take(*ME)
    assert "try again" not in str(refused.value)
    assert database.leases.live("s", "a").owner == "me"
    database.leases.take(*OTHER)  # another host cannot ask the process, and goes by the time
    assert database.leases.find("s").owner == "pid 2 on host b"


def test_a_set_clock_makes_no_living_process_another(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    database.leases.take("s", "me", "a", os.getpid(), started_at(psutil.Process()))
    created, boot = psutil.Process.create_time, psutil.boot_time
    monkeypatch.setattr(psutil.Process, "create_time", lambda process: created(process) + 3600)
    monkeypatch.setattr(psutil, "boot_time", lambda: boot() + 3600)
    with pytest.raises(LeaseHeld, match="me"):
        database.leases.take(*ME)


def test_a_living_driver_of_an_older_release_keeps_its_lease(database: Database) -> None:
    database.leases.take("s", "me", "a", os.getpid(), psutil.Process().create_time())
    with pytest.raises(LeaseHeld, match="me"):
        database.leases.take(*ME)


def test_what_is_gone_here_may_live_on_a_machine_of_the_same_name(database: Database, gone: tuple[int, float]) -> None:
    here, there = (owner_name(gone[0], "a", machine) for machine in (this_machine(), "boot 0 pids 1"))
    me = owner_name(os.getpid(), "a", this_machine())
    database.leases.take("s", there, "a", *gone)
    with pytest.raises(LeaseHeld, match=f"is being run by pid {gone[0]} on host a \\(last") as refused:
        database.leases.take("s", me, "a", 1, 0.0)
    assert "try again in 30 s" in str(refused.value)
    assert database.leases.live("s", "a").owner == database.leases.find("s").owner == f"pid {gone[0]} on host a"
    database.leases.take("t", here, "a", *gone)
    assert database.leases.live("t", "a") is None
    database.leases.take("t", me, "a", 1, 0.0)


def test_one_process_number_on_two_machines_of_one_name_is_two_drivers(database: Database) -> None:
    one, other = (owner_name(1, "a", f"boot {boot} pids 1") for boot in (1, 2))
    database.leases.take("s", one, "a", 1, 0.0)
    with pytest.raises(LeaseHeld):
        database.leases.take("s", other, "a", 1, 0.0)
    database.leases.renew("s", one, seconds=-1)
    database.leases.take("s", other, "a", 1, 0.0)
    with pytest.raises(LeaseHeld, match="pid 1 on host a "):
        database.leases.renew("s", one)
    database.leases.release("s", one)
    database.leases.renew("s", other)


def test_of_drivers_that_start_at_once_one_gets_the_lease(url: str) -> None:
    won, lost, together = [], [], threading.Barrier(4)

    def drive(number: int) -> None:
        with open_database(url) as database:
            together.wait()
            try:
                database.leases.take("s", f"driver {number}", f"host {number}", 1, 0.0)
                won.append(number)
            except LeaseHeld:
                lost.append(number)

    drivers = [threading.Thread(target=drive, args=(number,)) for number in range(4)]
    for driver in drivers:
        driver.start()
    for driver in drivers:
        driver.join()
    assert (len(won), len(lost)) == (1, 3)
