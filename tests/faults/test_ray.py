"""Ray's processes killed at any moment, Ray started again, and a second host that dies or is cut off."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from clusters import Cluster, SecondHost, cluster, kill_node, second_host, with_token
from gated import PYTHONPATH, Gate
from processes import below, titled, until
from rehearsed import Rehearsed, killed_again_and_again
from tier import often

RAY = ("--engine", "ray")
WORKER = "ray::ResourceTrainable"
# What is killed in turn, by its command line: nothing has that of the third. Ray misses the last after a minute only.
TARGETS = (WORKER, "raylet/raylet", "the driver", "gcs_server")


def kill_of_ray(process: subprocess.Popen[bytes], target: str) -> str:
    """SIGKILL to a worker of Ray, to one of Ray's servers, or to the driver; "driver" where that is gone by it."""
    found = titled(below(process.pid), target)
    if not found:
        process.kill()
        process.wait()
        return "driver"
    found[0].kill()
    if target == WORKER:
        return "worker"
    assert process.wait(timeout=600) in (0, 2, 3, 130)  # 2: Ray had not started yet
    return "driver"


@pytest.mark.slow
@pytest.mark.nightly
def test_kills_on_ray(tmp_path: Path) -> None:
    more = (*RAY, "--phases", "search,confirm,report")
    study = Rehearsed(tmp_path, f"sqlite:///{tmp_path}/s.db", trials=often(10, 200), more=more)
    killed_again_and_again(study, often(2, 20), random.Random(3), kill_of_ray, TARGETS, start_seconds=20)
    assert "Traceback" not in study.log()


@pytest.fixture(scope="module")
def host() -> Iterator[SecondHost]:
    """A second host of this machine."""
    with second_host() as found:
        yield found


@pytest.fixture
def head(host: SecondHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A cluster whose head is on this host, at an address that the second one reaches."""
    with_token(tmp_path, monkeypatch)
    monkeypatch.setenv("PYTHONPATH", PYTHONPATH)
    with cluster(host.here) as found:
        yield found


def workers_on(host: SecondHost) -> list[psutil.Process]:
    """Ray's workers with a run, on the second host."""
    told = subprocess.run(["ip", "netns", "pids", host.name], capture_output=True, text=True, check=True)
    inside = {int(pid) for pid in told.stdout.split()}
    return titled([process for process in psutil.process_iter() if process.pid in inside], WORKER)


@pytest.mark.parametrize(
    "fault", [pytest.param("killed", marks=pytest.mark.slow), pytest.param("cut off", marks=pytest.mark.nightly)]
)
@pytest.mark.nightly
def test_a_second_host(tmp_path: Path, postgres_url: str, host: SecondHost, head: Cluster, fault: str) -> None:
    more = (*RAY, "--ray-address", head.address)
    for number in range(often(1, 3)):
        gate = Gate(tmp_path / f"gate{number}")
        study = Rehearsed(tmp_path, postgres_url, trials=6, gate=gate, name=f"s{number}", more=more)
        node = host.start_node(head.address)
        process = study.start()
        try:
            for through, ended in ((1, 1), (2, 3)):  # the first run is alone
                gate.let_through(through)
                wait_for_both(study, process, ended=ended)
            assert workers_on(host)
            before = study.finished()
            if fault == "killed":
                kill_node(node)
            else:
                host.cut_off()
                wait_for_a_second_attempt(study)
                host.join()
            gate.open()
            study.wait(process, (0,))
            wait_for_a_second_attempt(study)
            study.check(before)
            study.check_end()
        finally:
            process.kill()
            process.wait()
            host.join()
            kill_node(node)
    assert "Traceback" not in study.log()


def wait_for_both(study: Rehearsed, process: subprocess.Popen[bytes], ended: int) -> None:
    """Until so many runs have ended and two wait at the gate: each host has room for one."""
    where = f"study_name = '{study.name}' and status = 'running' and engine_trial_id is not null"
    until(
        lambda: (
            (study.count("complete"), len(study.rows(f"select id from run where {where}"))) == (ended, 2)
            or process.poll() is not None
        ),
        study.log,
    )


def wait_for_a_second_attempt(study: Rehearsed) -> None:
    """Until a run was started again."""
    again = f"select id from run where study_name = '{study.name}' and attempt = 2"
    until(lambda: study.rows(again), study.log)
