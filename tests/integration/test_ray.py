"""Studies on Ray: the rows of the local engine, and what happens when a worker or the cluster is killed."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import clusters
import psutil
import pytest
from clusters import Cluster, kill_node, start_node
from place import SMALL, Place
from processes import below, command_line, titled

from study.engines import making
from study.engines.abstract import EngineLost
from study.engines.ray_tune import RayEngine
from study.messages import Job

STUDY = (*SMALL, "--space", "pooling", "--name", "s", "--trials", "4", "--seeds", "1", "--epochs", "2")
RAY = ("--engine", "ray", "--workers", "1")
LONG = (*STUDY, "--phases", "search", "--epochs", "20", *RAY)

# What must not depend on the engine: everything but ids of processes and trials, moments, durations and sizes.
RUNS = """select id, trial_number, phase, config_digest, config_json, choices_json, seed, status, reason, detail,
    attempt, trainable_parameters, total_parameters, device, best_epoch, score, leaderboard_score
    from run order by id"""
TABLES = {
    "run": RUNS,
    "epoch_metric": "select run_id, epoch, split, task, metric, value from epoch_metric order by 1, 2, 3, 4, 5",
    "task_metric": "select run_id, split, task, metric, value from task_metric order by 1, 2, 3, 4",
    "prediction": "select run_id, split, task, example_ids_sha256, payload from prediction order by 1, 2, 3",
    "stage": "select run_id, position, name, key, shared from stage order by 1, 2",
    "cell": "select phase, name, config_digest, position from cell order by 1, 2",
    "trials": "select number, state from trials order by number",
    "trial_params": "select trial_id, param_name, param_value from trial_params order by 1, 2",
}


def wait_for_an_epoch(place: Place, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        if place.database.exists():
            tables = place.rows("select count(*) from sqlite_master where name = 'epoch_metric'")[0][0]
            if tables and place.rows("select count(*) from epoch_metric")[0][0]:
                return
        assert process.poll() is None, process.stdout and process.stdout.read()
        time.sleep(0.1)
    raise AssertionError("the study made no progress")


def scratch_folders(driver: int) -> list[Path]:
    return list(Path("/tmp").glob(f"mtbert-ray-{driver}-*"))


def sessions(processes: Sequence[psutil.Process]) -> set[int]:
    """The bridge leads a session, in which all of Ray is."""
    found = {os.getsid(process.pid) for process in processes} - {os.getsid(0)}
    assert found
    return found


def assert_all_gone(of_sessions: set[int]) -> None:
    """No process of these sessions lives, also none that was not there when the sessions were listed."""
    deadline = time.monotonic() + 20
    while (left := living(of_sessions)) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert left == []


def living(of_sessions: set[int]) -> list[str]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
            if os.getsid(process.pid) in of_sessions and process.status() != psutil.STATUS_ZOMBIE:
                found.append(command_line(process))
    return found


@pytest.mark.slow
def test_a_study_leaves_the_rows_that_the_local_engine_leaves(tmp_path: Path) -> None:
    places = {engine: Place(tmp_path / engine) for engine in ("local", "ray")}
    for engine, place in places.items():
        place.folder.mkdir()
        process = place.start(*STUDY, "--engine", engine, "--workers", "1")
        told, _ = process.communicate(timeout=300)
        assert process.returncode == 0, told
        assert "ray" not in told.replace("mtbert-ray", "").lower().replace("array", "")
        assert scratch_folders(process.pid) == []
    for table, sql in TABLES.items():
        assert places["ray"].rows(sql) == places["local"].rows(sql), table
        assert places["ray"].rows(sql), table
    assert places["local"].rows("select distinct engine, engine_trial_id from run") == [("local", None)]
    (runs,) = places["ray"].rows("select count(*), count(distinct engine_trial_id), min(engine), max(host) from run")
    assert runs == (runs[0], runs[0], "ray", socket.gethostname())


@pytest.mark.slow
@pytest.mark.parametrize("retries", [0, 1])
def test_a_killed_ray_worker_ends_one_attempt_and_the_study_goes_on(place: Place, retries: int) -> None:
    process = place.start(*LONG, "--retries", str(retries))
    wait_for_an_epoch(place, process)
    processes = below(process.pid)
    begun = sessions(processes)
    (worker,) = titled(processes, "ray::ResourceTrainable")
    worker.send_signal(signal.SIGKILL)
    told, _ = process.communicate(timeout=300)
    assert "worker_died: the Ray worker died: " in told and "search 5/4" not in told
    runs = place.rows("select status, reason, attempt, engine_trial_id is null from run order by id")
    states = place.rows("select state, count(*) from trials group by state order by state")
    whole = [("complete", None, 1, 0)] * 3
    if retries:
        assert process.returncode == 0, told
        assert runs == [("complete", None, 2, 0), *whole] and states == [("COMPLETE", 4)]
        assert "; started again   [search 1/4" in told and "run 1 complete" in told and "[search 4/4, done]" in told
    else:
        assert process.returncode == 3, told
        assert runs == [("failed", "worker_died", 1, 0), *whole] and states == [("COMPLETE", 3), ("FAIL", 1)]
    assert_all_gone(begun)


@pytest.mark.slow
def test_short_runs_keep_all_workers_at_work(place: Place) -> None:
    options = ("--space", "pooling", "--name", "s", "--phases", "search", "--trials", "40", "--pruner", "none")
    process = place.start(*options, "--rehearse", "--rehearse-seconds", "0.3", "--engine", "ray", "--workers", "2")
    workers: dict[bool, set[int]] = {False: set(), True: set()}
    while process.poll() is None:
        ended = len(ended_runs(place))
        if 6 <= ended <= 15 or 25 <= ended <= 38:  # all had time to start, and none is given back yet
            found = titled(below(process.pid), "ray::ResourceTrainable")
            workers[ended > 20].update(worker.pid for worker in found)
        time.sleep(0.1)
    told, _ = process.communicate()
    assert process.returncode == 0, told
    assert len(workers[False]) == 2 and workers[False] == workers[True], workers


def ended_runs(place: Place) -> list[tuple[int]]:
    if not place.database.exists() or not place.rows("select 1 from sqlite_master where name = 'run'"):
        return []
    return place.rows("select id from run where status = 'complete'")


@pytest.mark.slow
def test_a_killed_driver_takes_ray_with_it(place: Place) -> None:
    process = place.start(*LONG)
    wait_for_an_epoch(place, process)
    assert len(scratch_folders(process.pid)) == 1
    processes = below(process.pid)
    assert len(titled(processes, "raylet/raylet")) == 1
    begun = sessions(processes)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    assert_all_gone(begun)
    deadline = time.monotonic() + 20
    while scratch_folders(process.pid) and time.monotonic() < deadline:  # it goes after the processes
        time.sleep(0.1)
    assert scratch_folders(process.pid) == []


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A cluster of this machine that asks for a token, which drivers that the test starts find."""
    clusters.with_token(tmp_path, monkeypatch)
    with clusters.cluster() as found:
        yield found


@pytest.mark.slow
def test_a_study_whose_cluster_goes_down_says_so_and_can_be_resumed(
    place: Place, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, leader = cluster
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    stranger = place.run(*LONG, "--ray-address", address)
    assert stranger.returncode == 2 and "it asks for a token" in stranger.stderr
    assert not (place.folder / "runs").exists()
    monkeypatch.delenv("RAY_AUTH_MODE")  # the token that is at hand is sent
    process = place.start(*LONG, "--ray-address", address)
    wait_for_an_epoch(place, process)
    kill_node(leader)
    told, _ = process.communicate(timeout=200)
    assert process.returncode == 130, told
    assert "The Ray cluster is gone" in told and "Traceback" not in told
    again = f"python -m study.launch --name s --engine ray --ray-address {address}"
    assert again in told
    assert place.rows("select status, reason from run where status != 'complete'") == [("interrupted", "interrupted")]

    refused = place.run("--name", "s", "--engine", "ray", "--ray-address", address)
    assert refused.returncode == 2 and f"The Ray cluster at '{address}' cannot be used" in refused.stderr
    resumed = place.run("--name", "s", "--workers", "1")  # on any engine
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert place.rows("select status, count(*) from run group by status") == [("complete", 4)]
    assert place.rows("select state, count(*) from trials group by state") == [("COMPLETE", 4)]


@pytest.mark.slow
def test_a_node_that_goes_down_takes_its_run_alone(place: Place, cluster: Cluster) -> None:
    address, _ = cluster
    node = start_node(f"--address={address}")
    try:
        process = place.start(*STUDY, "--phases", "search", "--epochs", "40", "--engine", "ray", "--workers", "2",
                              "--ray-address", address, "--retries", "0")  # fmt: skip
        deadline = time.monotonic() + 180
        while not place.database.exists() or len(runs_with_an_epoch(place)) < 2:
            assert process.poll() is None and time.monotonic() < deadline, process.stdout and process.stdout.read()
            time.sleep(0.1)
    finally:
        kill_node(node)
    told, _ = process.communicate(timeout=300)
    assert process.returncode == 3, told
    assert place.rows("select status, reason, count(*) from run group by 1, 2 order by 1") == [
        ("complete", None, 3),
        ("failed", "worker_died", 1),
    ]


def runs_with_an_epoch(place: Place) -> list[tuple[int]]:
    if not place.rows("select count(*) from sqlite_master where name = 'epoch_metric'")[0][0]:
        return []
    return place.rows("select distinct run_id from epoch_metric")


@pytest.mark.slow
def test_a_folder_that_a_node_does_not_have_ends_the_study_with_the_reason(tmp_path: Path) -> None:
    engine = RayEngine(address=None, workers=1, gpus_per_run=None)
    try:
        engine.start(Job(1, "train", {}, tmp_path / "nowhere"))
        with pytest.raises(EngineLost, match=rf"has no folder {tmp_path}/nowhere: all nodes must see"):
            while True:
                engine.events(1.0)
    finally:
        engine.stop()


def test_without_ray_one_message_says_how_to_install_it(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "find_spec", lambda name: None)
    done = place.call(*STUDY, *RAY)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "--engine ray needs Ray, which is not installed: pip install 'mtbert-study[ray]'\n"
    assert list(place.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--gpus-per-run", "0"), "--gpus-per-run must be above 0 and at most 1"),
        (("--engine", "ray", "--gpus-per-run", "2"), "got 2."),
        (("--engine", "ray", "--ray-address", "ray://head:10001"), "takes auto or HOST:PORT"),
        (("--ray-address", "auto"), "--ray-address is for --engine ray."),
    ],
)
def test_what_no_engine_can_do_is_refused(place: Place, arguments: tuple[str, ...], message: str) -> None:
    done = place.call(*STUDY, *arguments)
    assert done.returncode == 2 and message in done.stderr
    assert list(place.folder.iterdir()) == []


def test_ray_is_imported_by_nobody_who_did_not_ask_for_it() -> None:
    program = "import sys, study.launch, study.session, study.engines.ray_tune; sys.exit('ray' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], timeout=120).returncode == 0
