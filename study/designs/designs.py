"""The configurations of an experiment: one change at a time, factorial parts, pairs, the greedy path.

Functions of a space alone, which run nothing. Configurations that the space's constraints forbid are left out, and
reported.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from search_spaces.grammar import Choice, Choices, Space, choose
from study.designs.factorial import FactorialDesign, resolution_iv_design


@dataclass(frozen=True)
class CellPlan:
    """A configuration that a phase needs, and the change that distinguishes it.

    `task`: train on this task alone; `first_sentences`: train on the sentences of the first fresh seed, whatever the
    run's (`--vary train`).
    """

    name: str
    design: str
    choices: dict[str, Choice]
    factor: str | None = None
    from_level: str | None = None
    to_level: str | None = None
    task: str | None = None
    first_sentences: bool = False


@dataclass(frozen=True)
class Forbidden:
    """A single change that the space's constraints forbid, with the reason."""

    factor: str
    from_level: str
    to_level: str
    reason: str


@dataclass(frozen=True)
class FactorialPlan:
    """The configurations of a factorial part, and the combinations that the space forbids.

    `names` are the factors in the order of the design's columns. `design` is the fraction, whose `signs` have a row per
    combination, forbidden ones included; None: every combination is run.
    """

    names: tuple[str, ...]
    combinations: tuple[dict[str, Choice], ...]
    forbidden: tuple[dict[str, Choice], ...]
    design: FactorialDesign | None = None

    @property
    def aliases(self) -> tuple[tuple[tuple[str, str], ...], ...]:
        """Groups of pairs of factors whose interactions are aliased."""
        groups = self.design.aliases if self.design else ()
        return tuple(tuple((self.names[i], self.names[j]) for i, j in group) for group in groups)


def leave_one_out(space: Space, best: Choices) -> list[CellPlan]:
    """Return `best` with one factor at a time at the baseline's level, or its default if the baseline lacks it."""
    baseline, cells = space.baseline(), []
    for name, factor in space.active(best):
        like = baseline if name in baseline else None
        standard = baseline.get(name, factor.baseline)
        if best[name] != standard and not space.why_not(best, name, standard, like=like):
            changed = space.change(best, name, standard, like=like)
            cells.append(_cell("leave_one_out", name, best[name], standard, changed))
    return cells


def one_at_a_time(space: Space, around: Choices) -> list[CellPlan]:
    """Return every other level of every factor, one at a time; continuous factors have none."""
    return [
        _cell("one_at_a_time", change.factor, change.from_level, change.to_level, dict(change.choices))
        for change in space.alternatives(around)
    ]


def add_one_in(space: Space, best: Choices) -> list[CellPlan]:
    """Return the baseline with one factor at a time at its level of `best`, with that level's conditional factors."""
    return _steps(space, "add_one_in", space.baseline(), best)


def path_steps(space: Space, at: Choices, best: Choices) -> list[CellPlan]:
    """Return the next steps of the greedy path from `at` to `best`: each allowed single change to a level of `best`.

    Without an allowed single change, the only step makes all remaining changes at once: `best` itself.
    """
    if dict(at) == dict(best):
        return []
    return _steps(space, "path", at, best) or [CellPlan("path:best", "path", dict(best))]


def full_factorial(space: Space, around: Choices, other: Choices, names: Sequence[str]) -> FactorialPlan:
    """Return every combination of the two levels of these factors; other factors are as in `around`."""
    levels = product(*((around[name], other[name]) for name in names))
    combined = [dict(zip(names, chosen, strict=True)) for chosen in levels]
    return _factorial(space, around, other, names, combined)


def fractional_factorial(space: Space, low: Choices, high: Choices, names: Sequence[str]) -> FactorialPlan:
    """Return a fraction of resolution IV of these factors, in which `low` and `high` differ.

    Main effects are free of two-factor interactions; `aliases` has the interactions that are confounded.
    """
    design = resolution_iv_design(len(names))
    combined = [
        {name: (high if sign > 0 else low)[name] for name, sign in zip(names, row, strict=True)} for row in design.signs
    ]
    return _factorial(space, low, high, names, combined, design)


def pairs(space: Space, low: Choices, high: Choices) -> list[FactorialPlan]:
    """Return for each pair of factors its four configurations: neither, the first, the second, both as in `high`.

    Other factors are as in `low`. A pair with a `forbidden` configuration has no measurable interaction.
    """
    return [
        _factorial(space, low, high, pair, [{}, *({name: high[name]} for name in pair), {n: high[n] for n in pair}])
        for pair in combinations(differing(space, low, high), 2)
    ]


def differing(space: Space, low: Choices, high: Choices) -> tuple[str, ...]:
    """Return the factors that exist in both configurations and differ, in the space's order."""
    return tuple(d.factor for d in space.differences(low, high) if d.first is not None and d.second is not None)


def forbidden_changes(space: Space, best: Choices) -> list[Forbidden]:
    """Return every single change of the best that the space forbids, with the reasons."""
    baseline, forbidden = space.baseline(), []
    for name, factor in space.active(best):
        for level in factor.level_names():
            reasons = space.why_not(best, name, level) if level != best[name] else ()
            back = level == baseline.get(name) and not space.why_not(best, name, level, like=baseline)
            if reasons and not back:
                forbidden.append(Forbidden(name, str(best[name]), level, " ".join(reasons)))
    return forbidden


def _steps(space: Space, design: str, at: Choices, best: Choices) -> list[CellPlan]:
    return [
        _cell(design, name, at[name], best[name], space.change(at, name, best[name], like=best))
        for name in differing(space, at, best)
        if not space.why_not(at, name, best[name], like=best)
    ]


def _factorial(
    space: Space,
    around: Choices,
    like: Choices,
    names: Sequence[str],
    combined: Iterable[Mapping[str, Choice]],
    design: FactorialDesign | None = None,
) -> FactorialPlan:
    allowed: list[dict[str, Choice]] = []
    forbidden: list[dict[str, Choice]] = []
    for chosen in combined:
        choices = _complete(space, {**like, **around, **chosen})
        clashes = names[0] in choices and bool(space.why_not(choices, names[0], choices[names[0]]))
        (forbidden if clashes else allowed).append(choices)
    return FactorialPlan(tuple(names), tuple(allowed), tuple(forbidden), design)


def _complete(space: Space, levels: Choices) -> dict[str, Choice]:
    """Return the choices of all active factors, at `levels` or their default; constraints are not checked."""
    return choose(space.factors, lambda name, factor: levels.get(name, factor.baseline))


def _cell(design: str, factor: str, before: Choice, after: Choice, choices: dict[str, Choice]) -> CellPlan:
    return CellPlan(f"{design}:{factor}={after}", design, choices, factor, str(before), str(after))
