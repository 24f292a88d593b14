"""Which configurations an experiment needs: one change at a time, factorial parts, pairs, the greedy path.

Decisions on a space alone: what was measured comes in as numbers, and nothing is run. A configuration that the space's
constraints forbid is never asked for; designs say which they go without.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from results.factorial import FactorialDesign, resolution_iv_design
from search_spaces.grammar import Choice, Choices, Space, choose


@dataclass(frozen=True)
class CellPlan:
    """A configuration that a phase asks for, and what distinguishes it: the factor that was changed.

    `task`: the choices are to be trained on this task alone.
    """

    name: str
    design: str
    choices: dict[str, Choice]
    factor: str | None = None
    from_level: str | None = None
    to_level: str | None = None
    task: str | None = None


@dataclass(frozen=True)
class Forbidden:
    """A single change that cannot be made: the space's constraints do not allow what it would give, and why."""

    factor: str
    from_level: str
    to_level: str
    reason: str


@dataclass(frozen=True)
class FactorialPlan:
    """The cells of a factorial part, and the combinations it goes without because the space forbids them.

    `names` of the factors in the order of the design's columns. `design` is None where a factor has other than two
    levels; its `signs` have a row for each combination in order, forbidden ones included. `aliases` in words.
    """

    names: tuple[str, ...]
    cells: tuple[CellPlan, ...]
    forbidden: tuple[dict[str, Choice], ...]
    design: FactorialDesign | None = None

    @property
    def aliases(self) -> tuple[tuple[str, ...], ...]:
        """Groups of interactions that cannot be told apart, such as ("pooling x adapter", "schedule x sampler")."""
        if self.design is None:
            return ()
        return tuple(tuple(f"{self.names[i]} x {self.names[j]}" for i, j in group) for group in self.design.aliases)


def leave_one_out(space: Space, best: Choices) -> list[CellPlan]:
    """`best` with each factor alone back at its baseline; a factor that the baseline has not, at its own baseline."""
    baseline, cells = space.baseline(), []
    for name, factor in space.active(best):
        like = baseline if name in baseline else None
        standard = baseline.get(name, factor.baseline)
        if best[name] != standard and not space.why_not(best, name, standard, like=like):
            changed = space.change(best, name, standard, like=like)
            cells.append(_cell("leave_one_out", name, best[name], standard, changed))
    return cells


def one_at_a_time(space: Space, around: Choices) -> list[CellPlan]:
    """Every other level of every factor, one at a time; ranges have none."""
    return [
        _cell("one_at_a_time", other.factor, other.from_level, other.to_level, dict(other.choices))
        for other in space.alternatives(around)
    ]


def add_one_in(space: Space, best: Choices) -> list[CellPlan]:
    """The baseline with each factor alone at its level of `best`, whose conditional factors come with it."""
    return _steps(space, "add_one_in", space.baseline(), best)


def path_steps(space: Space, at: Choices, best: Choices) -> list[CellPlan]:
    """What the greedy path from `at` to `best` may do next: each single change to a level of `best` that is allowed.

    Empty where `at` is `best`. Where constraints allow no single change though the two differ, the way leads through
    all that is left at once: one cell, `best` itself.
    """
    if dict(at) == dict(best):
        return []
    return _steps(space, "path", at, best) or [CellPlan("path:best", "path", dict(best))]


def best_step(steps: Sequence[CellPlan], scores: Sequence[float]) -> CellPlan:
    """The step whose configuration scored highest, the first of equals: it helps most, or hurts least.

    `scores`: mean scores over the same seeds, one a step. The score chose the step, so it flatters it; the path is told
    with runs of fresh seeds.
    """
    if not steps or len(steps) != len(scores):
        raise ValueError(f"there must be a score for each of at least one step, got {len(scores)} for {len(steps)}")
    return max(zip(steps, scores, strict=True), key=lambda pair: pair[1])[0]


def full_factorial(space: Space, around: Choices, levels: Mapping[str, Sequence[Choice]]) -> FactorialPlan:
    """Every combination of these levels of these factors, all else as in `around`.

    `SpaceError` where a factor or a level does not exist.
    """
    names = tuple(levels)
    combined = [dict(zip(names, chosen, strict=True)) for chosen in product(*levels.values())]
    return _factorial(space, "full_factorial", around, around, names, combined, None)


def fractional_factorial(space: Space, low: Choices, high: Choices, factors: Sequence[str] = ()) -> FactorialPlan:
    """A fraction of resolution IV of the factors in which `low` and `high` differ, or of `factors` among these.

    Main effects are free of two-factor interactions; which of those are confused with each other, `aliases` tells.
    """
    names = tuple(factors) or differing(space, low, high)
    _check_differing(space, low, high, names)
    design = resolution_iv_design(len(names))
    combined = [
        {name: (high if sign > 0 else low)[name] for name, sign in zip(names, row, strict=True)} for row in design.signs
    ]
    return _factorial(space, "fractional_factorial", low, high, names, combined, design)


def pairs(space: Space, low: Choices, high: Choices, factors: Sequence[str] = ()) -> list[FactorialPlan]:
    """For each pair of factors its four cells, all else as in `low`: neither, the first, the second, both at `high`.

    The interaction of a pair of which the space forbids a cell cannot be measured: the plan says so in `forbidden`.
    """
    names = tuple(factors) or differing(space, low, high)
    _check_differing(space, low, high, names)
    return [
        _factorial(
            space, "pair", low, high, pair, [{}, *({name: high[name]} for name in pair), {n: high[n] for n in pair}]
        )
        for pair in combinations(names, 2)
    ]


def differing(space: Space, low: Choices, high: Choices) -> tuple[str, ...]:
    """The factors that exist in both configurations and differ, in the space's order."""
    return tuple(d.factor for d in space.differences(low, high) if d.first is not None and d.second is not None)


def forbidden_changes(space: Space, best: Choices) -> list[Forbidden]:
    """Every level of every factor that cannot stand where the best has another, with the reasons."""
    baseline, found = space.baseline(), []
    for name, factor in space.active(best):
        for level in factor.level_names():
            reasons = space.why_not(best, name, level) if level != best[name] else ()
            back = level == baseline.get(name) and not space.why_not(best, name, level, like=baseline)
            if reasons and not back:
                found.append(Forbidden(name, str(best[name]), level, " ".join(reasons)))
    return found


def _steps(space: Space, design: str, at: Choices, best: Choices) -> list[CellPlan]:
    return [
        _cell(design, name, at[name], best[name], space.change(at, name, best[name], like=best))
        for name in differing(space, at, best)
        if not space.why_not(at, name, best[name], like=best)
    ]


def _factorial(
    space: Space,
    design: str,
    around: Choices,
    like: Choices,
    names: Sequence[str],
    combined: Iterable[Mapping[str, Choice]],
    signs: FactorialDesign | None = None,
) -> FactorialPlan:
    cells, forbidden = [], []
    for chosen in combined:
        whole = {**like, **around, **chosen}
        choices = _completed(space, whole)
        if any(space.why_not(choices, name, choices[name]) for name in names[:1] if name in choices):
            forbidden.append(choices)
            continue
        space.check({**choices, **chosen})  # with a factor or a level that does not exist, so that it is told
        shown = ", ".join(f"{name}={choices[name]}" for name in names)
        cells.append(CellPlan(f"{design}:{shown}", design, choices))
    return FactorialPlan(tuple(names), tuple(cells), tuple(forbidden), signs)


def _completed(space: Space, wanted: Choices) -> dict[str, Choice]:
    """Complete choices, those wanted where their factor exists; constraints are not looked at."""
    return choose(space.factors, lambda name, factor: wanted.get(name, factor.baseline))


def _check_differing(space: Space, low: Choices, high: Choices, names: Sequence[str]) -> None:
    alike = [name for name in names if name not in differing(space, low, high)]
    if alike or not names:
        said = ", ".join(alike) or "none"
        raise ValueError(f"factors must be ones in which the two configurations differ, got {said}")


def _cell(design: str, factor: str, now: Choice, then: Choice, choices: dict[str, Choice]) -> CellPlan:
    return CellPlan(f"{design}:{factor}={then}", design, choices, factor, str(now), str(then))
