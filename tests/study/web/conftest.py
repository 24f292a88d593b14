"""A rehearsed study with everything a launch writes, and the dashboard's application on it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from asking import Answer, ask, rehearse
from place import Place

from study.web.guard import Guard


@pytest.fixture(scope="session")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The study `r`. Read it, do not write."""
    return rehearse(Place(tmp_path_factory.mktemp("rehearsed")))


@pytest.fixture
def copied(tmp_path: Path, rehearsed: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """That study in a place of its own, to write to; commands run there."""
    shutil.copytree(rehearsed.folder / "runs", tmp_path / "runs")
    monkeypatch.chdir(tmp_path)
    return Place(tmp_path)


@pytest.fixture(scope="session")
def storage(rehearsed: Place) -> str:
    return f"sqlite:///{rehearsed.database}"


@pytest.fixture(scope="session")
def application(storage: str) -> Iterator[Any]:
    """What stands behind the guard."""
    from study.web.application import application

    yield application(storage, "r")[0]


@pytest.fixture
def asked(application: Any) -> Callable[..., Answer]:
    return partial(ask, Guard(application, host="127.0.0.1", token=None))
