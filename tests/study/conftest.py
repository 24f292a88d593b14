"""A small space for tests of decisions that need no model, and a rehearsed study with everything a launch writes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from asking import rehearsed_once
from place import Place

from search_spaces import Factor, Level, Range, Recipe, Space


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The study `r`. Read it, do not write."""
    return rehearsed_once(tmp_path_factory)


@pytest.fixture
def copied(tmp_path: Path, rehearsed: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """That study in a place of its own, to write to; commands run there."""
    shutil.copytree(rehearsed.folder / "runs", tmp_path / "runs")
    monkeypatch.chdir(tmp_path)
    return Place(tmp_path)


@pytest.fixture(scope="module")
def storage(rehearsed: Place) -> str:
    return f"sqlite:///{rehearsed.database}"


@pytest.fixture(scope="session")
def space() -> Space:
    """A conditional factor and a range."""
    inner = Factor(
        "k",
        "nuisance",
        "1",
        (Level("1", {"multitask.trainable.layers": 1}), Level("2", {"multitask.trainable.layers": 2})),
    )
    return Space(
        name="small",
        goal="Does anything help?",
        factors=(
            Factor("rate", "nuisance", 1e-4, range=Range("multitask.optimizer.learning_rate", 1e-5, 1e-2, log=True)),
            Factor(
                "pooling", "scientific", "cls", tuple(Level(n, {"pooling.name": n}) for n in ("cls", "mean", "max"))
            ),
            Factor(
                "trainable",
                "scientific",
                "all",
                (
                    Level("all", {"multitask.trainable.name": "all"}),
                    Level("last_k", {"multitask.trainable.name": "last_k"}, factors=(inner,)),
                ),
            ),
        ),
        recipes=(Recipe("known", "a report", {"pooling": "mean"}),),
    )
