"""Shared factors fitted to one space: another baseline, fewer levels, one fixed value, or steps of a range.

A factor keeps its name, the paths it sets and its meaning, so results of two spaces can be compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from search_spaces.grammar.pinning import pin_factors
from search_spaces.grammar.terms import Choice, Factor, Level, Role, SpaceError, did_you_mean


def with_baseline(
    factor: Factor,
    baseline: str,
    *,
    keep: tuple[str, ...] = (),
    role: Role | None = None,
    inner: Mapping[str, Choice] | None = None,
) -> Factor:
    """Return `factor` with another baseline, only the levels `keep` (all if empty), and another role if given.

    `inner` gives conditional factors one value, by their name below the factor: `{"last_k.layers": "2"}`.

    Raises:
        SpaceError: if a level does not exist.
    """
    for name in (baseline, *keep):
        _require(factor, name)
    kept = keep or factor.level_names()
    pins = {f"{factor.name}.{name}": choice for name, choice in (inner or {}).items()}
    (pinned,) = pin_factors((factor,), pins)
    levels = tuple(level for level in pinned.levels if level.name in kept)
    return replace(factor, baseline=baseline, levels=levels, role=role or factor.role)


def fixed(factor: Factor, choice: Choice, reason: str, inner: Mapping[str, Choice] | None = None) -> Factor:
    """Return `factor` fixed at one level, or its range at one number; `reason` is what a reader must know about it."""
    if factor.range is not None:
        (narrowed,) = pin_factors((factor,), {factor.name: choice})
    else:
        narrowed = with_baseline(factor, str(choice), keep=(str(choice),), inner=inner)
    return replace(narrowed, role="fixed", reason=reason)


def steps(factor: Factor, baseline: str, *others: str, role: Role = "scientific") -> Factor:
    """Return a range as levels: numbers written as they should be displayed ("1e-5"), the baseline first.

    Raises:
        SpaceError: if the factor has levels already.
    """
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
