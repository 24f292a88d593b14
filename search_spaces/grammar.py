"""Space: a question as data. Its factors and their levels, what can be chosen, and what a choice configures.

    SPACE = Space(
        name="pooling",
        goal="Which sentence vector serves three tasks best?",
        factors=(
            Factor("pooling", "scientific", "cls", (Level("cls", {"pooling.name": "cls"}), ...)),
            Factor("dropout", "nuisance", 0.1, range=Range("head_dropout", 0.0, 0.5)),
        ),
    )

A configuration of a space is told by its **choices**: full factor name -> name of a level, or a number for a
range. Only factors that exist under the other choices stand in it. Needs the standard library only.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from search_spaces import choices as walking
from search_spaces import constraints as combining
from search_spaces import definition, pinning, restricting
from search_spaces.choices import choose
from search_spaces.description import describe
from search_spaces.terms import (
    Alternative,
    Choice,
    Choices,
    Constraint,
    Design,
    Difference,
    Factor,
    Json,
    Level,
    Random,
    Range,
    Recipe,
    Role,
    SpaceError,
    did_you_mean,
)

__all__ = [
    "Alternative",
    "Choice",
    "Choices",
    "Constraint",
    "Design",
    "Difference",
    "Factor",
    "Json",
    "Level",
    "Random",
    "Range",
    "Recipe",
    "Role",
    "Space",
    "SpaceError",
    "choose",
    "describe",
    "did_you_mean",
]


@dataclass(frozen=True)
class Space:
    """Factors, the question they answer (`goal`, one sentence), and how they are explored.

    `design="search"` lets an algorithm choose; `design="grid"` runs every cell: those of `rows` (label ->
    choices that differ from the baseline), or every combination of levels where there are no rows. `base` is
    what every configuration of the space sets beside its factors. What `constraints` forbid is not in the space: it is
    never drawn, listed or counted. Making a Space raises `SpaceError` with all
    faults of its definition.
    """

    name: str
    goal: str
    factors: tuple[Factor, ...]
    design: Design = "search"
    base: Mapping[str, Json] = field(default_factory=dict)
    recipes: tuple[Recipe, ...] = ()
    rows: Mapping[str, Choices] = field(default_factory=dict)
    constraints: tuple[Constraint, ...] = ()

    def __post_init__(self) -> None:
        faults = definition.faults(
            self.name, self.goal, self.factors, self.design, self.base, self.recipes, self.rows, self.constraints
        )
        if faults:
            raise SpaceError(faults)

    def baseline(self) -> dict[str, Choice]:
        """The choices everything is compared with."""
        return walking.complete(self.factors, {})

    def sample(self, rng: Random) -> dict[str, Choice]:
        """Random choices: levels uniformly, ranges (log-)uniformly and rounded (`numbers`).

        Of levels that cannot go with what was drawn before, none is drawn. Calls nothing but `rng.random()`, once a
        factor in their order, so equal generators give equal choices. In a grid with rows any of its rows, each as
        likely.
        """
        if self.rows:
            cells = list(self.grid())
            return cells[int(float(rng.random()) * len(cells))]
        chosen: dict[str, Choice] = {}

        def pick(name: str, factor: Factor) -> Choice:
            chosen[name] = walking.draw(combining.allowed_part(self.constraints, factor, name, chosen), rng)
            return chosen[name]

        return self.nearest(choose(self.factors, pick))

    def nearest(self, choices: Choices) -> dict[str, Choice]:
        """Complete choices that are allowed: these, with factors at their baseline where levels cannot go together."""
        return combining.nearest(self.factors, self.constraints, choices)

    def size(self) -> int:
        """How many configurations there are, conditional factors counted where they exist, a range once."""
        return sum(1 for _ in self.grid()) if self.rows else combining.size(self.factors, self.constraints)

    def continuous(self) -> tuple[str, ...]:
        """Full names of the factors that are ranges, those pinned to one number left out."""
        return tuple(p.name for p in walking.places(self.factors) if p.factor.is_continuous())

    def grid(self) -> Iterator[dict[str, Choice]]:
        """Every configuration once, ranges at their baseline; only the rows where the space has rows."""
        if not self.rows:
            yield from (c for c in walking.grid(self.factors) if combining.allows(self.constraints, c))
            return
        told: list[dict[str, Choice]] = []
        for row in self.rows.values():
            choices = self.complete(row)
            if choices not in told:  # two printed rows may be the same configuration
                told.append(choices)
                yield choices

    def active(self, choices: Choices) -> list[tuple[str, Factor]]:
        """The factors that exist under these choices, in order, with their full names."""
        return list(walking.active(self.factors, choices))

    def check(self, choices: Choices) -> None:
        """Raises `SpaceError` with every fault: factors unknown, missing or inactive, levels, numbers, constraints."""
        faults = walking.faults(self.name, self.factors, choices)
        faults += combining.faults(self.name, self.constraints, choices)
        if faults:
            raise SpaceError(faults)

    def complete(self, choices: Choices) -> dict[str, Choice]:
        """The choices with missing factors at their baseline, in the space's order; checked."""
        whole = walking.complete(self.factors, choices)
        self.check({**choices, **whole})
        return whole

    def change(self, choices: Choices, factor: str, to: Choice, like: Choices | None = None) -> dict[str, Choice]:
        """Complete choices with one factor changed; conditional factors go and come with their level.

        Those that come take their choice from `like` where it has one, else their baseline. Raises
        `SpaceError` where the factor or the level does not exist, or cannot go with the others.
        """
        self.check(choices)
        changed = self._changed(choices, factor, to, like)
        self.check({factor: to, **changed})  # with a factor that is unknown or inactive, so that it is told
        return changed

    def can_change(self, choices: Choices, factor: str, to: Choice, like: Choices | None = None) -> bool:
        """Whether the constraints allow what `change` would give."""
        return not self.why_not(choices, factor, to, like)

    def why_not(self, choices: Choices, factor: str, to: Choice, like: Choices | None = None) -> tuple[str, ...]:
        """The reasons of the constraints that forbid what `change` would give; empty where none does."""
        changed = self._changed(choices, factor, to, like)
        return tuple(c.reason for c in self.constraints if combining.violates(c, changed))

    def _changed(self, choices: Choices, factor: str, to: Choice, like: Choices | None) -> dict[str, Choice]:
        return walking.complete(self.factors, {**(like or {}), **choices, factor: to})

    def parse_setting(self, text: str) -> tuple[str, Choice]:
        """The full factor name and choice of a text "factor=level"; raises `SpaceError`."""
        return pinning.parse_setting(self.name, self.factors, text)

    def pin(self, settings: Iterable[str] | Mapping[str, Choice]) -> Space:
        """The smaller space with these factors at one level, their new baseline; "factor=level" or pairs.

        Recipes and rows come along with the pinned value of nuisance factors; one that has another level of a
        pinned scientific factor is left out. Raises `SpaceError` with all faults.
        """
        pins = settings
        if not isinstance(pins, Mapping):
            pins = pinning.parse_settings(self.name, self.factors, pins)
        faults = pinning.pin_faults(self.name, self.factors, pins)
        if faults:
            raise SpaceError(faults)
        factors = pinning.pin(self.factors, pins)
        recipes = [(recipe, self._carried(recipe.choices, pins)) for recipe in self.recipes]
        rows = {label: self._carried(row, pins) for label, row in self.rows.items()}
        kept = {label: row for label, row in rows.items() if row is not None}
        if self.rows and not kept:
            told = ", ".join(f"{name}={value}" for name, value in pins.items())
            raise SpaceError([f"No row of space {self.name} has {told}. Rows: {', '.join(self.rows)}."])
        return replace(
            self,
            factors=factors,
            constraints=combining.within(factors, self.constraints),
            recipes=tuple(replace(recipe, choices=told) for recipe, told in recipes if told is not None),
            rows=kept,
        )

    def without(self, paths: Iterable[str], values: restricting.Values | None = None) -> Space:
        """The smaller space that sets nothing at or below these dotted paths, and none of the `values` of a path.

        A factor whose levels set nothing else does not exist there, nor a level that sets such a value; recipes and
        rows lose their choice of them. `space.without(["tasks.sst"])` asks the same question of the other tasks.
        Raises `SpaceError` where no factor is left.
        """
        left_out = tuple(paths)
        factors = restricting.without(self.factors, left_out, values or {})
        return replace(
            self,
            factors=factors,
            constraints=combining.within(factors, self.constraints),
            base=restricting.kept(self.base, left_out),
            recipes=tuple(
                replace(recipe, choices=restricting.existing(factors, recipe.choices)) for recipe in self.recipes
            ),
            rows={label: restricting.existing(factors, row) for label, row in self.rows.items()},
        )

    def _carried(self, choices: Choices, pins: Choices) -> dict[str, Choice] | None:
        carried = pinning.carry(self.factors, pins, self.complete(choices))
        return carried if carried is None or combining.allows(self.constraints, carried) else None

    def configuration(self, choices: Choices) -> dict[str, Any]:
        """The nested configuration of complete choices: `base`, then what the chosen levels and numbers set.

        Raises `SpaceError` where the choices have faults. That two choices never contradict each other was
        checked when the space was made.
        """
        self.check(choices)
        nested: dict[str, Any] = {}
        for path, value in self.base.items():
            _write(nested, path, value)
        for name, factor in walking.active(self.factors, choices):
            level = factor.level(choices[name])
            for path, value in (level.set if level else {}).items():
                _write(nested, path, value)
            if factor.range is not None:
                _write(nested, factor.range.path, choices[name])
        return nested

    def scale(self, choices: Choices) -> dict[str, float]:
        """Path -> how many times the number that it follows stands there, for the chosen levels that say so."""
        self.check(choices)
        levels = (factor.level(choices[name]) for name, factor in walking.active(self.factors, choices))
        return {path: times for level in levels if level for path, times in level.scale.items()}

    def alternatives(self, choices: Choices) -> list[Alternative]:
        """Every allowed configuration one change of level away, factor by factor; ranges have none.

        A conditional factor that comes with a new level stands at its baseline.
        """
        self.check(choices)
        return [
            Alternative(name, str(choices[name]), level, self.change(choices, name, level))
            for name, factor in walking.active(self.factors, choices)
            for level in factor.level_names()
            if level != choices[name] and self.can_change(choices, name, level)
        ]

    def differences(self, first: Choices, second: Choices) -> list[Difference]:
        """The factors in which two configurations differ, in the space's order.

        One side is None where a conditional factor does not exist there: that follows from the difference of
        the factor it hangs from.
        """
        return [
            Difference(place.name, first.get(place.name), second.get(place.name))
            for place in walking.places(self.factors)
            if first.get(place.name) != second.get(place.name)
        ]


def _write(nested: dict[str, Any], path: str, value: object) -> None:
    """Write one value under its dotted path; a copy, so that no configuration can reach into the space."""
    *parents, last = path.split(".")
    for parent in parents:
        nested = nested.setdefault(parent, {})
    nested[last] = copy.deepcopy(value)
