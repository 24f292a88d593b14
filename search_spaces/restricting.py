"""Leaving out: the smaller space in which some paths are not set, or not to some values (`--tasks`)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from search_spaces import choices as walking
from search_spaces.terms import Choice, Choices, Factor, Json, Level

# Path -> values that are not set there.
Values: TypeAlias = Mapping[str, Collection[Json]]


def without(factors: Sequence[Factor], paths: Sequence[str], values: Values) -> tuple[Factor, ...]:
    """The same tree without what it sets at or below `paths`, and without levels that set one of `values`.

    A factor with nothing left to set does not exist; one whose baseline is left out has its first other level there.
    """
    left = (_without(factor, paths, values) for factor in factors)
    return tuple(factor for factor in left if factor is not None)


def existing(factors: Sequence[Factor], choices: Choices) -> dict[str, Choice]:
    """Those of the choices whose factor, and level, there is in this tree."""
    known = {place.name: place.factor for place in walking.places(factors)}
    return {
        name: choice
        for name, choice in choices.items()
        if name in known and (known[name].range is not None or choice in known[name].level_names())
    }


def kept(values: Mapping[str, Json], paths: Sequence[str]) -> dict[str, Json]:
    """What is written to paths that lie neither at nor below `paths`; an object loses what lies there."""
    found: dict[str, Json] = {}
    for path, value in values.items():
        inside = [outer.removeprefix(f"{path}.") for outer in paths if outer.startswith(f"{path}.")]
        left = kept(value, inside) if inside and isinstance(value, Mapping) else value
        if not _below(path, paths) and (left or not value):
            found[path] = left
    return found


def _without(factor: Factor, paths: Sequence[str], values: Values) -> Factor | None:
    if factor.range is not None:
        return None if _below(factor.range.path, paths) else factor
    levels = tuple(
        replace(
            level,
            set=kept(level.set, paths),
            scale={path: times for path, times in level.scale.items() if not _below(path, paths)},
            factors=without(level.factors, paths, values),
        )
        for level in factor.levels
        if not _sets(level, values)
    )
    if levels == factor.levels:
        return factor
    if not any(level.set or level.scale or level.factors for level in levels):
        return None
    names = [level.name for level in levels]
    return replace(factor, levels=levels, baseline=factor.baseline if factor.baseline in names else names[0])


def _sets(level: Level, values: Values) -> bool:
    return any(path in values and value in values[path] for path, value in level.set.items())


def _below(path: str, paths: Sequence[str]) -> bool:
    return any(path == outer or path.startswith(f"{outer}.") for outer in paths)
