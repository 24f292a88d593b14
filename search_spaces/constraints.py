"""Levels that cannot go together: which choices a space forbids, why, and the nearest ones it allows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from search_spaces import choices as walking
from search_spaces.terms import Choice, Choices, Constraint, Factor, did_you_mean

Constraints = Sequence[Constraint]


def violates(constraint: Constraint, choices: Choices) -> bool:
    """Whether choices (complete or not) have all levels of `when` and one that it forbids."""
    return all(choices.get(name) in levels for name, levels in constraint.when.items()) and any(
        choices.get(name) in levels for name, levels in constraint.forbid.items()
    )


def allows(constraints: Constraints, choices: Choices) -> bool:
    """Whether choices (complete or not) have nothing that cannot go together."""
    return not any(violates(constraint, choices) for constraint in constraints)


def faults(space: str, constraints: Constraints, choices: Choices) -> list[str]:
    """Each pair of levels that cannot go together in these choices, with the reason and the way out."""
    return [_fault(space, constraint, choices) for constraint in constraints if violates(constraint, choices)]


def _fault(space: str, constraint: Constraint, choices: Choices) -> str:
    when, forbidden = _chosen(constraint.when, choices), _chosen(constraint.forbid, choices)
    return (
        f"{', '.join(f'{name}={choices[name]}' for name in when)} cannot go with "
        f"{' or '.join(f'{name}={choices[name]}' for name in forbidden)} in space {space}: "
        f"{constraint.reason.rstrip('.')}. Choose another level of {' or '.join([*when, *forbidden])}."
    )


def _chosen(levels: Mapping[str, tuple[str, ...]], choices: Choices) -> list[str]:
    """The factors that have one of these levels."""
    return [name for name in levels if choices.get(name) in levels[name]]


def nearest(factors: Sequence[Factor], constraints: Constraints, choices: Choices) -> dict[str, Choice]:
    """Complete choices that are allowed: where two levels cannot go together, one is put at its baseline.

    That is the forbidden one, or, where its baseline is forbidden as well, what forbids it. Depends on nothing but
    its arguments, and ends: it only ever puts factors at their baselines, and all baselines together are allowed.
    """
    baselines = {place.name: place.factor.baseline for place in walking.places(factors)}
    found = walking.complete(factors, choices)
    while violated := next((c for c in constraints if violates(c, found)), None):
        wrong = _chosen(violated.forbid, found)
        helpless = any(baselines[name] in violated.forbid[name] for name in wrong)
        back = violated.when if helpless else wrong
        found = walking.complete(factors, {**found, **{name: baselines[name] for name in back}})
    return found


def allowed_part(constraints: Constraints, factor: Factor, name: str, chosen: Choices) -> Factor:
    """The factor with those of its levels that go with what is `chosen` already; all of them where none does."""
    if factor.range is not None or not any(name in {**c.when, **c.forbid} for c in constraints):
        return factor
    levels = tuple(level for level in factor.levels if allows(constraints, {**chosen, name: level.name}))
    return replace(factor, levels=levels) if levels else factor


def size(factors: Sequence[Factor], constraints: Constraints) -> int:
    """How many choices are allowed; a range counts once. Only constrained factors are gone through one by one."""
    constrained = {name for c in constraints for name in (*c.when, *c.forbid)}
    options = [_alike(_options(factor, factor.name, constrained), constraints) for factor in factors]
    free = math.prod(count for ((told, count),) in (o for o in options if len(o) == 1) if not told)
    return free * _count([o for o in options if len(o) > 1 or o[0][0]], {}, constraints)


def _options(factor: Factor, name: str, constrained: set[str]) -> list[tuple[dict[str, Choice], int]]:
    """What can be chosen of constrained factors in this branch, and how many choices each of these stands for."""
    if not any(other == name or other.startswith(f"{name}.") for other in constrained):
        return [({}, walking.size([factor]))]
    found: list[tuple[dict[str, Choice], int]] = []
    for level in factor.levels:
        inner: list[tuple[dict[str, Choice], int]] = [({name: level.name}, 1)]
        for below in level.factors:
            further = _options(below, f"{name}.{level.name}.{below.name}", constrained)
            inner = [(one | other, times * count) for one, times in inner for other, count in further]
        found += inner
    return found


def _alike(
    options: list[tuple[dict[str, Choice], int]], constraints: Constraints
) -> list[tuple[dict[str, Choice], int]]:
    """One option for all that the constraints cannot tell apart, which stands for as many choices as they together."""
    found: dict[tuple[bool, ...], tuple[dict[str, Choice], int]] = {}
    spoken_of = [(name, levels) for c in constraints for told in (c.when, c.forbid) for name, levels in told.items()]
    for chosen, count in options:
        key = tuple(chosen.get(name) in levels for name, levels in spoken_of)
        found[key] = (chosen, found[key][1] + count if key in found else count)
    return list(found.values())


def _count(
    options: Sequence[list[tuple[dict[str, Choice], int]]], chosen: dict[str, Choice], constraints: Constraints
) -> int:
    if not allows(constraints, chosen):
        return 0
    if not options:
        return 1
    return sum(count * _count(options[1:], chosen | one, constraints) for one, count in options[0])


def within(factors: Sequence[Factor], constraints: Constraints) -> tuple[Constraint, ...]:
    """What of the constraints speaks of factors and levels that exist in this tree."""
    known = {place.name: place.factor.level_names() for place in walking.places(factors)}

    def existing(levels: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        return {name: tuple(level for level in told if level in known.get(name, ())) for name, told in levels.items()}

    found = []
    for constraint in constraints:
        when = existing(constraint.when)
        forbid = {name: levels for name, levels in existing(constraint.forbid).items() if levels}
        if forbid and all(when.values()):
            found.append(replace(constraint, when=when, forbid=forbid))
    return tuple(found)


def definition_faults(name: str, factors: Sequence[Factor], constraints: Constraints) -> Iterator[str]:
    """What is wrong with the constraints of a space: names that do not exist, no reason, a forbidden baseline."""
    known = {place.name: place.factor for place in walking.places(factors)}
    for constraint in constraints:
        if not constraint.reason.strip():
            yield f"A constraint of space {name} needs a reason: why the levels cannot go together."
        if not constraint.when or not constraint.forbid or set(constraint.when) & set(constraint.forbid):
            yield f"A constraint of space {name} needs `when` and `forbid`, of different factors: {constraint.reason}"
        for factor, levels in [*constraint.when.items(), *constraint.forbid.items()]:
            if factor not in known:
                yield walking.unknown_factor(name, factor, known)
            elif known[factor].range is not None:
                yield f"Factor {factor} of space {name} is a range, of which a constraint cannot speak: give it levels."
            elif not levels:
                yield f"Levels of {factor} in a constraint must be a tuple, one alone as (x,); got {levels!r}."
            else:
                yield from _unknown_levels(name, known[factor], factor, levels)


def _unknown_levels(space: str, factor: Factor, name: str, levels: Sequence[str]) -> Iterator[str]:
    for level in levels:
        if factor.level(level) is None:
            levels_there = factor.level_names()
            hint = did_you_mean(level, levels_there)
            yield f"No level {level!r} in factor {name} of space {space}.{hint} Levels: {', '.join(levels_there)}."
