"""`Space`: the factors of a question, the configurations they allow, and what each configuration sets.

    SPACE = Space(
        name="pooling",
        goal="Which sentence vector serves three tasks best?",
        factors=(
            Factor("pooling", "scientific", "cls", (Level("cls", {"pooling.name": "cls"}), ...)),
            Factor("dropout", "nuisance", 0.1, range=Range("head_dropout", 0.0, 0.5)),
        ),
    )

A configuration is given by its **choices**: full factor name -> name of a level, or a number for a range. Only factors
that exist under the other choices are included.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from search_spaces.grammar import choices as trees
from search_spaces.grammar import constraints, definition, shapes
from search_spaces.grammar.terms import (
    Alternative,
    Choice,
    Choices,
    Constraint,
    Design,
    Difference,
    Factor,
    Json,
    Random,
    Recipe,
    SpaceError,
)


@dataclass(frozen=True)
class Space:
    """Factors, the question they answer (`goal`, one sentence), and how they are explored.

    `design="search"` lets an algorithm choose; `design="grid"` runs every cell: those of `rows` (label -> choices that
    differ from the baseline), or every combination of levels if there are no rows. `base` holds values that every
    configuration of the space sets. Combinations that `constraints` forbid are never drawn, listed or counted.
    `primary` names the factors that the question is about: in the table of a search, their rows are tested first.

    Raises:
        SpaceError: listing every fault of the definition.
    """

    name: str
    goal: str
    factors: tuple[Factor, ...]
    design: Design = "search"
    base: Mapping[str, Json] = field(default_factory=dict)
    recipes: tuple[Recipe, ...] = ()
    rows: Mapping[str, Choices] = field(default_factory=dict)
    constraints: tuple[Constraint, ...] = ()
    primary: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        faults = list(shapes.faults(self)) or definition.faults(
            self.name, self.goal, self.factors, self.design, self.base, self.recipes, self.rows, self.constraints,
            self.primary,
        )  # fmt: skip
        if faults:
            raise SpaceError(faults)

    def baseline(self) -> dict[str, Choice]:
        """Return the choices with which everything is compared."""
        return trees.complete(self.factors, {})

    def sample(self, rng: Random) -> dict[str, Choice]:
        """Draw choices: levels uniformly, ranges (log-)uniformly and rounded (`numbers`).

        Levels that conflict with earlier draws are excluded. Only `rng.random()` is called, once per factor in their
        order, so equal generators give equal choices. A grid with rows draws one of its rows, all equally likely.
        """
        if self.rows:
            cells = list(self.grid())
            return cells[int(float(rng.random()) * len(cells))]
        chosen: dict[str, Choice] = {}

        def pick(name: str, factor: Factor) -> Choice:
            chosen[name] = trees.draw(constraints.allowed_part(self.constraints, factor, name, chosen), rng)
            return chosen[name]

        return self.nearest(trees.choose(self.factors, pick))

    def nearest(self, choices: Choices) -> dict[str, Choice]:
        """Return allowed, complete choices: conflicting levels are reset to their factor's baseline."""
        return constraints.nearest(self.factors, self.constraints, choices)

    def size(self) -> int:
        """Return the number of configurations; conditional factors count where they exist, a range counts once."""
        return sum(1 for _ in self.grid()) if self.rows else constraints.size(self.factors, self.constraints)

    def continuous(self) -> tuple[str, ...]:
        """Return the full names of the factors that are ranges, except ranges pinned to one number."""
        return tuple(place.name for place in trees.places(self.factors) if place.factor.is_continuous())

    def grid(self) -> Iterator[dict[str, Choice]]:
        """Yield every configuration once, ranges at their baseline; only the rows if the space has rows."""
        if not self.rows:
            yield from (c for c in trees.grid(self.factors) if constraints.allows(self.constraints, c))
            return
        yielded: list[dict[str, Choice]] = []
        for row in self.rows.values():
            choices = self.complete(row)
            if choices not in yielded:  # two printed rows may be the same configuration
                yielded.append(choices)
                yield choices

    def active(self, choices: Choices) -> list[tuple[str, Factor]]:
        """Return the factors that exist under these choices, in order, with their full names."""
        return list(trees.active(self.factors, choices))

    def check(self, choices: Choices) -> None:
        """Validate complete choices.

        Raises:
            SpaceError: listing unknown, missing and inactive factors, unknown levels, numbers outside their range and
                violated constraints.
        """
        faults = trees.faults(self.name, self.factors, choices)
        faults += constraints.faults(self.name, self.constraints, choices)
        if faults:
            raise SpaceError(faults)

    def complete(self, choices: Choices) -> dict[str, Choice]:
        """Return the choices with missing factors at their baseline, in the space's order.

        Raises:
            SpaceError: if the choices have faults (see `check`).
        """
        whole = trees.complete(self.factors, choices)
        self.check({**choices, **whole})
        return whole

    def change(self, choices: Choices, factor: str, to: Choice, like: Choices | None = None) -> dict[str, Choice]:
        """Return complete choices with one factor changed; its conditional factors appear and disappear with it.

        Factors that appear take their choice from `like` if it has one, else their baseline.

        Raises:
            SpaceError: if the factor or the level does not exist, or violates a constraint.
        """
        self.check(choices)
        changed = self._changed(choices, factor, to, like)
        self.check({factor: to, **changed})  # includes the factor, so that an unknown or inactive one is reported
        return changed

    def why_not(self, choices: Choices, factor: str, to: Choice, like: Choices | None = None) -> tuple[str, ...]:
        """Return the reasons of the constraints that forbid the result of `change`; empty if it is allowed."""
        changed = self._changed(choices, factor, to, like)
        return tuple(each.reason for each in self.constraints if constraints.violates(each, changed))

    def _changed(self, choices: Choices, factor: str, to: Choice, like: Choices | None) -> dict[str, Choice]:
        return trees.complete(self.factors, {**(like or {}), **choices, factor: to})

    def configuration(self, choices: Choices) -> dict[str, Any]:
        """Return the nested configuration of complete choices: `base`, then the values of chosen levels and numbers.

        That no two choices contradict each other was checked when the space was made.

        Raises:
            SpaceError: if the choices have faults (see `check`).
        """
        self.check(choices)
        nested: dict[str, Any] = {}
        for path, value in self.base.items():
            _write(nested, path, value)
        for name, factor in trees.active(self.factors, choices):
            level = factor.level(choices[name])
            for path, value in (level.set if level else {}).items():
                _write(nested, path, value)
            if factor.range is not None:
                _write(nested, factor.range.path, choices[name])
        return nested

    def scale(self, choices: Choices) -> dict[str, float]:
        """Return path -> multiple of the number that the path follows, for the chosen levels that have a `scale`."""
        self.check(choices)
        levels = (factor.level(choices[name]) for name, factor in trees.active(self.factors, choices))
        return {path: times for level in levels if level for path, times in level.scale.items()}

    def alternatives(self, choices: Choices) -> list[Alternative]:
        """Return every allowed configuration that differs by one change of level, factor by factor; none for ranges.

        Conditional factors of the new level are at their baseline.
        """
        self.check(choices)
        return [
            Alternative(name, str(choices[name]), level, self.change(choices, name, level))
            for name, factor in trees.active(self.factors, choices)
            for level in factor.level_names()
            if level != choices[name] and not self.why_not(choices, name, level)
        ]

    def differences(self, first: Choices, second: Choices) -> list[Difference]:
        """Return the factors in which two configurations differ, in the space's order.

        One side is None where a conditional factor does not exist: a consequence of the difference of its parent.
        """
        return [
            Difference(place.name, first.get(place.name), second.get(place.name))
            for place in trees.places(self.factors)
            if first.get(place.name) != second.get(place.name)
        ]


def _write(nested: dict[str, Any], path: str, value: object) -> None:
    """Write a copy of one value under its dotted path, so that no configuration shares objects with the space."""
    *parents, last = path.split(".")
    for parent in parents:
        nested = nested.setdefault(parent, {})
    nested[last] = copy.deepcopy(value)
