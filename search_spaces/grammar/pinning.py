"""Pinning: the smaller space in which some factors have a single level (`--set factor=level`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from search_spaces.grammar import choices as trees
from search_spaces.grammar import constraints
from search_spaces.grammar.space import Space
from search_spaces.grammar.terms import Choice, Choices, Factor, SpaceError


def pin(space: Space, settings: Iterable[str] | Mapping[str, Choice]) -> Space:
    """Return the space with these factors at one level, their new baseline.

    `settings` are texts "factor=level" or pairs. Recipes and rows take the pinned value of nuisance factors; those with
    another level of a pinned scientific factor are dropped.

    Raises:
        SpaceError: listing all faults of the settings, or if no row is left.
    """
    pins = settings if isinstance(settings, Mapping) else _parse_settings(space, settings)
    faults = _pin_faults(space, pins)
    if faults:
        raise SpaceError(faults)
    recipes = [(recipe, _carried(space, recipe.choices, pins)) for recipe in space.recipes]
    rows = {label: _carried(space, row, pins) for label, row in space.rows.items()}
    kept = {label: row for label, row in rows.items() if row is not None}
    if space.rows and not kept:
        listed = ", ".join(f"{name}={value}" for name, value in pins.items())
        raise SpaceError([f"No row of space {space.name} has {listed}. Rows: {', '.join(space.rows)}."])
    factors = pin_factors(space.factors, pins)
    return replace(
        space,
        factors=factors,
        constraints=constraints.within(factors, space.constraints),
        recipes=tuple(replace(recipe, choices=choices) for recipe, choices in recipes if choices is not None),
        rows=kept,
        primary=trees.existing(factors, space.primary),
    )


def parse_setting(space: Space, text: str) -> tuple[str, Choice]:
    """Return the full factor name and the choice of a text "factor=level".

    Raises:
        SpaceError: if the text has no "=", or the factor or level does not exist.
    """
    name, equals, value = (part.strip() for part in text.partition("="))
    if not equals:
        raise SpaceError([f"A setting is written factor=level, got {text!r}."])
    known = {place.name: place.factor for place in trees.places(space.factors)}
    if name not in known:
        raise SpaceError([trees.unknown_factor(space.name, name, known)])
    bounds = known[name].range
    choice: Choice = value if bounds is None else _number(value, bounds.integer)
    faults = trees.choice_faults(space.name, name, known[name], choice)
    if faults:
        raise SpaceError(faults)
    return name, choice


def _number(text: str, integer: bool) -> Choice:
    """Return the number a text represents, or the text itself, which the check of the choice then refuses."""
    try:
        return int(text) if integer else float(text)
    except ValueError:
        return text


def _parse_settings(space: Space, texts: Iterable[str]) -> dict[str, Choice]:
    pins: dict[str, Choice] = {}
    faults: list[str] = []
    for text in texts:
        try:
            name, value = parse_setting(space, text)
        except SpaceError as error:
            faults += error.faults
            continue
        if pins.setdefault(name, value) != value:
            faults.append(f"Factor {name} is set twice, to {pins[name]!r} and to {value!r}: set it once.")
    if faults:
        raise SpaceError(faults)
    return pins


def _pin_faults(space: Space, pins: Choices) -> list[str]:
    """Return unknown factors and levels, and factors that cannot exist under another pin."""
    known = {place.name: place for place in trees.places(space.factors)}
    faults = [trees.unknown_factor(space.name, name, known) for name in pins if name not in known]
    for name, value in pins.items():
        if name not in known:
            continue
        faults += trees.choice_faults(space.name, name, known[name].factor, value)
        faults += [
            f"Factor {name} of space {space.name} exists only where {factor} is '{level}', but {factor} is set to "
            f"{pins[factor]!r}. Set one of the two."
            for factor, level in known[name].conditions
            if pins.get(factor, level) != level
        ]
    return faults


def pin_factors(factors: Sequence[Factor], pins: Choices, prefix: str = "") -> tuple[Factor, ...]:
    """Return the tree with each pinned factor at one level, or its range at one number: its baseline."""
    return tuple(_pinned(factor, pins, prefix + factor.name) for factor in factors)


def _pinned(factor: Factor, pins: Choices, name: str) -> Factor:
    choice = pins.get(name, factor.baseline)
    if factor.range is not None and name in pins:
        bounds = replace(factor.range, low=float(choice), high=float(choice))
        return replace(factor, baseline=choice, range=bounds)
    levels = tuple(
        replace(level, factors=pin_factors(level.factors, pins, f"{name}.{level.name}."))
        for level in factor.levels
        if name not in pins or level.name == choice
    )
    return replace(factor, baseline=choice, levels=levels)


def _carried(space: Space, choices: Choices, pins: Choices) -> dict[str, Choice] | None:
    """Return the choices completed in the pinned space; None if they are another question or forbidden there.

    A pinned nuisance or fixed factor takes the pinned value: another learning rate is the same recipe. A scientific
    factor at another level makes it another recipe.
    """
    whole = space.complete(choices)
    for name, factor in trees.active(space.factors, whole):
        if factor.role == "scientific" and pins.get(name, whole[name]) != whole[name]:
            return None
    carried = trees.complete(space.factors, {**whole, **pins})
    return carried if constraints.allows(space.constraints, carried) else None
