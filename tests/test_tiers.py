"""A test of the default tier that takes too much processor time is named, and fails far beyond its limit."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

SUITE = """
import time

import pytest


def burn(seconds=0.5):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


@pytest.fixture(scope="module")
def shared():
    burn()


@pytest.fixture
def its_own():
    burn()


def test_long():
    burn()


def test_with_a_fixture_of_its_own(its_own):
    pass


def test_far_too_long():
    burn(2.5)


def test_quick(shared):
    pass


@pytest.mark.slow
def test_slow():
    burn()
"""


@pytest.mark.slow
def test_what_a_default_test_may_take(tmp_path: Path) -> None:
    rules = (Path(__file__).parent / "helpers" / "processor_time.py").read_text(encoding="utf-8")
    cheaper = re.sub(r"LATE_IMPORTS = \(.*?\)", "LATE_IMPORTS = ()", rules, flags=re.DOTALL)
    cheaper = cheaper.replace("LIMIT_SECONDS = 2.0", "LIMIT_SECONDS = 0.3")
    (tmp_path / "conftest.py").write_text(cheaper, encoding="utf-8")
    (tmp_path / "test_suite.py").write_text(SUITE, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n    slow: slow\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "--numprocesses", "1", "-rA", "-p", "no:cacheprovider", str(tmp_path)]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300).stdout
    ended = re.findall(r"^(PASSED|FAILED) test_suite.py::(\w+)", told, flags=re.MULTILINE)
    assert {name for how, name in ended if how == "FAILED"} == {"test_far_too_long"}, told
    long = {"test_long", "test_with_a_fixture_of_its_own"}
    assert {name for how, name in ended if how == "PASSED"} == {"test_quick", "test_slow", *long}, told
    named = re.findall(
        r"^test_suite.py::(\w+): \d\.\d s of processor time; a test of the default tier has 0.3 s", told, re.M
    )
    assert set(named) == long, told
