"""Folders that are made once for all processes of the tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A copy, for this process, of the folder that `make` filled in the first process that asked for it.

    Nobody opens the original, so none is copied while SQLite's files come and go beside it.
    """
    base = factory.getbasetemp()
    original = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / f"{name}-original"
    with FileLock(f"{original}.lock"):
        if not original.exists():
            made = factory.mktemp(f"{name}-made")
            make(made)
            made.rename(original)
    return Path(shutil.copytree(original, factory.mktemp(name), dirs_exist_ok=True))
