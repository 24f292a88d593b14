"""A small space with a conditional factor and a range, for tests of decisions that need no model."""

from __future__ import annotations

import pytest

from search_spaces import Factor, Level, Range, Recipe, Space


@pytest.fixture
def space() -> Space:
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
            Factor(
                "rate",
                "nuisance",
                1e-4,
                range=Range("multitask.optimizer.learning_rate", 1e-5, 1e-2, log=True),
            ),
            Factor(
                "pooling",
                "scientific",
                "cls",
                tuple(Level(n, {"pooling.name": n}) for n in ("cls", "mean", "max")),
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
