"""Levels that cannot be combined: which choices a space forbids, why, and the nearest ones it allows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from search_spaces.grammar import choices as trees
from search_spaces.grammar.terms import Choice, Choices, Constraint, Factor

Constraints: TypeAlias = Sequence[Constraint]
# Choices of the constrained factors in one branch of the tree, and the number of configurations they represent.
Options: TypeAlias = list[tuple[dict[str, Choice], int]]


def violates(constraint: Constraint, choices: Choices) -> bool:
    """Return whether choices (complete or not) have all levels of `when` and one that is forbidden."""
    return all(choices.get(name) in levels for name, levels in constraint.when.items()) and any(
        choices.get(name) in levels for name, levels in constraint.forbid.items()
    )


def allows(constraints: Constraints, choices: Choices) -> bool:
    """Return whether choices (complete or not) violate no constraint."""
    return not any(violates(constraint, choices) for constraint in constraints)


def faults(space: str, constraints: Constraints, choices: Choices) -> list[str]:
    """Return one fault per violated constraint, with its reason and the way out."""
    return [_fault(space, constraint, choices) for constraint in constraints if violates(constraint, choices)]


def _fault(space: str, constraint: Constraint, choices: Choices) -> str:
    when, forbidden = _chosen(constraint.when, choices), _chosen(constraint.forbid, choices)
    return (
        f"{', '.join(f'{name}={choices[name]}' for name in when)} cannot be combined with "
        f"{' or '.join(f'{name}={choices[name]}' for name in forbidden)} in space {space}: "
        f"{constraint.reason.rstrip('.')}. Choose another level of {' or '.join([*when, *forbidden])}."
    )


def _chosen(levels: Mapping[str, tuple[str, ...]], choices: Choices) -> list[str]:
    """Return the factors that have one of these levels."""
    return [name for name in levels if choices.get(name) in levels[name]]


def nearest(factors: Sequence[Factor], constraints: Constraints, choices: Choices) -> dict[str, Choice]:
    """Return allowed, complete choices: of two conflicting levels, one is reset to its factor's baseline.

    The forbidden one is reset, or the one that forbids it if the baseline is forbidden too. Deterministic, and it
    terminates: factors are only ever reset to their baselines, and all baselines together are allowed.
    """
    baselines = {place.name: place.factor.baseline for place in trees.places(factors)}
    allowed = trees.complete(factors, choices)
    while violated := next((c for c in constraints if violates(c, allowed)), None):
        wrong = _chosen(violated.forbid, allowed)
        baseline_forbidden = any(baselines[name] in violated.forbid[name] for name in wrong)
        back = violated.when if baseline_forbidden else wrong
        allowed = trees.complete(factors, {**allowed, **{name: baselines[name] for name in back}})
    return allowed


def allowed_part(constraints: Constraints, factor: Factor, name: str, chosen: Choices) -> Factor:
    """Return the factor with only the levels that are allowed beside `chosen`; all of them if none is."""
    if factor.range is not None or not any(name in {**c.when, **c.forbid} for c in constraints):
        return factor
    levels = tuple(level for level in factor.levels if allows(constraints, {**chosen, name: level.name}))
    return replace(factor, levels=levels) if levels else factor


def size(factors: Sequence[Factor], constraints: Constraints) -> int:
    """Return the number of allowed choices; a range counts once. Only constrained factors are enumerated."""
    constrained = {name for c in constraints for name in (*c.when, *c.forbid)}
    options = [_alike(_options(factor, factor.name, constrained), constraints) for factor in factors]
    free = math.prod(count for ((chosen, count),) in (o for o in options if len(o) == 1) if not chosen)
    return free * _count([o for o in options if len(o) > 1 or o[0][0]], {}, constraints)


def _options(factor: Factor, name: str, constrained: set[str]) -> Options:
    """Return the options of the constrained factors in this branch."""
    if not any(other == name or other.startswith(f"{name}.") for other in constrained):
        return [({}, trees.size([factor]))]
    options: Options = []
    for level in factor.levels:
        inner: Options = [({name: level.name}, 1)]
        for below in level.factors:
            further = _options(below, f"{name}.{level.name}.{below.name}", constrained)
            inner = [(one | other, times * count) for one, times in inner for other, count in further]
        options += inner
    return options


def _alike(options: Options, constraints: Constraints) -> Options:
    """Merge the options that no constraint distinguishes, adding up their numbers of configurations."""
    merged: dict[tuple[bool, ...], tuple[dict[str, Choice], int]] = {}
    constrained = [(name, levels) for c in constraints for side in (c.when, c.forbid) for name, levels in side.items()]
    for chosen, count in options:
        key = tuple(chosen.get(name) in levels for name, levels in constrained)
        merged[key] = (chosen, merged[key][1] + count if key in merged else count)
    return list(merged.values())


def _count(options: Sequence[Options], chosen: dict[str, Choice], constraints: Constraints) -> int:
    if not allows(constraints, chosen):
        return 0
    if not options:
        return 1
    return sum(count * _count(options[1:], chosen | one, constraints) for one, count in options[0])


def within(factors: Sequence[Factor], constraints: Constraints) -> tuple[Constraint, ...]:
    """Return the constraints restricted to the factors and levels that exist in this tree."""
    known = {place.name: place.factor.level_names() for place in trees.places(factors)}

    def existing(levels: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        return {name: tuple(level for level in all_ if level in known.get(name, ())) for name, all_ in levels.items()}

    existing_constraints = []
    for constraint in constraints:
        when = existing(constraint.when)
        forbid = {name: levels for name, levels in existing(constraint.forbid).items() if levels}
        if forbid and all(when.values()):
            existing_constraints.append(replace(constraint, when=when, forbid=forbid))
    return tuple(existing_constraints)


def definition_faults(name: str, factors: Sequence[Factor], constraints: Constraints) -> Iterator[str]:
    """Yield the faults of a space's constraints: unknown factors and levels, a missing reason, an empty side."""
    known = {place.name: place.factor for place in trees.places(factors)}
    for constraint in constraints:
        if not constraint.reason.strip():
            yield f"A constraint of space {name} needs a reason: why the levels cannot be combined."
        if not constraint.when or not constraint.forbid or set(constraint.when) & set(constraint.forbid):
            yield f"A constraint of space {name} needs `when` and `forbid`, of different factors: {constraint.reason}"
        for factor, levels in [*constraint.when.items(), *constraint.forbid.items()]:
            if factor not in known:
                yield trees.unknown_factor(name, factor, known)
            elif known[factor].range is not None:
                yield f"Factor {factor} of space {name} is a range, which a constraint cannot name: give it levels."
            else:
                yield from (f for level in levels for f in trees.choice_faults(name, factor, known[factor], level))
