"""Pinning: the smaller space in which some factors have one level only (`--set factor=level`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from search_spaces import choices as walking
from search_spaces.terms import Choice, Choices, Factor, SpaceError


def parse_setting(space: str, factors: Sequence[Factor], text: str) -> tuple[str, Choice]:
    """The full factor name and the choice that "factor=level" speaks of; raises `SpaceError`."""
    name, equals, value = (part.strip() for part in text.partition("="))
    if not equals:
        raise SpaceError([f"A setting is written factor=level, got {text!r}."])
    known = {place.name: place.factor for place in walking.places(factors)}
    if name not in known:
        raise SpaceError([walking.unknown_factor(space, name, known)])
    bounds = known[name].range
    choice: Choice = value if bounds is None else _number(value, bounds.integer)
    faults = walking.choice_faults(space, name, known[name], choice)
    if faults:
        raise SpaceError(faults)
    return name, choice


def _number(text: str, integer: bool) -> Choice:
    """The number a text stands for, or the text itself, which the check of the choice then refuses."""
    try:
        return int(text) if integer else float(text)
    except ValueError:
        return text


def parse_settings(space: str, factors: Sequence[Factor], texts: Iterable[str]) -> dict[str, Choice]:
    """All settings together; raises `SpaceError` with all faults, a factor set to two levels among them."""
    pins: dict[str, Choice] = {}
    faults: list[str] = []
    for text in texts:
        try:
            name, value = parse_setting(space, factors, text)
        except SpaceError as error:
            faults += error.faults
            continue
        if pins.setdefault(name, value) != value:
            faults.append(f"Factor {name} is set twice, to {pins[name]!r} and to {value!r}: set it once.")
    if faults:
        raise SpaceError(faults)
    return pins


def pin_faults(space: str, factors: Sequence[Factor], pins: Choices) -> list[str]:
    """What is wrong with pins: unknown factors and levels, factors that another pin makes impossible."""
    known = {place.name: place for place in walking.places(factors)}
    faults = [walking.unknown_factor(space, name, known) for name in pins if name not in known]
    for name, value in pins.items():
        if name not in known:
            continue
        faults += walking.choice_faults(space, name, known[name].factor, value)
        faults += [
            f"Factor {name} of space {space} exists only where {factor} is '{level}', but {factor} is set to "
            f"{pins[factor]!r}. Set one of the two."
            for factor, level in known[name].conditions
            if pins.get(factor, level) != level
        ]
    return faults


def pin(factors: Sequence[Factor], pins: Choices, prefix: str = "") -> tuple[Factor, ...]:
    """The same tree with each pinned factor at one level, or its range at one number: its baseline."""
    return tuple(_pinned(factor, pins, prefix + factor.name) for factor in factors)


def _pinned(factor: Factor, pins: Choices, name: str) -> Factor:
    choice = pins.get(name, factor.baseline)
    if factor.range is not None and name in pins:
        bounds = replace(factor.range, low=float(choice), high=float(choice))
        return replace(factor, baseline=choice, range=bounds)
    levels = tuple(
        replace(level, factors=pin(level.factors, pins, f"{name}.{level.name}."))
        for level in factor.levels
        if name not in pins or level.name == choice
    )
    return replace(factor, baseline=choice, levels=levels)


def carry(factors: Sequence[Factor], pins: Choices, choices: Choices) -> dict[str, Choice] | None:
    """Complete choices taken into the pinned space; None where they are not the same thing there.

    A pinned nuisance or fixed factor takes the pinned value: another learning rate is the same recipe. A
    scientific factor at another level makes it another recipe. `factors` is the tree before pinning.
    """
    for name, factor in walking.active(factors, choices):
        if factor.role == "scientific" and pins.get(name, choices[name]) != choices[name]:
            return None
    return walking.complete(factors, {**choices, **pins})
