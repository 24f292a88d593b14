"""A fresh place for every test, and one with a finished study."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

import pytest
from place import FINISHED, Finished, Place

from mtbert.data import demo


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """Read it, do not write: launch in a copy of its folder."""
    place = Place(tmp_path_factory.mktemp("finished"))
    return Finished(place, place.run(*FINISHED, "--json"))


@pytest.fixture(autouse=True, scope="session")
def demo_made_once() -> Iterator[None]:
    """The demo's data, which is always the same, is not made anew for every launch in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "generate", functools.cache(demo.generate))
        yield
