"""Restricting: the smaller space that does not set some paths, or not to some values (`--tasks`)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from search_spaces.grammar import choices as trees
from search_spaces.grammar import constraints
from search_spaces.grammar.space import Space
from search_spaces.grammar.terms import Choice, Choices, Factor, Json, Level

# Path -> values that must not be set there.
Values: TypeAlias = Mapping[str, Collection[Json]]


def without(space: Space, paths: Iterable[str], values: Values | None = None) -> Space:
    """Return the smaller space that sets nothing at or below these dotted paths, and none of the `values` of a path.

    Factors whose levels set nothing else disappear, as do levels that set such a value; recipes and rows lose their
    choice of them. `without(space, ["tasks.sst"])` asks the same question of the other tasks.

    Raises:
        SpaceError: if no factor is left.
    """
    left_out = tuple(paths)
    factors = _factors(space.factors, left_out, values or {})
    return replace(
        space,
        factors=factors,
        constraints=constraints.within(factors, space.constraints),
        base=_kept(space.base, left_out),
        recipes=tuple(replace(recipe, choices=_existing(factors, recipe.choices)) for recipe in space.recipes),
        rows={label: _existing(factors, row) for label, row in space.rows.items()},
        primary=trees.existing(factors, space.primary),
    )


def _factors(factors: Sequence[Factor], paths: Sequence[str], values: Values) -> tuple[Factor, ...]:
    """Return the tree without what it sets at or below `paths`, and without levels that set one of `values`.

    A factor that has nothing left to set is removed; if a baseline is removed, the first other level replaces it.
    """
    left = (_factor(factor, paths, values) for factor in factors)
    return tuple(factor for factor in left if factor is not None)


def _existing(factors: Sequence[Factor], choices: Choices) -> dict[str, Choice]:
    """Return the choices whose factor and level exist in this tree."""
    known = {place.name: place.factor for place in trees.places(factors)}
    return {
        name: choice
        for name, choice in choices.items()
        if name in known and (known[name].range is not None or choice in known[name].level_names())
    }


def _kept(values: Mapping[str, Json], paths: Sequence[str]) -> dict[str, Json]:
    """Return the values whose path is neither at nor below `paths`; objects lose the entries below `paths`."""
    remaining: dict[str, Json] = {}
    for path, value in values.items():
        inside = [outer.removeprefix(f"{path}.") for outer in paths if outer.startswith(f"{path}.")]
        left = _kept(value, inside) if inside and isinstance(value, Mapping) else value
        if not _below(path, paths) and (left or not value):
            remaining[path] = left
    return remaining


def _factor(factor: Factor, paths: Sequence[str], values: Values) -> Factor | None:
    if factor.range is not None:
        return None if _below(factor.range.path, paths) else factor
    levels = tuple(
        replace(
            level,
            set=_kept(level.set, paths),
            scale={path: times for path, times in level.scale.items() if not _below(path, paths)},
            factors=_factors(level.factors, paths, values),
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
