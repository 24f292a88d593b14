"""The designs of an ablation within its budget, as decisions without effects.

A design is a list of groups of configurations that are only useful together: one change, the cells of a pair, a whole
factorial. Designs are filled in the order of `--designs`, group by group, while a group's new configurations are within
the budget; the best and configurations of earlier designs cost nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from search_spaces import Space
from search_spaces.grammar import Choices
from study.designs.designs import (
    CellPlan,
    FactorialPlan,
    Forbidden,
    add_one_in,
    differing,
    forbidden_changes,
    fractional_factorial,
    full_factorial,
    leave_one_out,
    one_at_a_time,
    pairs,
    path_steps,
)

FULL_FACTORS = 4  # a factorial of more factors is a fraction
MOST_FACTORS = 26  # of a fraction (`study.designs.factorial`)

Group = tuple[CellPlan, ...]


@dataclass(frozen=True)
class Impossible:
    """Something a design leaves out because the space forbids a configuration that it needs, and the reason."""

    what: str
    reason: str


@dataclass(frozen=True)
class Asked:
    """The cells of one design. `beyond_budget` counts its groups that are not run; `facts` are for the report."""

    design: str
    cells: tuple[CellPlan, ...]
    beyond_budget: int = 0
    impossible: tuple[Impossible, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Experiments:
    """The designs of an ablation, in the order of `--designs`.

    `forbidden` has the single changes of the best that the space forbids. `path_room` is the number of configurations
    that the greedy path may add, None without one (its cells are not known in advance); `path_most` the largest number.
    """

    ends: tuple[CellPlan, CellPlan]
    asked: tuple[Asked, ...]
    forbidden: tuple[Forbidden, ...]
    path_room: int | None = None
    path_most: int = 0

    @property
    def cells(self) -> list[CellPlan]:
        """The best, the baseline, and the cells of all designs but the path."""
        return [*self.ends, *(cell for asked in self.asked for cell in asked.cells)]

    def decisions(self, around: str) -> dict[str, Any]:
        """Return the designs for `study_meta.decisions_json`; `around` is the digest of the best."""
        single = sum(a.beyond_budget for a in self.asked if a.design in ("leave_one_out", "one_at_a_time"))
        told = {
            asked.design: {
                "beyond_budget": asked.beyond_budget,
                "impossible": [asdict(each) for each in asked.impossible],
                **asked.facts,
            }
            for asked in self.asked
        }
        return {
            "ablations_left_out": single,
            "ablations_forbidden": [asdict(change) for change in self.forbidden],
            "designs": {"around": around, **told},
        }

    def left_out(self) -> Iterator[str]:
        """Yield sentences about what the budget leaves out."""
        for asked in self.asked:
            if asked.beyond_budget:
                yield f"{asked.design}: {asked.beyond_budget} beyond the budget (--ablations)"


def planned(space: Space, best: Choices, designs: Sequence[str], limit: int) -> Experiments:
    """Return the designs around `best`, with at most `limit` configurations besides it."""
    budget = _Budget(limit, best)
    asked: list[Asked] = []
    room, most = None, 0
    for design in designs:
        if design == "path":
            most = longest_path(space, best, budget.taken)
            room = min(most, budget.left)
            budget = budget.spent(room)
            found = Asked("path", (), 0, (), {"most": most, "room": room})
        elif design == "factorial":
            found, budget = _factorial(space, best, budget)
        else:
            groups, impossible = _GROUPS[design](space, best, [other.design for other in asked])
            taken, beyond, budget = budget.filled(groups)
            facts = {"factors": list(differing(space, space.baseline(), best))} if design == "pairs" else {}
            found = Asked(design, taken, beyond, tuple(impossible), facts)
        asked.append(found)
    ends = CellPlan("best", "best", dict(best)), CellPlan("baseline", "baseline", space.baseline())
    forbidden = forbidden_changes(space, best) if {"leave_one_out", "one_at_a_time"} & set(designs) else []
    return Experiments(ends, tuple(asked), tuple(forbidden), room, most)


def longest_path(space: Space, best: Choices, taken: Sequence[Choices]) -> int:
    """Return the largest number of configurations that a greedy path adds: d (d + 1) / 2 - 1 for d differing factors.

    Its first step is known, so configurations in `taken` are not counted; its last step is the best itself.
    """
    baseline = space.baseline()
    first = [step for step in path_steps(space, baseline, best) if step.choices not in (dict(best), *taken)]
    later = len(differing(space, baseline, best)) - 1
    return len(first) + max(0, later * (later + 1) // 2 - 1)


@dataclass(frozen=True)
class _Budget:
    """The number of configurations that may still be added, and those that are taken."""

    left: int
    best: Choices
    taken: tuple[Choices, ...] = ()

    def price(self, group: Sequence[CellPlan]) -> int:
        new: list[Choices] = []
        for cell in group:
            if cell.choices not in (dict(self.best), *self.taken, *new):
                new.append(cell.choices)
        return len(new)

    def spent(self, count: int, group: Sequence[CellPlan] = ()) -> _Budget:
        return replace(self, left=self.left - count, taken=(*self.taken, *(cell.choices for cell in group)))

    def filled(self, groups: Sequence[Group]) -> tuple[tuple[CellPlan, ...], int, _Budget]:
        """Return the cells of the groups that fit, the number of groups that do not, and the remaining budget."""
        budget, cells, beyond = self, list[CellPlan](), 0
        for group in groups:
            price = budget.price(group)
            if price > budget.left:
                beyond += 1
                continue
            budget = budget.spent(price, group)
            cells += [cell for cell in group if cell not in cells]
        return tuple(cells), beyond, budget


Groups = tuple[list[Group], list[Impossible]]


def _leave_one_out(space: Space, best: Choices, before: Sequence[str]) -> Groups:
    return _singles(space, best, leave_one_out(space, best)), []


def _one_at_a_time(space: Space, best: Choices, before: Sequence[str]) -> Groups:
    """Return the other levels, without those that are rows of leave_one_out."""
    back = [cell.choices for cell in leave_one_out(space, best)] if "leave_one_out" in before else []
    return _singles(space, best, [c for c in one_at_a_time(space, best) if c.choices not in back]), []


def _add_one_in(space: Space, best: Choices, before: Sequence[str]) -> Groups:
    baseline = space.baseline()
    impossible = [
        Impossible(f"{name}={best[name]}", " ".join(reasons))
        for name in differing(space, baseline, best)
        if (reasons := space.why_not(baseline, name, best[name], like=best))
    ]
    return _singles(space, best, add_one_in(space, best)), impossible


def _pairs(space: Space, best: Choices, before: Sequence[str]) -> Groups:
    """Return, for every two changes of the best, the cells with either of them undone and with both."""
    baseline, roles = space.baseline(), roles_of(space, best)
    groups, impossible = list[Group](), list[Impossible]()
    for plan in sorted(pairs(space, best, baseline), key=lambda plan: sum(roles[name] for name in plan.names)):
        if plan.forbidden:
            impossible.append(Impossible(" x ".join(plan.names), _reasons(space, plan)))
        else:
            groups.append(tuple(_named(best, plan, "pairs")[1:]))
    return groups, impossible


def _factorial(space: Space, best: Choices, budget: _Budget) -> tuple[Asked, _Budget]:
    """Return the factorial of as many changes of the best as fit the budget and combine freely, scientific ones first.

    Changes that are left out stay as in the best.
    """
    baseline, roles = space.baseline(), roles_of(space, best)
    kept: list[str] = []
    plan: FactorialPlan | None = None
    impossible, beyond = list[Impossible](), 0
    for name in sorted(differing(space, baseline, best), key=lambda name: roles[name]):
        if len(kept) == MOST_FACTORS:
            beyond += 1
            continue
        tried = _crossed(space, best, baseline, [*kept, name])
        if tried.forbidden:
            impossible.append(Impossible(name, _reasons(space, tried)))
        elif budget.price(_named(best, tried, "factorial")) > budget.left:
            beyond += 1
        else:
            kept, plan = [*kept, name], tried
    if plan is None or len(kept) < 2:  # a single change has no other to go with
        return Asked("factorial", (), beyond, tuple(impossible), {"factors": []}), budget
    facts = {
        "factors": kept,
        "generators": list(plan.design.generators) if plan.design else [],
        "aliases": [[list(pair) for pair in group] for group in plan.aliases],
    }
    cells = tuple(_named(best, plan, "factorial"))
    return Asked("factorial", cells, beyond, tuple(impossible), facts), budget.spent(budget.price(cells), cells)


def _crossed(space: Space, best: Choices, baseline: Choices, names: Sequence[str]) -> FactorialPlan:
    if len(names) <= FULL_FACTORS:
        return full_factorial(space, best, baseline, names)
    return fractional_factorial(space, best, baseline, names)


def _named(best: Choices, plan: FactorialPlan, design: str) -> list[CellPlan]:
    """Return the plan's cells, named by what is back at the baseline."""
    names = [
        ", ".join(f"{name}={choices[name]}" for name in plan.names if choices[name] != best[name])
        for choices in plan.combinations
    ]
    return [
        CellPlan(f"{design}:{name or 'best'}", design, choices)
        for name, choices in zip(names, plan.combinations, strict=True)
    ]


def _reasons(space: Space, plan: FactorialPlan) -> str:
    """Return why the space forbids what the plan leaves out."""
    name = plan.names[0]
    return " ".join(dict.fromkeys(reason for c in plan.forbidden for reason in space.why_not(c, name, c[name])))


def _singles(space: Space, best: Choices, cells: Sequence[CellPlan]) -> list[Group]:
    """Return each cell as a group, scientific factors before nuisance ones, in the space's order."""
    roles = roles_of(space, best)
    return [(cell,) for cell in sorted(cells, key=lambda cell: roles[cell.factor or ""])]


def roles_of(space: Space, choices: Choices) -> dict[str, int]:
    """Return the rank of each factor's role: scientific ones come first."""
    order = {"scientific": 0, "nuisance": 1, "fixed": 2}
    return {name: order[factor.role] for name, factor in space.active(choices)}


_GROUPS: Mapping[str, Callable[[Space, Choices, Sequence[str]], Groups]] = {
    "leave_one_out": _leave_one_out,
    "one_at_a_time": _one_at_a_time,
    "add_one_in": _add_one_in,
    "pairs": _pairs,
}
