"""Trees of factors: complete, draw, count, enumerate and check the choices they allow.

The full name of a conditional factor is "<factor>.<level>.<name>", repeated for each depth, e.g.
"schedule.linear_warmup.warmup_fraction". A level that has conditional factors has no '.' in its name
(`definition.py` checks it), so a full name splits at its dots in exactly one way.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from search_spaces.grammar import numbers
from search_spaces.grammar.terms import Choice, Choices, Factor, Random, Range, did_you_mean

Factors: TypeAlias = Sequence[Factor]
Pick: TypeAlias = Callable[[str, Factor], Choice]


class Condition(NamedTuple):
    """The choice that a conditional factor needs to exist."""

    factor: str
    level: str


class Place(NamedTuple):
    """A factor with its full name and its conditions, outermost first."""

    name: str
    factor: Factor
    conditions: tuple[Condition, ...]


def places(factors: Factors, prefix: str = "", conditions: tuple[Condition, ...] = ()) -> Iterator[Place]:
    """Yield every factor of the tree, conditional ones right after their parent."""
    for factor in factors:
        name = prefix + factor.name
        yield Place(name, factor, conditions)
        for level in factor.levels:
            yield from places(level.factors, f"{name}.{level.name}.", (*conditions, Condition(name, level.name)))


def active(factors: Factors, choices: Choices, prefix: str = "") -> Iterator[tuple[str, Factor]]:
    """Yield the factors that exist under these choices, with their full names."""
    for factor in factors:
        name = prefix + factor.name
        yield name, factor
        level = factor.level(choices.get(name))
        if level is not None:
            yield from active(level.factors, choices, f"{name}.{level.name}.")


def choose(factors: Factors, pick: Pick, prefix: str = "") -> dict[str, Choice]:
    """Build choices one by one, calling `pick(full name, factor)` for each factor that exists.

    Conditional factors follow the choice of their level, so `pick` can be a search algorithm.
    """
    chosen: dict[str, Choice] = {}
    for factor in factors:
        name = prefix + factor.name
        chosen[name] = pick(name, factor)
        level = factor.level(chosen[name])
        if level is not None:
            chosen |= choose(level.factors, pick, f"{name}.{level.name}.")
    return chosen


def complete(factors: Factors, choices: Choices) -> dict[str, Choice]:
    """Return the choices with missing factors at their baseline; unchecked, and without unknown names."""
    return choose(factors, lambda name, factor: choices.get(name, factor.baseline))


def draw(factor: Factor, rng: Random) -> Choice:
    """Draw one choice: uniform over levels, (log-)uniform over a range. Calls `rng.random()` once."""
    uniform = float(rng.random())
    if factor.range is None:
        return factor.levels[int(uniform * len(factor.levels))].name
    return _in_range(factor.range, uniform)


def _in_range(bounds: Range, uniform: float) -> int | float:
    """Map `uniform` in [0, 1) to a number of the range, rounded, never outside it."""
    # Each whole number owns half a step to either side, so the two ends are as likely as the others.
    low, high = (bounds.low - 0.5, bounds.high + 0.5) if bounds.integer else (bounds.low, bounds.high)
    if bounds.log:
        value = math.exp(math.log(low) + uniform * (math.log(high) - math.log(low)))
    else:
        value = low + uniform * (high - low)
    return numbers.fitted(bounds, value)


def size(factors: Factors) -> int:
    """Return the number of possible choices; a range counts once."""
    return math.prod(sum(size(level.factors) for level in f.levels) if f.range is None else 1 for f in factors)


def grid(factors: Factors, prefix: str = "") -> Iterator[dict[str, Choice]]:
    """Yield every possible choice once, the last factor changing fastest; ranges stay at their baseline."""
    if not factors:
        yield {}
        return
    for head in _choices_of(factors[0], prefix + factors[0].name):
        for tail in grid(factors[1:], prefix):
            yield head | tail


def _choices_of(factor: Factor, name: str) -> Iterator[dict[str, Choice]]:
    if factor.range is not None:
        yield {name: factor.baseline}
    for level in factor.levels:
        for inner in grid(level.factors, f"{name}.{level.name}."):
            yield {name: level.name, **inner}


def faults(space: str, factors: Factors, choices: Choices) -> list[str]:
    """Return every fault of complete choices: unknown, missing and inactive factors, levels, numbers."""
    problems: list[str] = []
    existing: set[str] = set()
    for name, factor in active(factors, choices):
        existing.add(name)
        if name not in choices:
            problems.append(f"No choice for factor {name} of space {space}. {_takes(factor)}")
        else:
            problems += choice_faults(space, name, factor, choices[name])
    known = {place.name: place for place in places(factors)}
    for name in choices:
        if name not in known:
            problems.append(unknown_factor(space, name, known))
        elif name not in existing:
            problems += _inactive(space, known[name], known, choices)
    return problems


def choice_faults(space: str, name: str, factor: Factor, value: object) -> list[str]:
    """Return what is wrong with the choice for one factor; at most one fault."""
    if factor.range is not None:
        return number_faults(f"{name} (space {space})", factor.range, value)
    if value in factor.level_names():
        return []
    hint = did_you_mean(value, factor.level_names())
    return [f"No level {value!r} in factor {name} of space {space}.{hint} {_takes(factor)}"]


def number_faults(who: str, bounds: Range, value: object) -> list[str]:
    """Return what is wrong with a number that should be inside a range; at most one fault."""
    if numbers.is_inside(bounds, value):
        return []
    kind = "a whole number" if bounds.integer else "a number"
    return [f"{who} takes {kind} from {numbers.text(bounds.low)} to {numbers.text(bounds.high)}, got {value!r}."]


def out_of_range(factors: Factors, choices: Choices) -> dict[str, Choice]:
    """Return the numbers among the choices that are outside their factor's range."""
    ranges = {place.name: place.factor.range for place in places(factors) if place.factor.range is not None}
    return {
        name: choice
        for name, choice in choices.items()
        if (bounds := ranges.get(name)) is not None
        and isinstance(choice, int | float)
        and not numbers.is_inside(bounds, choice)
    }


def existing(factors: Sequence[Factor], names: Sequence[str]) -> tuple[str, ...]:
    """Return those of the full names that are factors of this tree."""
    known = {place.name for place in places(factors)}
    return tuple(name for name in names if name in known)


def unknown_factor(space: str, name: str, known: Mapping[str, object]) -> str:
    """Return the message for a factor that does not exist."""
    return f"No factor {name!r} in space {space}.{did_you_mean(name, known)} Factors: {', '.join(known)}."


def _takes(factor: Factor) -> str:
    if factor.range is not None:
        return f"Give a number from {numbers.text(factor.range.low)} to {numbers.text(factor.range.high)}."
    return f"Levels: {', '.join(factor.level_names())}."


def _inactive(space: str, place: Place, known: Mapping[str, Place], choices: Choices) -> list[str]:
    """Return one fault naming the outermost condition that fails, unless that factor has a fault itself."""
    for condition in place.conditions:
        chosen = choices.get(condition.factor)
        if known[condition.factor].factor.level(chosen) is None:
            return []
        if chosen != condition.level:
            parent, level = condition
            return [
                f"Factor {place.name} of space {space} exists only where {parent} is '{level}', but "
                f"{parent} is {chosen!r}. Leave it out, or choose {parent}={level}."
            ]
    return []
