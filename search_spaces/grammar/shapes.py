"""Type checks of a space's parts: a number for a text, one level for a tuple of levels.

`definition.py` checks the content of the parts once their types are right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from search_spaces.grammar.terms import Constraint, Factor, Level, Range, Recipe

# The usual mistake: (Level(...)) is not a tuple.
_COMMA = ": write a single one with a comma, as (x,)."


def faults(
    name: object,
    goal: object,
    factors: object,
    design: object,
    base: object,
    recipes: object,
    rows: object,
    constraints: object,
) -> list[str]:
    """Return every part of the wrong type, one sentence each; `definition.faults` relies on there being none."""
    if not all(isinstance(given, tuple) for given in (factors, recipes, constraints)):
        return [f"factors, recipes and constraints must be tuples{_COMMA}"]
    assert isinstance(factors, tuple) and isinstance(recipes, tuple) and isinstance(constraints, tuple)
    return [
        *_texts("of a space", name=name, goal=goal, design=design),
        *_mapping("base of a space", base),
        *_rows(rows),
        *(fault for recipe in recipes for fault in _recipe(recipe)),
        *(fault for constraint in constraints for fault in _constraint(constraint)),
        *(fault for factor in factors for fault in _factor(factor)),
    ]


def _factor(factor: object) -> Iterator[str]:
    if not isinstance(factor, Factor):
        yield f"factors must be Factor, got {factor!r}."
        return
    whose = f"of factor {factor.name}"
    yield from _texts(whose, name=factor.name, role=factor.role, about=factor.about, reason=factor.reason)
    if not isinstance(factor.baseline, str) and not _is_number(factor.baseline):
        yield f"baseline {whose} must be the name of a level or a number, got {factor.baseline!r}."
    if not isinstance(factor.levels, tuple):
        yield f"levels {whose} must be a tuple{_COMMA}"
    else:
        yield from (fault for level in factor.levels for fault in _level(factor, level))
    if factor.range is not None:
        yield from _range(whose, factor.range)


def _range(whose: str, bounds: object) -> Iterator[str]:
    if not isinstance(bounds, Range):
        yield f"range {whose} must be a Range, got {bounds!r}."
        return
    yield from _texts(f"of the range {whose}", path=bounds.path)
    for side in ("low", "high"):
        if not _is_number(getattr(bounds, side)):
            yield f"{side} {whose} must be a number, got {getattr(bounds, side)!r}."
    for mark in ("log", "integer"):
        if not isinstance(getattr(bounds, mark), bool):
            yield f"{mark} {whose} must be True or False, got {getattr(bounds, mark)!r}."


def _level(factor: Factor, level: object) -> Iterator[str]:
    if not isinstance(level, Level):
        yield f"levels of factor {factor.name} must be Level, got {level!r}."
        return
    whose = f"of level {level.name} of factor {factor.name}"
    yield from _texts(whose, name=level.name, note=level.note)
    yield from _mapping(f"set {whose}", level.set)
    yield from _mapping(f"scale {whose}", level.scale, "paths to numbers")
    if isinstance(level.scale, Mapping):
        wrong = [times for times in level.scale.values() if not _is_number(times)]
        yield from (f"scale {whose} must map paths to numbers, got {times!r}." for times in wrong)
    if not isinstance(level.factors, tuple):
        yield f"factors {whose} must be a tuple{_COMMA}"
    else:
        yield from (fault for inner in level.factors for fault in _factor(inner))


def _recipe(recipe: object) -> Iterator[str]:
    if not isinstance(recipe, Recipe):
        yield f"recipes must be Recipe, got {recipe!r}."
        return
    yield from _texts(f"of recipe {recipe.name}", name=recipe.name, source=recipe.source, note=recipe.note)
    yield from _mapping(f"choices of recipe {recipe.name}", recipe.choices, "factors to choices")


def _rows(rows: object) -> Iterator[str]:
    yield from _mapping("rows of a space", rows, "labels to choices")
    if isinstance(rows, Mapping):
        for label, row in rows.items():
            yield from _mapping(f"row {label}", row, "factors to choices")


def _constraint(constraint: object) -> Iterator[str]:
    if not isinstance(constraint, Constraint):
        yield f"constraints must be Constraint, got {constraint!r}."
        return
    yield from _texts("of a constraint", reason=constraint.reason)
    for side, levels in (("when", constraint.when), ("forbid", constraint.forbid)):
        yield from _mapping(f"{side} of a constraint", levels, "factors to tuples of levels")
        if isinstance(levels, Mapping):
            for factor, names in levels.items():
                if not isinstance(names, tuple) or not all(isinstance(each, str) for each in names):
                    yield f"Levels of {factor} in a constraint must be a tuple, one alone as (x,); got {names!r}."


def _texts(whose: str, **texts: object) -> Iterator[str]:
    for field, text in texts.items():
        if not isinstance(text, str):
            yield f"{field} {whose} must be text, got {text!r}."


def _mapping(what: str, given: object, kind: str = "paths to values") -> Iterator[str]:
    if not isinstance(given, Mapping) or not all(isinstance(key, str) for key in given):
        yield f"{what} must map {kind}, got {given!r}."


def _is_number(value: object) -> bool:
    """Return whether it is a number that a float can represent; True and False are not."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        float(value)
    except OverflowError:
        return False
    return True
