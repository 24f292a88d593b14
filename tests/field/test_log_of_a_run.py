"""What a run writes, by whatever way, is in its log and nowhere else; the terminal shows the display alone."""

from __future__ import annotations

import contextlib
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
from place import Place

from study.engines import run_log
from study.engines.local import LocalEngine
from study.engines.run_log import PART_BYTES, RunLog

SPACE = """
from search_spaces import Factor, Level, Space
SPACE = Space(name="s", goal="Does depth help?", factors=(
    Factor("depth", "scientific", "one", (Level("one", {"n": 1}), Level("two", {"n": 2}))),))
"""
LOUD = """
import ctypes, logging, os, subprocess, sys, time, warnings
def train(configuration, seed, report):
    if configuration["depth"] == "one" and seed == 0:
        return {"scores": {"a": 0.5}}  # silent
    print("printed –", end="")
    warnings.warn("warned")
    logging.getLogger("x").warning("logged")
    subprocess.run(["sh", "-c", "echo child out; echo child err >&2"])
    ctypes.CDLL(None).puts(b"from C")
    os.write(1, b"descriptor\\n")
    for i in range(3):
        sys.stderr.write(f"\\r{i + 1}/3 [{'#' * i}]")
    print("\\x1b[2J hostile", file=sys.stderr)
    report(1, 0.5)
    if configuration["depth"] == "two" and report.data == "fails":
        raise RuntimeError("broken layer")
    return {"scores": {"a": 0.5}}
"""
WRITTEN = ("printed –", "UserWarning: warned", "logged", "child out", "child err", "from C", "descriptor", "3/3 [##]")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    (tmp_path / "s.py").write_text(SPACE, encoding="utf-8")
    (tmp_path / "loud.py").write_text(LOUD, encoding="utf-8")
    with mock.patch.object(sys, "path", [str(tmp_path), *sys.path]):
        yield Place(tmp_path)
    sys.modules.pop("loud", None)


ASKED = (
    "--space",
    "s.py",
    "--trainer",
    "loud:train",
    "--trials",
    "2",
    "--phases",
    "search",
    "--workers",
    "1",
    "--name",
    "x",
)


@pytest.mark.slow
def test_a_run_has_a_log_and_the_terminal_the_display(place: Place) -> None:
    with mock.patch.dict(os.environ, {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}):
        shown, theirs = pty.openpty()
        command = place.command(*ASKED)
        process = subprocess.Popen(command, cwd=place.folder, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    screen = b""
    with contextlib.suppress(OSError):  # how a terminal ends on Linux
        while part := os.read(shown, 100_000):
            screen += part
    os.close(shown)
    assert process.wait() == 0
    assert b"2 complete" in screen and not any(word.encode() in screen for word in (*WRITTEN, "hostile"))
    logs = place.folder / "runs" / "x" / "logs"
    assert [path.name for path in logs.iterdir()] == ["run-2.log"]  # the silent one has none
    content = (logs / "run-2.log").read_text(encoding="utf-8")
    assert all(word in content for word in WRITTEN)
    told = place.call("--name", "x", "--log", "2", module="study.status")
    assert told.returncode == 0 and all(word in told.stdout for word in WRITTEN)
    assert "\x1b" not in told.stdout and r"\x1b[2J hostile" in told.stdout and "1/3" not in told.stdout
    silent = place.call("--name", "x", "--log", "1", module="study.status")
    assert silent.returncode == 0 and "Run 1 of study 'x' has written nothing" in silent.stdout
    none = place.call("--name", "x", "--log", "9", module="study.status")
    assert none.returncode == 2 and "Study 'x' has no run 9" in none.stderr


@pytest.mark.slow
def test_a_failed_run_names_its_log(place: Place) -> None:
    failed = place.call(*ASKED, "--data", "fails", engine=LocalEngine)
    assert failed.returncode == 3, failed.stdout + failed.stderr
    assert "log runs/x/logs/run-2.log" in failed.stdout
    told = place.call("--name", "x", "--failed", module="study.status").stdout
    assert "log runs/x/logs/run-2.log   python -m study.status --name x --log 2" in told
    told = place.call("--name", "x", "--log", "2", module="study.status").stdout
    assert "Traceback" in told and told.rstrip().endswith("RuntimeError: broken layer")


@pytest.mark.slow
def test_a_rehearsal_leaves_no_logs(place: Place) -> None:
    asked = ("--rehearse", "--space", "pooling", "--trials", "4", "--phases", "search", "--name", "r", "--workers", "2")
    assert place.call(*asked, engine=LocalEngine).returncode == 0
    logs = place.folder / "runs" / "r" / "logs"
    assert not logs.exists()
    for name in ("run-1.log", "run-99.log"):  # a launch was killed; a study of that name was there before
        logs.mkdir(exist_ok=True)
        (logs / name).write_text("old" * (name == "run-99.log"), encoding="utf-8")
    told = place.call("--name", "r", module="study.doctor")
    assert told.returncode == 3 and "stray_logs: 2 logs in runs/r/logs" in told.stdout
    assert place.call("--name", "r", "--fix", module="study.doctor").returncode == 0 and not logs.exists()


def test_a_long_log_keeps_its_beginning_and_its_end(tmp_path: Path) -> None:
    log, line = RunLog(tmp_path / "run-1.log"), b"%07d\n"
    log.path.write_bytes(b"".join(line % i for i in range(300_000)))
    log.trim()
    assert log.path.stat().st_size == 2_400_000  # while the run goes on
    for last in (300_000, 400_000):  # it goes on writing after it was cut
        with log.path.open("ab") as file:
            file.write(b"".join(line % i for i in range(last, last + 100_000)))
        log.finish()
        before, _, after = log.path.read_text(encoding="ascii").partition("\n[... ")
        assert before.startswith("0000000\n") and len(before) == PART_BYTES
        number, _, after = after.partition(" bytes were left out here ...]\n")
        assert after.endswith(f"{last + 99_999:07d}\n") and PART_BYTES - 8 <= len(after) <= PART_BYTES
        assert len(before) + int(number) + len(after) == 8 * (last + 100_000)
    log.path.write_bytes(b"")
    log.finish()
    assert not log.path.exists()


def test_a_log_is_shown_as_a_terminal_would_end_up_and_obeys_nothing() -> None:
    content = b" 0%|  |\r50%|# |\r100%|##|\nwindows\r\nx\x08\x08y\n\x1b]0;title\x07\xff\ncleared\r       \r\nlast"
    assert run_log.shown(content).split("\n") == [
        "100%|##|", "windows", "y", r"\x1b]0;title\x07�", "cleared", "last",
    ]  # fmt: skip


def test_logs_of_no_run_and_empty_ones_are_cleared_up_and_nothing_else(tmp_path: Path) -> None:
    for name, text in (("run-1.log", "a"), ("run-2.log", ""), ("run-3.log", "b"), ("mine.txt", "")):
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert run_log.clear_up(tmp_path, {1, 2}) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.txt", "run-1.log"]
    assert run_log.clear_up(tmp_path / "none", set()) == 0
