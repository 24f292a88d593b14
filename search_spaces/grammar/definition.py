"""Validation of a space's definition: all faults are reported when the space is made.

Two choices that a space allows together never contradict each other: it is checked here, once, that no two of them
write different values to one path, so every configuration of the space is complete and consistent.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple, get_args

from search_spaces.grammar import choices as trees
from search_spaces.grammar import constraints as exclusions
from search_spaces.grammar.terms import Choices, Constraint, Design, Factor, Json, Level, Range, Recipe, Role

NAME = re.compile(r"[a-z][a-z0-9_+]*")
# Level names may be numbers ("8", "0.1", "3e-05") or name two things ("low_rank+top_layer").
LEVEL_NAME = re.compile(r"[A-Za-z0-9_+.-]+")
PATH = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")


def faults(
    name: str,
    goal: str,
    factors: Sequence[Factor],
    design: Design,
    base: Mapping[str, Json],
    recipes: Sequence[Recipe],
    rows: Mapping[str, Choices],
    constraints: Sequence[Constraint] = (),
    primary: Sequence[str] = (),
) -> list[str]:
    """Return every fault of a space's definition, one sentence each; empty if it is valid.

    The types of its parts are right (`shapes.py`).
    """
    problems = []
    if not NAME.fullmatch(name):
        problems.append(f"A space's name must be lowercase letters, digits, '_' and '+', a letter first; got {name!r}.")
    if not goal.strip():
        problems.append(f"Space {name} needs a goal: one sentence, the question it answers.")
    if design not in get_args(Design):
        problems.append(f"design of space {name} must be 'search' or 'grid', got {design!r}.")
    if not factors:
        problems.append(f"Space {name} needs at least one factor.")
    problems += _sibling_faults(f"space {name}", factors)
    for place in trees.places(factors):
        problems += _factor_faults(place.name, place.factor)
    problems += _path_faults(base)
    problems += _grid_faults(name, factors, design, rows)
    problems += _primary_faults(name, factors, design, primary)
    if not problems:  # choices can only be checked against valid factors
        problems = [*_conflicts(factors, base), *exclusions.definition_faults(name, factors, constraints)]
        problems += [] if problems else exclusions.faults(name, constraints, trees.complete(factors, {}))
        problems += _recipe_faults(name, factors, recipes, rows, constraints if not problems else ())
    return problems


def _sibling_faults(where: str, factors: Sequence[Factor]) -> Iterator[str]:
    yield from (f"Factor {name} is listed twice in {where}." for name in _repeated([f.name for f in factors]))


def _primary_faults(space: str, factors: Sequence[Factor], design: Design, primary: Sequence[str]) -> Iterator[str]:
    """Yield the faults of the factors whose rows are tested first."""
    known = {place.name: place for place in trees.places(factors)}
    yield from (f"primary: {trees.unknown_factor(space, name, known)}" for name in primary if name not in known)
    yield from (f"primary of space {space} names {name} twice." for name in _repeated(primary))
    if primary and design == "grid":
        yield f"Space {space} is a grid, whose rows are tested together; primary is for design='search'."


def _repeated(names: Sequence[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})


def _factor_faults(name: str, factor: Factor) -> Iterator[str]:
    """Yield the faults of one factor, without its conditional factors."""
    if not NAME.fullmatch(factor.name):
        yield f"A factor's name must be lowercase letters, digits, '_' and '+', a letter first; got {factor.name!r}."
    if factor.role not in get_args(Role):
        yield f"role of factor {name} must be scientific, nuisance or fixed, got {factor.role!r}."
    if factor.role == "fixed" and not factor.reason.strip():
        yield f"Factor {name} is fixed and needs a reason: what a reader must know about it."
    if factor.role == "fixed" and (len(factor.levels) > 1 or factor.is_continuous()):
        yield f"Factor {name} is fixed and must have one level; use role nuisance if others are tried."
    if bool(factor.levels) == bool(factor.range):
        yield f"Factor {name} needs either levels or a range, got {'both' if factor.levels else 'neither'}."
    elif factor.range is not None:
        yield from _range_faults(name, factor.range) or trees.number_faults(
            f"baseline of factor {name}", factor.range, factor.baseline
        )
    else:
        yield from _level_faults(name, factor)


def _level_faults(name: str, factor: Factor) -> Iterator[str]:
    names = factor.level_names()
    if factor.baseline not in names:
        yield f"baseline of factor {name} must be one of {', '.join(names)}, got {factor.baseline!r}."
    yield from (f"Level {level} is listed twice in factor {name}." for level in _repeated(names))
    for level in factor.levels:
        if not LEVEL_NAME.fullmatch(level.name):
            yield f"A level's name must be letters, digits and '_+.-'; got {level.name!r} in factor {name}."
        if level.factors and "." in level.name:
            yield (
                f"Level {level.name} of factor {name} has conditional factors, whose full names are "
                f"<factor>.<level>.<name>, so its name cannot contain '.'."
            )
        yield from _sibling_faults(f"level {level.name} of factor {name}", level.factors)
        yield from _path_faults(level.set)
        yield from _scale_faults(name, level)


def _scale_faults(name: str, level: Level) -> Iterator[str]:
    for path, times in level.scale.items():
        if not PATH.fullmatch(path):
            yield _bad_path(path)
        if not 0 < times < math.inf:
            yield f"Level {level.name} of factor {name} scales {path}, which needs a number above 0, got {times!r}."


def _range_faults(name: str, bounds: Range) -> list[str]:
    low, high = bounds.low, bounds.high
    problems = [] if PATH.fullmatch(bounds.path) else [_bad_path(bounds.path)]
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        problems.append(f"low <= high must hold in the range of factor {name}, got low={low} and high={high}.")
    if math.isfinite(low) and math.isfinite(high) and not math.isfinite(float(high) - float(low)):
        problems.append(f"The range of factor {name} is wider than a double holds, got low={low} and high={high}.")
    if bounds.log and low <= 0:
        problems.append(f"low > 0 must hold in the log range of factor {name}, got low={low}.")
    if bounds.integer and not (float(low).is_integer() and float(high).is_integer()):
        problems.append(f"low and high of integer factor {name} must be whole numbers, got {low} and {high}.")
    return problems


def _path_faults(values: Mapping[str, Json]) -> Iterator[str]:
    for path, value in values.items():
        if not PATH.fullmatch(path):
            yield _bad_path(path)
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError):
            yield f"The value of {path} must be JSON (text, number, boolean, list, object), got {value!r}."


def _bad_path(path: str) -> str:
    return f"A path must be names joined by dots, such as multitask.sampler.name; got {path!r}."


def _grid_faults(name: str, factors: Sequence[Factor], design: Design, rows: Mapping[str, Choices]) -> Iterator[str]:
    if design == "search" and rows:
        yield f"Space {name} has rows, which only a grid runs: add design='grid', or make them recipes."
    if design == "grid":
        for place in trees.places(factors):
            if place.factor.is_continuous():
                yield f"Space {name} is a grid, so factor {place.name} cannot be a range: give it levels."


def _recipe_faults(
    name: str,
    factors: Sequence[Factor],
    recipes: Sequence[Recipe],
    rows: Mapping[str, Choices],
    constraints: Sequence[Constraint],
) -> Iterator[str]:
    yield from (f"Recipe {title} is listed twice in space {name}." for title in _repeated([r.name for r in recipes]))
    yield from (f"Recipe {r.name} needs a source: where it is from." for r in recipes if not r.source.strip())
    named = {f"recipe {r.name}": r.choices for r in recipes} | {f"row {label}": row for label, row in rows.items()}
    for title, choices in named.items():
        whole = {**choices, **trees.complete(factors, choices)}
        problems = [*trees.faults(name, factors, whole), *exclusions.faults(name, constraints, whole)]
        yield from (f"{title}: {fault}" for fault in problems)


class _Assignment(NamedTuple):
    """A path that a choice sets: the value (JSON, or words for a range), the choice, and its conditions."""

    path: str
    value: str
    choice: str
    conditions: Mapping[str, str]


def _assignments(factors: Sequence[Factor]) -> Iterator[_Assignment]:
    for place in trees.places(factors):
        conditions = {condition.factor: condition.level for condition in place.conditions}
        if place.factor.range is not None:
            yield _Assignment(place.factor.range.path, f"a number of {place.name}", place.name, conditions)
        for level in place.factor.levels:
            values = {path: json.dumps(value, sort_keys=True) for path, value in level.set.items()}
            multiples = {path: f"{times:g} times what it follows" for path, times in level.scale.items()}
            for path, value in [*values.items(), *multiples.items()]:
                yield _Assignment(path, value, f"{place.name}={level.name}", {**conditions, place.name: level.name})


def _conflicts(factors: Sequence[Factor], base: Mapping[str, Json]) -> list[str]:
    """Return paths set to different values by two compatible choices, and paths inside a plain value."""
    problems = []
    assignments = list(_assignments(factors))
    for one, other in combinations(assignments, 2):
        if any(other.conditions.get(factor, level) != level for factor, level in one.conditions.items()):
            continue  # two levels of one factor are never chosen together
        if one.path == other.path and one.value != other.value:
            problems.append(
                f"{one.choice} and {other.choice} both set {one.path}, to {one.value} and {other.value}: "
                f"let one factor own the path."
            )
        elif _inside(one.path, other.path) or _inside(other.path, one.path):
            both = f"{one.choice} sets {one.path} and {other.choice} sets {other.path}"
            problems.append(f"{both}: one is inside the other.")
    for path in [*(each.path for each in assignments), *base]:
        problems += [
            f"{path} is inside {outer}, which the base sets to {value!r}."
            for outer, value in base.items()
            if _inside(path, outer) and not isinstance(value, Mapping)
        ]
    return list(dict.fromkeys(problems))


def _inside(path: str, outer: str) -> bool:
    return path.startswith(f"{outer}.")
