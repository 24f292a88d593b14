"""All processes of a run end with it, whatever they are and however it ends, and its memory is that of all of them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import psutil
import pytest
from families import KINDS, Family
from place import Place
from processes import below, titled, until

from study.engines.limits import Watch
from study.engines.local import LocalEngine
from study.messages import Event, Job, RunFailed
from study.settings import Limits

pytestmark = pytest.mark.slow

HELPERS = Path(__file__).resolve().parents[1] / "helpers"
SPACE = """
from search_spaces import Factor, Level, Space
SPACE = Space(name="s", goal="Does depth help?", factors=(
    Factor("depth", "scientific", "one", (Level("one", {"n": 1}), Level("two", {"n": 2}))),))
"""


@pytest.fixture
def engine() -> Iterator[LocalEngine]:
    made = LocalEngine(workers=2, preload=())
    yield made
    made.stop()


def job(number: int, folder: Path) -> Job:
    return Job(number, "train", {}, folder, worker="families:carry_out", facts={"folder": str(folder)})


def last_word(engine: LocalEngine) -> Event:
    """The event of the one run."""
    events: list[Event] = []
    until(lambda: events.extend(engine.events(1.0)) or events)
    (event,) = events
    return event


def test_of_a_run_that_returns_or_dies_nothing_is_left(engine: LocalEngine, tmp_path: Path) -> None:
    for number, (do, detail) in enumerate([("return", "returned"), ("die", "SIGKILL")]):
        found = Family(tmp_path / do, do)
        try:
            engine.start(job(number, found.folder))
            event = last_word(engine)
            assert isinstance(event, RunFailed) and detail in event.detail
            assert len(found.numbers()) == len(KINDS) + 2 and not found.living(), do
        finally:
            found.end()


def test_of_a_run_at_its_limit_nothing_is_left_and_the_other_goes_on(engine: LocalEngine, tmp_path: Path) -> None:
    computing, other = Family(tmp_path / "a", "hold"), Family(tmp_path / "b", "compute")
    try:
        engine.start(job(1, computing.folder))
        engine.start(job(2, other.folder))
        computing.born()
        other.born()
        watch = Watch(Limits(run_seconds=0.0))
        watch.began(1)
        (event,) = watch.over_limit(engine)
        assert event.reason == "timeout" and not computing.living()
        assert len(other.living()) == len(KINDS) + 2
        engine.stop()
        assert not other.living()
    finally:
        computing.end()
        other.end()


HOLD = "b = bytearray(300_000_000); b[::4096] = b'x' * len(b[::4096]); print(flush=True); import time; time.sleep(1000)"


def holding(run: Job, go_on: object) -> RunFailed:
    """A worker whose child holds 300 MB, and which forks one that shares 200 MB of its own."""
    own = bytearray(200_000_000)
    own[::4096] = b"x" * len(own[::4096])
    child = subprocess.Popen([sys.executable, "-c", HOLD], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    if os.fork() == 0:
        signal.pause()
    (run.prepared_folder / "ready").touch()
    signal.pause()
    return RunFailed(run.run_id, "error", "")


def test_memory_is_that_of_all_processes_and_what_they_share_counts_once(engine: LocalEngine, tmp_path: Path) -> None:
    sys.path.insert(0, str(Path(__file__).parent))
    try:
        engine.start(Job(1, "train", {}, tmp_path, worker=f"{Path(__file__).stem}:holding"))
    finally:
        sys.path.pop(0)
    until(lambda: (tmp_path / "ready").exists())
    held = engine.resident_bytes(1)
    assert held is not None and 500e6 < held < 690e6, held
    watch = Watch(Limits(run_bytes=450_000_000))
    watch.began(1)
    (event,) = watch.over_limit(engine)
    assert event.reason == "out_of_memory" and engine.resident_bytes(1) is None


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Callable[..., tuple[subprocess.Popen[str], Family]]]:
    """A launch in a session of its own, whose first run has all its processes and does what is asked."""
    begun = []

    def made(do: str, *more: str) -> tuple[subprocess.Popen[str], Family]:
        found = Family(tmp_path / "family", do)
        (tmp_path / "s.py").write_text(SPACE, encoding="utf-8")
        asked = ("--space", "s.py", "--trainer", "families:train", "--data", str(found.folder), "--name", "x")
        with mock.patch.dict(os.environ, {"PYTHONPATH": os.pathsep.join((str(HELPERS.parents[1]), str(HELPERS)))}):
            process = Place(tmp_path).start(*asked, "--trials", "2", "--phases", "search", "--workers", "1", *more)
        begun.append((process, found))
        found.born()
        return process, found

    yield made
    for process, found in begun:
        process.kill()
        process.communicate()
        found.end()


@pytest.mark.parametrize("end", ["driver", "driver and workers", "driver's group", "Ctrl-C twice"])
def test_nothing_outlives_the_driver(launch: Callable[..., tuple[subprocess.Popen[str], Family]], end: str) -> None:
    process, found = launch("hold")  # the worker does not even hear of its driver's end
    if end == "driver and workers":
        for server in titled(below(process.pid), "forkserver"):
            with contextlib.suppress(psutil.Error):
                for worker in server.children():
                    worker.kill()
    if end == "driver's group":
        os.killpg(process.pid, signal.SIGKILL)
    elif end == "Ctrl-C twice":
        while process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
            time.sleep(0.1)
    else:
        process.kill()
    process.communicate(timeout=60)
    found.gone()


def test_a_launch_ends_what_its_runs_leave_at_their_limit(
    launch: Callable[..., tuple[subprocess.Popen[str], Family]],
) -> None:
    process, found = launch("compute", "--run-timeout", "1")
    told, _ = process.communicate(timeout=120)
    assert process.returncode == 3 and "timeout: took longer than --run-timeout 1 s" in told
    assert not found.living()
