"""Ray's processes killed at any moment, Ray started again, and a second host that dies or is cut off."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from clusters import Cluster, SecondHost, cluster, kill_node, second_host, wait_for_nodes, with_token
from processes import below, titled
from rehearsed import Rehearsed, killed_again_and_again
from tier import often

pytestmark = pytest.mark.slow
TRIALS = often(60, 200)
RAY = ("--engine", "ray")


def kill_of_ray(process: subprocess.Popen[bytes], rng: random.Random) -> str:
    """SIGKILL to a worker of Ray, to Ray itself, or to the driver; "driver" where that is gone by it."""
    target = rng.choice(["worker", "ray", "driver"])
    processes = below(process.pid)
    workers = titled(processes, "ray::ResourceTrainable")
    servers = titled(processes, "gcs_server") + titled(processes, "raylet/raylet")
    if target == "worker" and workers:
        rng.choice(workers).kill()
        return "worker"
    if target == "ray" and servers:
        rng.choice(servers).kill()
        assert process.wait(timeout=120) in (0, 2, 3, 130)  # 2: Ray had not started yet
    else:
        process.kill()
        process.wait()
    return "driver"


def test_kills_on_ray(tmp_path: Path) -> None:
    study = Rehearsed(tmp_path, f"sqlite:///{tmp_path}/s.db", trials=TRIALS, more=RAY)
    killed_again_and_again(study, often(3, 20), random.Random(3), kill_of_ray, start_seconds=20)
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
    with cluster(host.here) as found:
        yield found


def started_on_both(study: Rehearsed, host: SecondHost) -> subprocess.Popen[bytes]:
    """A launch with runs on both hosts; where a busy machine's second host was too late for a study, the next one's."""
    for _ in range(3):
        process = study.start()
        if running_on_both(study, process, host):
            return process
        process.kill()
        process.wait()
        study.name += "x"
    raise AssertionError("no run was on the second host: " + study.log()[-3000:])


def running_on_both(study: Rehearsed, process: subprocess.Popen[bytes], host: SecondHost) -> bool:
    """Whether runs have ended and one is on the second host, by its processes, before the study is over."""
    deadline = time.monotonic() + 180
    done = f"select count(*) from run where study_name = '{study.name}' and status = 'complete'"
    while time.monotonic() < deadline and process.poll() is None:
        if study.rows(done) >= [(4,)] and workers_on(host):
            return True
        time.sleep(0.2)
    return False


def workers_on(host: SecondHost) -> list[psutil.Process]:
    """Ray's workers with a run, on the second host."""
    told = subprocess.run(["ip", "netns", "pids", host.name], capture_output=True, text=True, check=True)
    inside = {int(pid) for pid in told.stdout.split()}
    return titled([process for process in psutil.process_iter() if process.pid in inside], "ray::ResourceTrainable")


@pytest.mark.parametrize("fault", ["killed", "cut off"])
def test_a_second_host(tmp_path: Path, postgres_url: str, host: SecondHost, head: Cluster, fault: str) -> None:
    more = (*RAY, "--ray-address", head.address)
    study = Rehearsed(tmp_path, postgres_url, trials=60, seconds=1.0, more=more)
    for _ in range(often(1, 3)):
        node = host.start_node(head.address)
        wait_for_nodes(head.address, 2)
        process = started_on_both(study, host)
        try:
            before = study.finished()
            if fault == "killed":
                kill_node(node)
            else:
                host.cut_off()
                time.sleep(often(35, 60))
                host.join()
            assert process.wait(timeout=600) == 0, study.log()[-3000:]
            study.check(before)
            study.check_end()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            host.join()
            if node.poll() is None:
                kill_node(node)
        study.name += "x"
    assert "Traceback" not in study.log()
