"""Shared factors made to fit one space: another baseline, fewer levels, one value that is fixed, steps of a range.

A factor keeps its name, the paths it sets and its meaning; so results of two spaces speak of the same thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from search_spaces.pinning import pin
from search_spaces.terms import Choice, Factor, Level, Role, SpaceError, did_you_mean


def with_baseline(
    factor: Factor,
    baseline: str,
    *,
    keep: tuple[str, ...] = (),
    role: Role | None = None,
    inner: Mapping[str, Choice] | None = None,
) -> Factor:
    """`factor` with another baseline, the levels `keep` alone (all when empty) and another role if given.

    `inner` gives conditional factors one value, by their name below the factor: `{"last_k.layers": "2"}`. Raises
    `SpaceError` where there is no such level.
    """
    for name in (baseline, *keep):
        _require(factor, name)
    kept = keep or factor.level_names()
    pins = {f"{factor.name}.{name}": choice for name, choice in (inner or {}).items()}
    (pinned,) = pin((factor,), pins)
    levels = tuple(level for level in pinned.levels if level.name in kept)
    return replace(factor, baseline=baseline, levels=levels, role=role or factor.role)


def fixed(factor: Factor, choice: Choice, reason: str, inner: Mapping[str, Choice] | None = None) -> Factor:
    """`factor` at one level, or its range at one number, with what a reader must know about it."""
    if factor.range is not None:
        (narrowed,) = pin((factor,), {factor.name: choice})
    else:
        narrowed = with_baseline(factor, str(choice), keep=(str(choice),), inner=inner)
    return replace(narrowed, role="fixed", reason=reason)


def steps(factor: Factor, baseline: str, *others: str, role: Role = "scientific") -> Factor:
    """A range as levels: numbers, written as they are to be read ("1e-5"), the baseline first."""
    if factor.range is None:
        raise SpaceError([f"Factor {factor.name} has levels already: {', '.join(factor.level_names())}."])
    bounds = factor.range
    levels = tuple(Level(text, {bounds.path: float(text)}) for text in (baseline, *others))
    return replace(factor, baseline=baseline, levels=levels, range=None, role=role)


def _require(factor: Factor, name: str) -> None:
    if factor.level(name) is None:
        hint = did_you_mean(name, factor.level_names())
        raise SpaceError(
            [f"No level {name!r} in factor {factor.name}.{hint} Levels: {', '.join(factor.level_names())}."]
        )
