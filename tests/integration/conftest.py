"""A fresh place for every test, and one with a finished study."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from filelock import FileLock
from place import FINISHED, Finished, Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """Read it, do not write: launch in a copy of its folder. Made once, for all processes of the tests."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    place, kept = Place(shared / "finished"), shared / "finished.json"
    with FileLock(shared / "finished.lock"):
        if not kept.exists():
            place.folder.mkdir()
            done = place.call(*FINISHED, "--json")
            kept.write_text(json.dumps([done.args, done.returncode, done.stdout, done.stderr]), encoding="utf-8")
    return Finished(place, subprocess.CompletedProcess(*json.loads(kept.read_text(encoding="utf-8"))))
