"""A fresh place for every test, and one with a finished study."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from place import FINISHED, Finished, Place
from shared import made_once

SAID = "said.json"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def finish(folder: Path) -> None:
    done = Place(folder).call(*FINISHED, "--json")
    (folder / SAID).write_text(json.dumps([done.args, done.returncode, done.stdout, done.stderr]), encoding="utf-8")


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """Read it, do not write: launch in a copy of its folder."""
    folder = made_once(tmp_path_factory, "finished", finish)
    return Finished(Place(folder), subprocess.CompletedProcess(*json.loads((folder / SAID).read_text("utf-8"))))
