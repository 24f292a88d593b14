"""The designs of an ablation within its budget, as decisions without effects.

A design is a list of groups of configurations that are only useful together: one change, the cells of a pair, a whole
factorial. In the order of `--designs`, each group is added whose new configurations are within the budget; the best and
the configurations of earlier designs cost nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
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
from study.settings import SINGLE_CHANGES

FULL_FACTORS = 4  # a factorial of more factors is a fraction
MOST_FACTORS = 26  # of a fraction (`study.designs.factorial`)

Group = tuple[CellPlan, ...]


@dataclass(frozen=True)
class Impossible:
    """A part of a design that is left out because the space forbids one of its configurations, and the reason."""

    what: str
    reason: str


@dataclass(frozen=True)
class DesignCells:
    """The cells of one design; `beyond_budget` is the number of groups that are not run, `facts` are for the report."""

    design: str
    cells: tuple[CellPlan, ...]
    beyond_budget: int = 0
    impossible: tuple[Impossible, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Experiments:
    """The designs of an ablation, in the order of `--designs`; `ends` are the best and the baseline.

    `forbidden` has the single changes of the best that the space forbids. The greedy path, whose cells are not known in
    advance, adds at most `path_most` configurations, of which `path_budget` are within the budget; None: no path.
    """

    ends: tuple[CellPlan, CellPlan]
    designs: tuple[DesignCells, ...]
    forbidden: tuple[Forbidden, ...]
    path_budget: int | None = None
    path_most: int = 0

    @property
    def cells(self) -> list[CellPlan]:
        """The best, the baseline, and the cells of all designs except the path."""
        return [*self.ends, *(cell for design in self.designs for cell in design.cells)]

    def decisions(self, around: str) -> dict[str, Any]:
        """Return the designs for `study_meta.decisions_json`; `around` is the digest of the best."""
        facts = {
            each.design: {
                "beyond_budget": each.beyond_budget,
                "impossible": [asdict(part) for part in each.impossible],
                **each.facts,
            }
            for each in self.designs
        }
        return {
            "ablations_left_out": sum(each.beyond_budget for each in self.designs if each.design in SINGLE_CHANGES),
            "ablations_forbidden": [asdict(change) for change in self.forbidden],
            "designs": {"around": around, **facts},
        }

    def left_out(self) -> Iterator[str]:
        """Yield a line for each design that the budget cuts short."""
        for each in self.designs:
            if each.beyond_budget:
                yield f"{each.design}: {each.beyond_budget} not run, because they exceed the budget (--ablations)"


def planned(
    space: Space, best: Choices, designs: Sequence[str], limit: int, without: Collection[str] = ()
) -> Experiments:
    """Return the designs around `best`, with at most `limit` configurations besides it.

    `without`: factors whose change of the best is not undone alone, because a screen excludes that it has an effect.
    """
    budget, path_budget, path_most = _Budget(limit, best), None, 0
    result: list[DesignCells] = []
    for design in designs:
        if design == "path":
            path_most = longest_path(space, best, budget.taken)
            path_budget = min(path_most, budget.left)
            budget = budget.spent(path_budget)
            part = DesignCells("path", (), facts={"most": path_most, "room": path_budget})
        elif design in ("factorial", "screen"):
            part, budget = _factorial(space, best, budget, design)
        else:
            groups, impossible = _groups(space, best, design, [earlier.design for earlier in result])
            if design == SINGLE_CHANGES[0]:
                groups = [group for group in groups if group[0].factor not in without]
            cells, beyond, budget = budget.filled(groups)
            facts = {"factors": list(differing(space, space.baseline(), best))} if design == "pairs" else {}
            part = DesignCells(design, cells, beyond, tuple(impossible), facts)
        result.append(part)
    ends = CellPlan("best", "best", dict(best)), CellPlan("baseline", "baseline", space.baseline())
    forbidden = forbidden_changes(space, best) if {*SINGLE_CHANGES} & {*designs} else []
    return Experiments(ends, tuple(result), tuple(forbidden), path_budget, path_most)


def declared_primary(
    space: Space, designs: Sequence[str], decisions: Mapping[str, Any], earlier: Collection[str]
) -> tuple[dict[str, Any], str]:
    """Return the decision on the primary rows, and a line if an earlier one differs from what is asked for now.

    Primary are the rows of the first of `designs` that makes single changes, of the space's primary factors. What was
    declared before the first row of the table ran stays; `earlier` are the designs of the study's cells. Studies that
    began the table in an older release have the rows of leave_one_out, and no decision.
    """
    first = next((design for design in designs if design in SINGLE_CHANGES), None)
    asked = {"design": first, "factors": list(space.primary)}
    kept = decisions.get("primary") or {"design": SINGLE_CHANGES[0], "factors": []}
    if first is None or kept == asked:
        return {}, ""
    if "primary" not in decisions and not {*SINGLE_CHANGES} & {*earlier}:
        return {"primary": asked}, ""
    factors = f" of {', '.join(kept['factors'])}" if kept["factors"] else ""
    return {}, f"Primary rows stay those declared before the table began: {kept['design']}{factors}"


def longest_path(space: Space, best: Choices, taken: Sequence[Choices]) -> int:
    """Return the largest number of configurations that a greedy path adds: d (d + 1) / 2 - 1 for d differing factors.

    Its first step is known in advance, so configurations in `taken` are not counted; its last step is the best itself.
    """
    baseline = space.baseline()
    first = [step for step in path_steps(space, baseline, best) if step.choices not in (dict(best), *taken)]
    later = len(differing(space, baseline, best)) - 1
    return len(first) + max(0, later * (later + 1) // 2 - 1)


@dataclass(frozen=True)
class _Budget:
    """The number of configurations that may still be added, and those that have been."""

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


def _groups(space: Space, best: Choices, design: str, earlier: Sequence[str]) -> Groups:
    """Return a design's groups, those of scientific factors first, and its parts that the space forbids."""
    baseline, roles = space.baseline(), _roles(space, best)
    impossible = list[Impossible]()
    if design == "pairs":
        return _pairs(space, best, roles)
    if design == "leave_one_out":
        cells = leave_one_out(space, best)
    elif design == "one_at_a_time":  # without the rows of leave_one_out
        rows = [cell.choices for cell in leave_one_out(space, best)] if "leave_one_out" in earlier else []
        cells = [cell for cell in one_at_a_time(space, best) if cell.choices not in rows]
    else:
        cells = add_one_in(space, best)
        reasons = {
            name: space.why_not(baseline, name, best[name], like=best) for name in differing(space, baseline, best)
        }
        impossible = [Impossible(f"{name}={best[name]}", " ".join(why)) for name, why in reasons.items() if why]
    return [(cell,) for cell in sorted(cells, key=lambda cell: roles[cell.factor or ""])], impossible


def _pairs(space: Space, best: Choices, roles: Mapping[str, int]) -> Groups:
    """Return, for every two changes of the best, the cells with either of them undone and with both."""
    baseline, groups, impossible = space.baseline(), list[Group](), list[Impossible]()
    for plan in sorted(pairs(space, best, baseline), key=lambda plan: sum(roles[name] for name in plan.names)):
        if plan.forbidden:
            impossible.append(Impossible(" x ".join(plan.names), _reasons(space, plan)))
        else:
            groups.append(tuple(_named(best, plan, "pairs")[1:]))
    return groups, impossible


def _factorial(space: Space, best: Choices, budget: _Budget, design: str) -> tuple[DesignCells, _Budget]:
    """Return the factorial of as many changes of the best as fit the budget and combine freely, scientific ones first.

    The other changes of the best are in all its cells. A screen is a fraction as soon as there is one.
    """
    baseline, roles = space.baseline(), _roles(space, best)
    kept: list[str] = []
    plan: FactorialPlan | None = None
    impossible, beyond = list[Impossible](), 0
    for name in sorted(differing(space, baseline, best), key=lambda name: roles[name]):
        if len(kept) == MOST_FACTORS:
            beyond += 1
            continue
        tried = _crossed(space, best, baseline, [*kept, name], 3 if design == "screen" else FULL_FACTORS)
        if tried.forbidden:
            impossible.append(Impossible(name, _reasons(space, tried)))
        elif budget.price(_named(best, tried, design)) > budget.left:
            beyond += 1
        else:
            kept, plan = [*kept, name], tried
    if plan is None or len(kept) < 2:  # a single change is no factorial
        return DesignCells(design, (), beyond, tuple(impossible), {"factors": []}), budget
    facts = {
        "factors": kept,
        "generators": list(plan.design.generators) if plan.design else [],
        "aliases": [[list(pair) for pair in group] for group in plan.aliases],
    }
    cells = tuple(_named(best, plan, design))
    spent = budget.spent(budget.price(cells), cells)
    return DesignCells(design, cells, beyond, tuple(impossible), facts), spent


def _crossed(space: Space, best: Choices, baseline: Choices, names: Sequence[str], full: int) -> FactorialPlan:
    """Return all combinations of up to `full` factors, a fraction of more."""
    if len(names) <= full:
        return full_factorial(space, best, baseline, names)
    return fractional_factorial(space, best, baseline, names)


def _named(best: Choices, plan: FactorialPlan, design: str) -> list[CellPlan]:
    """Return the plan's cells, named by the levels that differ from the best."""
    names = [
        ", ".join(f"{name}={choices[name]}" for name in plan.names if choices[name] != best[name])
        for choices in plan.combinations
    ]
    return [
        CellPlan(f"{design}:{name or 'best'}", design, choices)
        for name, choices in zip(names, plan.combinations, strict=True)
    ]


def _reasons(space: Space, plan: FactorialPlan) -> str:
    """Return the reasons why the space forbids the configurations that the plan leaves out."""
    name = plan.names[0]
    return " ".join(dict.fromkeys(reason for c in plan.forbidden for reason in space.why_not(c, name, c[name])))


def _roles(space: Space, choices: Choices) -> dict[str, int]:
    """Return the rank of each factor's role; scientific ones are first."""
    order = {"scientific": 0, "nuisance": 1, "fixed": 2}
    return {name: order[factor.role] for name, factor in space.active(choices)}
