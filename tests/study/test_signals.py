"""Ctrl-C is for the driver: what it starts does not see it, from its first instruction on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import mtbert.output
import search_spaces.output
from study.signals import held, let_through

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
UNBLOCKED = [sys.executable, "-c", "from study.signals import let_through; let_through(); print('ready'); input()"]
ROOT = Path(__file__).resolve().parents[2]


def test_a_child_lives_on_that_is_told_before_it_has_begun() -> None:
    with held():
        child = subprocess.Popen(SLEEP)
    try:
        for _ in range(50):
            child.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(timeout=0.5)
    finally:
        child.kill()
        child.wait()


def test_one_that_lets_it_through_ends() -> None:
    with held():
        child = subprocess.Popen(
            UNBLOCKED, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
        )
    with child:
        assert child.stdout is not None and child.stdout.readline() == b"ready\n"
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=20)
    assert child.returncode == -signal.SIGINT


def test_the_driver_hears_of_one_that_comes_meanwhile() -> None:
    heard = threading.Event()
    before = signal.signal(signal.SIGINT, lambda number, frame: heard.set())
    try:
        with held():
            os.kill(os.getpid(), signal.SIGINT)
        assert heard.wait(1.0)
    finally:
        signal.signal(signal.SIGINT, before)
    let_through()


@pytest.mark.parametrize("output", [mtbert.output, search_spaces.output])
def test_a_command_that_ctrl_c_ends_says_so_in_one_line(output: Any, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> int:
        raise KeyboardInterrupt

    assert (output.command(lambda: 3)(), output.command(interrupted)()) == (3, 130)
    assert capsys.readouterr().err == "\nInterrupted.\n"
