"""The worlds of the simulation: how a study is made, and what is true in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

POINT = 0.01
MARGIN = 1.0  # points
REAL = (2.0, 2.0, 2.0, -2.0, -2.0)  # points


@dataclass(frozen=True)
class World:
    """A study of a baseline, confirmed `candidates` and single changes (rows) of the best of them.

    Args:
        name: what is particular about it.
        seeds: fresh seeds of every configuration; up to `max_seeds` of them for open rows.
        dev: dev examples per task.
        pairing: the share of a difference's variance over seeds that pairing removes.
        own_examples: variance over examples that all seeds of a configuration share, in those of its own residual.
        effects: true effects of the rows, in points, those of the secondary rows last.
        tasks: "accuracy" or "pearson" for each task.
        candidates: the best of so many is the reference; with one, the reference is given.
        spread: standard deviation of the candidates' true scores, in points. The baseline is 20 points lower.
        reference_noise: deviation over seeds of a candidate's own noise, in those of an ordinary row.
        row_noise: the same for every row.
        noisy_rows: so many null rows with five times the noise.
        collapsed: the share of runs whose score is 20 points lower.
        identical: so many rows that predict exactly what the reference does, beside the others.
        searched: candidates are the best of so many by a single run each; 0 for candidates that were not searched.
        same_examples: whether the search was scored on the examples that confirm and ablate are scored on.
        secondary: so many of the rows are changes to a level that leave-one-out does not take.
        whole: whether the gain and the verdicts on single tasks are read too, which takes as long again.
    """

    name: str
    seeds: int = 5
    dev: int = 200
    pairing: float = 0.58
    own_examples: float = 0.1
    effects: tuple[float, ...] = (*REAL, *(0.0,) * 15)
    tasks: tuple[str, ...] = ("accuracy", "accuracy", "pearson")
    candidates: int = 5
    spread: float = 0.5
    reference_noise: float = 1.0
    row_noise: float = 1.0
    noisy_rows: int = 0
    collapsed: float = 0.0
    identical: int = 0
    searched: int = 0
    same_examples: bool = True
    secondary: int = 0
    max_seeds: int | None = None
    whole: bool = False

    @property
    def most_seeds(self) -> int:
        """The seeds of a row that stays open."""
        return self.max_seeds or self.seeds

    @property
    def rows(self) -> int:
        """The number of rows, those that are identical to the reference included."""
        return len(self.effects) + self.identical


NULL = (0.0,) * 20
AT_MARGIN = (MARGIN, -MARGIN) * 10
HALF_PRIMARY = (2.0, 2.0, -2.0, *(0.0,) * 7, 2.0, -2.0, *(0.0,) * 8)  # ten primary rows, then ten secondary ones


def _plain(name: str, **changes: Any) -> World:
    return replace(World(name), **changes)


def _given(name: str, **changes: Any) -> World:
    """Return a world whose reference was not chosen by its score."""
    return _plain(name, candidates=1, **changes)


WORLDS: Sequence[World] = (
    _plain("5 seeds, 200 dev", whole=True),
    _plain("5 seeds, 800 dev", dev=800, whole=True),
    _plain("5 seeds, 3,000 dev", dev=3000),
    _plain("2 seeds, 200 dev", seeds=2),
    _plain("3 seeds, 200 dev", seeds=3),
    _plain("3 seeds, 800 dev", seeds=3, dev=800),
    _plain("10 seeds, 200 dev", seeds=10),
    _plain("pairing 0, 200 dev", pairing=0.0),
    _plain("pairing .3, 200 dev", pairing=0.3),
    _plain("pairing .9, 200 dev", pairing=0.9),
    _plain("pairing 0, 800 dev", pairing=0.0, dev=800),
    _plain("pairing .9, 800 dev", pairing=0.9, dev=800),
    _plain("no variance over examples, 200 dev", own_examples=0.0),
    _plain("2.5 times the variance over examples, 200 dev", own_examples=0.25),
    _plain("no effects, 200 dev", effects=NULL),
    _plain("no effects, candidates equally good, 200 dev", effects=NULL, spread=0.0),
    _plain("candidates deviate by 2 points, 200 dev", spread=2.0),
    _given("reference given, 200 dev", whole=True),
    _given("reference given, no effects, 200 dev", effects=NULL),
    _plain("candidates of 2.5 times the noise, 200 dev", reference_noise=2.5),
    _plain("candidates of 5 times the noise, 200 dev", reference_noise=5.0),
    _given("reference given, 2.5 times the noise, 200 dev", reference_noise=2.5),
    _given("reference given, 5 times the noise, 200 dev", reference_noise=5.0),
    _given("reference given, 5 times the noise, 800 dev", reference_noise=5.0, dev=800),
    _given(
        "reference given, 3 times the noise, rows a fifth, 200 dev",
        reference_noise=3.0,
        row_noise=0.2,
        effects=NULL,
    ),
    _plain("one row of 5 times the noise, 200 dev", noisy_rows=1),
    _plain("one row of 5 times the noise, 800 dev", noisy_rows=1, dev=800),
    _plain("one run in ten collapsed, 200 dev", collapsed=0.1),
    _plain("one run in ten collapsed, 800 dev", collapsed=0.1, dev=800),
    _plain("3 more rows identical to the reference, 200 dev", identical=3),
    _plain("one task, Pearson's r, 600 dev", tasks=("pearson",), dev=600),
    _plain("one task, accuracy, 600 dev", tasks=("accuracy",), dev=600),
    _plain("10 of 20 rows primary, 200 dev", effects=HALF_PRIMARY, secondary=10),
    _plain("10 of 20 rows primary, 800 dev", effects=HALF_PRIMARY, secondary=10, dev=800),
    _plain("looks from 3 to 8 seeds, 200 dev", seeds=3, max_seeds=8),
    _plain("looks from 3 to 8 seeds, no effects, 200 dev", seeds=3, max_seeds=8, effects=NULL),
    _plain("looks from 3 to 8 seeds, 800 dev", seeds=3, max_seeds=8, dev=800),
    _plain("best 5 of 40 searched on the same examples, 200 dev", searched=40, whole=True),
    _plain("best 5 of 40 searched on other examples, 200 dev", searched=40, same_examples=False, whole=True),
    _plain("best 5 of 40 searched on the same examples, 800 dev", searched=40, dev=800, whole=True),
    _plain("rows at the margin, 800 dev", effects=AT_MARGIN, dev=800),
    _given("reference given, rows at the margin, 800 dev", effects=AT_MARGIN, dev=800),
    _given("reference given, rows at the margin, 3,000 dev", effects=AT_MARGIN, dev=3000),
    _given("reference given, rows at the margin, 10 seeds, 3,000 dev", effects=AT_MARGIN, dev=3000, seeds=10),
)
