"""Studies on Ray: the rows of the local engine, and what happens when a worker or the cluster is killed."""

from __future__ import annotations

import contextlib
import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import clusters
import psutil
import pytest
from clusters import Cluster, kill_node, start_node
from gated import PYTHONPATH, Gate
from place import SMALL, Place
from processes import below, command_line, titled, until

from study.engines import choose
from study.engines.abstract import EngineLost
from study.engines.ray_tune import RayEngine
from study.messages import Job

STUDY = (*SMALL, "--space", "pooling", "--name", "s", "--trials", "4", "--seeds", "1", "--epochs", "2")
RAY = ("--engine", "ray", "--workers", "1")
LONG = (*STUDY, "--phases", "search", "--epochs", "20", *RAY)
GATED = ("--space", "pooling", "--name", "s", "--phases", "search", "--engine", "ray", "--workers", "2")
UNDER_WAY = "select 1 from run where status = 'running' and engine_trial_id is not null"  # on a worker

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


def wait_for_runs(place: Place, process: subprocess.Popen[str], sql: str, count: int) -> None:
    """Until the query has so many rows; it may name tables that the launch makes first."""

    def found() -> bool:
        with contextlib.suppress(sqlite3.OperationalError):  # there is no table yet
            if place.database.exists() and len(place.rows(sql)) >= count:
                return True
        assert process.poll() is None, process.stdout and process.stdout.read()
        return False

    until(found)


def scratch_folders(driver: int) -> list[Path]:
    return list(Path("/tmp").glob(f"mtbert-ray-{driver}-*"))


def sessions(processes: Sequence[psutil.Process]) -> set[int]:
    """The bridge leads a session, in which all of Ray is."""
    found = {os.getsid(process.pid) for process in processes} - {os.getsid(0)}
    assert found
    return found


def assert_all_gone(of_sessions: set[int]) -> None:
    """No process of these sessions lives, also none that was not there when the sessions were listed."""
    until(lambda: not living(of_sessions), lambda: living(of_sessions), seconds=120)


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
    for place in places.values():
        place.folder.mkdir()
    alone = places["local"].call(*STUDY, "--trials", "2", "--workers", "1")
    process = places["ray"].start(*STUDY, "--trials", "2", *RAY)
    told, _ = process.communicate(timeout=600)
    assert (alone.returncode, process.returncode) == (0, 0), alone.stderr + told
    assert "ray" not in told.replace("mtbert-ray", "").lower().replace("array", "")
    assert scratch_folders(process.pid) == []
    for table, sql in TABLES.items():
        assert places["ray"].rows(sql) == places["local"].rows(sql), table
        assert places["ray"].rows(sql), table
    assert places["local"].rows("select distinct engine, engine_trial_id from run") == [("local", None)]
    (runs,) = places["ray"].rows("select count(*), count(distinct engine_trial_id), min(engine), max(host) from run")
    assert runs == (runs[0], runs[0], "ray", socket.gethostname())


@pytest.mark.slow
def test_a_killed_ray_worker_ends_one_attempt_and_a_killed_driver_takes_ray_with_it(place: Place) -> None:
    process = place.start(*LONG)
    wait_for_runs(place, process, "select 1 from epoch_metric", 1)
    assert len(scratch_folders(process.pid)) == 1
    processes = below(process.pid)
    assert len(titled(processes, "raylet/raylet")) == 1
    begun = sessions(processes)
    (worker,) = titled(processes, "ray::ResourceTrainable")
    worker.kill()
    wait_for_runs(place, process, "select 1 from trials where state = 'COMPLETE'", 1)  # the last that is told of a run
    process.kill()
    told, _ = process.communicate(timeout=600)
    assert "worker_died: the Ray worker died: " in told and "; restarted   [search 1/4" in told
    run = "select reason, attempt, engine_trial_id is null from run where id = 1"
    assert place.rows(run) == [(None, 2, 0)]
    assert_all_gone(begun)
    until(lambda: not scratch_folders(process.pid))  # they go after the processes


@pytest.mark.slow
def test_short_runs_keep_all_workers_at_work(place: Place, gate: Gate) -> None:
    process = place.start(*gate.arguments(), *GATED, "--trials", "30", "--pruner", "none")
    workers = []
    for more, ended in ((1, 1), (24, 25)):  # the first run is alone
        gate.let_through(more)
        wait_for_runs(place, process, "select 1 from run where status = 'complete'", ended)
        wait_for_runs(place, process, UNDER_WAY, 2)
        workers.append({worker.pid for worker in titled(below(process.pid), "ray::ResourceTrainable")})
    gate.open()
    told, _ = process.communicate(timeout=600)
    assert process.returncode == 0, told
    assert len(workers[0]) == 2 and workers[0] == workers[1], workers


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """Where runs wait; launches and nodes that the test starts find its trainer. None waits when the test is over."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((PYTHONPATH, os.environ.get("PYTHONPATH", ""))))
    found = Gate(tmp_path / "gate")
    yield found
    found.open()


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A cluster of this machine that asks for a token, which drivers that the test starts find."""
    clusters.with_token(tmp_path, monkeypatch)
    with clusters.cluster() as found:
        yield found


@pytest.mark.slow
def test_a_node_that_goes_down_takes_its_run_alone_and_the_cluster_the_study_which_can_be_resumed(
    place: Place, gate: Gate, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, leader = cluster
    node = start_node(f"--address={address}")
    launch = (*gate.arguments(), *GATED, "--trials", "4", "--retries", "0", "--ray-address", address)
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    stranger = place.call(*launch)
    assert stranger.returncode == 2 and "it requires a token" in stranger.stderr
    assert not (place.folder / "runs").exists()
    monkeypatch.delenv("RAY_AUTH_MODE")  # the token that is at hand is sent
    try:
        process = place.start(*launch)
        gate.let_through(1)  # the first run is alone
        wait_for_runs(place, process, UNDER_WAY, 2)  # each node has room for one
    finally:
        kill_node(node)
    failed = "select reason from run where status = 'failed'"
    wait_for_runs(place, process, failed, 1)
    assert len(place.rows(UNDER_WAY)) == 1
    kill_node(leader)
    told, _ = process.communicate(timeout=600)
    assert process.returncode == 130, told
    # Whoever notices it first says so.
    assert ("The Ray cluster is gone" in told or "Ray does not answer" in told) and "Traceback" not in told
    assert (
        f"python -m study.launch --name s --trainer gated:train --retries 0 --engine ray --ray-address {address}"
        in told
    )
    assert place.rows(failed) == [("worker_died",)]
    stopped = "select distinct status, reason from run where status not in ('complete', 'failed')"
    assert place.rows(stopped) == [("interrupted", "interrupted")]

    gate.open()
    code = gate.arguments()[:2]
    refused = place.call("--name", "s", *code, "--engine", "ray", "--ray-address", address)
    assert refused.returncode == 2 and f"The Ray cluster at '{address}' cannot be used" in refused.stderr
    resumed = place.call("--name", "s", *code, "--workers", "1")  # on any engine
    assert resumed.returncode == 3, resumed.stdout + resumed.stderr
    assert place.rows("select status, count(*) from run group by status") == [("complete", 3), ("failed", 1)]
    assert place.rows("select state, count(*) from trials group by state") == [("COMPLETE", 3), ("FAIL", 1)]


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
    monkeypatch.setattr(choose, "find_spec", lambda name: None)
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
        (("--ray-address", "auto"), "--ray-address needs --engine ray."),
    ],
)
def test_what_no_engine_can_do_is_refused(place: Place, arguments: tuple[str, ...], message: str) -> None:
    done = place.call(*STUDY, *arguments)
    assert done.returncode == 2 and message in done.stderr
    assert list(place.folder.iterdir()) == []


@pytest.mark.slow
def test_ray_is_imported_by_nobody_who_did_not_ask_for_it() -> None:
    program = "import sys, study.launch, study.session, study.engines.ray_tune; sys.exit('ray' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], timeout=120).returncode == 0
