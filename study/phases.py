"""The phases of a study as decisions: which configurations a phase asks for, given what is known. No effects."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from results.designs import CellPlan
from search_spaces import Space
from search_spaces.grammar import Choice, Choices
from study.settings import Settings


def fresh_seeds(settings: Settings, count: int) -> list[int]:
    """The seeds of confirm and ablate: the same for every configuration, so that differences are paired."""
    return settings.seeds_of(count)


def known_first(space: Space) -> list[dict[str, Choice]]:
    """What the search tries before anything else: the baseline, then the recipes, no configuration twice."""
    result = [space.baseline()]
    for recipe in space.recipes:
        choices = space.complete(recipe.choices)
        if choices not in result:
            result.append(choices)
    return result


def first_tried(space: Space, sampler: str, trials: int) -> list[dict[str, Choice]]:
    """What a search tries in a given order: the known configurations; with the sampler `grid` every one, in order."""
    if sampler == "grid":
        return list(islice(space.grid(), trials))
    return known_first(space)[:trials]


def confirm_cells(space: Space, ranked: Sequence[Choices], count: int) -> list[CellPlan]:
    """The baseline and the `count` best of the search; the baseline does not take a place of theirs."""
    baseline = space.baseline()
    best = [dict(choices) for choices in ranked if dict(choices) != baseline][:count]
    cells = [CellPlan("baseline", "baseline", baseline)]
    return cells + [CellPlan(f"confirm:{i}", "confirm", choices) for i, choices in enumerate(best, start=1)]


def grid_cells(space: Space) -> list[CellPlan]:
    """Every cell of a grid, the baseline first; printed rows under their labels, a row that is the baseline too.

    Two cells may ask for one configuration: it is run once, and keeps both names.
    """
    baseline = space.baseline()
    cells = [CellPlan("baseline", "baseline", baseline)]
    if space.rows:
        return cells + [CellPlan(f"row:{label}", "row", space.complete(row)) for label, row in space.rows.items()]
    others = [choices for choices in space.grid() if choices != baseline]
    return cells + [CellPlan(f"row:{_differences(space, choices)}", "grid", choices) for choices in others]


def apart(cells: Sequence[CellPlan]) -> list[tuple[str, CellPlan]]:
    """The first cell of every different configuration, each with the names of all cells that ask for it."""
    found: list[tuple[list[str], CellPlan]] = []
    for cell in cells:
        names = next((names for names, one in found if (one.choices, one.task) == (cell.choices, cell.task)), None)
        if names is None:
            found.append(([cell.name], cell))
        else:
            names.append(cell.name)
    return [(", ".join(names), cell) for names, cell in found]


def _differences(space: Space, choices: Choices) -> str:
    return ", ".join(f"{d.factor}={d.second}" for d in space.differences(space.baseline(), choices)) or "baseline"
