"""Type checks of a space's parts: a number for a text, one level for a tuple of levels.

`definition.py` checks the content of the parts once their types are right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from typing import Any

from search_spaces.grammar.terms import Constraint, Factor, Level, Range, Recipe


def _is_number(value: object) -> bool:
    """Return whether it is a number that a float can represent; True and False are not."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        float(value)
    except OverflowError:
        return False
    return True


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _maps(value: object, to: Callable[[Any], bool] = lambda _: True) -> bool:
    return isinstance(value, Mapping) and all(map(_is_text, value)) and all(map(to, value.values()))


def _are_texts(value: object) -> bool:
    return isinstance(value, tuple) and bool(value) and all(map(_is_text, value))


# Annotation of a field -> the parts it holds.
_PARTS = {f"tuple[{kind.__name__}, ...]": kind for kind in (Level, Factor, Recipe, Constraint)}
# Annotation of a field -> what a value must be, and the check.
_VALUES: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    **dict.fromkeys(("str", "Role", "Design"), ("be text", _is_text)),
    "bool": ("be True or False", lambda value: isinstance(value, bool)),
    "float": ("be a number", _is_number),
    "Choice": ("be the name of a level or a number", lambda value: _is_text(value) or _is_number(value)),
    "tuple[str, ...]": ("be a tuple of names, a single one as (x,)", lambda value: value == () or _are_texts(value)),
    "Choices": ("map factors to choices", _maps),
    "Mapping[str, Json]": ("map paths to values", _maps),
    "Mapping[str, float]": ("map paths to numbers", lambda value: _maps(value, _is_number)),
    "Mapping[str, Choices]": ("map labels to choices", lambda value: _maps(value, _maps)),
    "Mapping[str, tuple[str, ...]]": (
        "map factors to tuples of levels, a single one as (x,)",
        lambda value: _maps(value, _are_texts),
    ),
}


def faults(part: Any, whose: str = "of a space") -> Iterator[str]:
    """Yield a sentence for every field of a space, or of a part of one, that has the wrong type."""
    for field in fields(part):
        value, annotation = getattr(part, field.name), str(field.type)
        if annotation == "Range | None":
            yield from () if value is None else _part_faults(field.name, value, Range, whose)
        elif annotation not in _PARTS:
            kind, check = _VALUES[annotation]
            if not check(value):
                yield f"{field.name} {whose} must {kind}, got {value!r}."
        elif isinstance(value, tuple):
            yield from (fault for each in value for fault in _part_faults(field.name, each, _PARTS[annotation], whose))
        else:  # the usual mistake: (Level(...)) is not a tuple
            yield f"{field.name} {whose} must be a tuple: write a single one with a comma, as (x,)."


def _part_faults(field: str, part: Any, kind: type[Any], whose: str) -> Iterator[str]:
    if not isinstance(part, kind):
        yield f"{field} {whose} must be {kind.__name__}, got {part!r}."
    elif isinstance(part, Range):
        yield from faults(part, f"of the range {whose}")
    elif isinstance(part, Constraint):
        yield from faults(part, "of a constraint")
    else:
        yield from faults(part, f"of {kind.__name__.lower()} {part.name}{f' {whose}' if kind is Level else ''}")
