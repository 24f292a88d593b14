"""The phases of a study as decisions: which configurations a phase asks for, given what is known. No effects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from search_spaces import Space
from search_spaces.grammar import Choice, Choices

# Seeds of confirm and ablate start here, above the study's own, so that no configuration is judged by the seed that
# made it look good in the search.
FRESH_SEEDS = 1000


@dataclass(frozen=True)
class CellPlan:
    """A configuration that a phase asks for, and what distinguishes it: the factor that was changed."""

    name: str
    design: str
    choices: dict[str, Choice]
    factor: str | None = None
    from_level: str | None = None
    to_level: str | None = None


def fresh_seeds(seed: int, count: int) -> list[int]:
    """The seeds of confirm and ablate: the same for every configuration, so that differences are paired."""
    return [seed + FRESH_SEEDS + i for i in range(count)]


def known_first(space: Space) -> list[dict[str, Choice]]:
    """What the search tries before anything else: the baseline, then the recipes, no configuration twice."""
    result = [space.baseline()]
    for recipe in space.recipes:
        choices = space.complete(recipe.choices)
        if choices not in result:
            result.append(choices)
    return result


def confirm_cells(space: Space, ranked: Sequence[Choices], count: int) -> list[CellPlan]:
    """The baseline and the `count` best of the search; the baseline does not take a place of theirs."""
    baseline = space.baseline()
    best = [dict(choices) for choices in ranked if dict(choices) != baseline][:count]
    cells = [CellPlan("baseline", "baseline", baseline)]
    return cells + [CellPlan(f"confirm:{i}", "confirm", choices) for i, choices in enumerate(best, start=1)]


def grid_cells(space: Space) -> list[CellPlan]:
    """Every cell of a grid, under the label its row is printed with, the baseline first."""
    baseline = space.baseline()
    cells = [CellPlan("baseline", "baseline", baseline)]
    if space.rows:
        rows = {label: space.complete(row) for label, row in space.rows.items()}
    else:
        rows = {_differences(space, choices): choices for choices in space.grid()}
    return cells + [CellPlan(f"row:{label}", "grid", row) for label, row in rows.items() if row != baseline]


def ablation_cells(space: Space, best: Choices, limit: int) -> tuple[list[CellPlan], int]:
    """At most `limit` single changes of the best configuration, and how many were left out.

    First every factor back at its baseline (leave one out), then every other level (one at a time); within each,
    scientific factors before nuisance ones, in the space's order.
    """
    back = _leave_one_out(space, best)
    taken = [cell.choices for cell in back]
    others = [cell for cell in _one_at_a_time(space, best) if cell.choices not in taken]
    roles = _roles(space, best)
    cells = sorted(back, key=lambda c: roles[c.factor or ""]) + sorted(others, key=lambda c: roles[c.factor or ""])
    return cells[:limit], max(0, len(cells) - limit)


def _leave_one_out(space: Space, best: Choices) -> list[CellPlan]:
    baseline, cells = space.baseline(), []
    for name, _ in space.active(best):
        if name in baseline and best[name] != baseline[name]:
            if not space.can_change(best, name, baseline[name], like=baseline):
                continue  # another choice of the best cannot go with it
            changed = space.change(best, name, baseline[name], like=baseline)
            cells.append(_cell("leave_one_out", name, best[name], baseline[name], changed))
        elif name not in baseline:  # a factor that exists only under a level the baseline has not
            standard = dict(space.active(best))[name].baseline
            if best[name] != standard and space.can_change(best, name, standard):
                changed = space.change(best, name, standard)
                cells.append(_cell("leave_one_out", name, best[name], standard, changed))
    return cells


def _one_at_a_time(space: Space, best: Choices) -> list[CellPlan]:
    return [
        _cell("one_at_a_time", other.factor, other.from_level, other.to_level, dict(other.choices))
        for other in space.alternatives(best)
    ]


def _cell(design: str, factor: str, now: Choice, then: Choice, choices: dict[str, Choice]) -> CellPlan:
    return CellPlan(f"{design}:{factor}={then}", design, choices, factor, str(now), str(then))


def _roles(space: Space, choices: Choices) -> Mapping[str, int]:
    order = {"scientific": 0, "nuisance": 1, "fixed": 2}
    return {name: order[factor.role] for name, factor in space.active(choices)}


def _differences(space: Space, choices: Choices) -> str:
    return ", ".join(f"{d.factor}={d.second}" for d in space.differences(space.baseline(), choices)) or "baseline"
