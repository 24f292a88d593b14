"""The runs of an ablation's designs for `--plan`: exact if the best is known, else upper bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from results.database.database import open_existing
from search_spaces import Space, SpaceError
from search_spaces.grammar import Choice, Choices
from search_spaces.grammar.choices import places
from study.designs.designs import CellPlan
from study.designs.factorial import resolution_iv_design
from study.phases.ablation import FULL_FACTORS, MOST_FACTORS, Asked, planned
from study.resume.rebuild import completed
from study.settings import Settings

WHAT: Mapping[str, str] = {
    "leave_one_out": "each change of the best taken back",
    "one_at_a_time": "every other level of every factor of the best",
    "add_one_in": "each change of the best alone added to the baseline",
    "pairs": "every two changes of the best taken back, for their interaction",
    "factorial": "levels of baseline and best crossed",
    "path": "greedy, from the baseline to the best, every change tried at each step",
}


@dataclass(frozen=True)
class PlannedDesign:
    """One design: the least and the greatest number of runs that it adds, and its cells, if known.

    `aliases` has a line for each group of interactions that a fraction cannot separate.
    """

    design: str
    least: int
    most: int
    what: str
    cells: tuple[CellPlan, ...] = ()
    aliases: tuple[str, ...] = ()


def planned_designs(space: Space, settings: Settings, best: Choices | None) -> list[PlannedDesign]:
    """Return the designs asked for; `best` is None before the study has one."""
    if best is None:
        return [_at_most(design, space, settings) for design in settings.designs]
    found = planned(space, best, settings.designs, settings.ablations)
    seen: list[Choices] = [cell.choices for cell in found.ends]
    told = []
    for asked in found.asked:
        new: list[CellPlan] = []
        for cell in asked.cells:
            if cell.choices not in (*seen, *(one.choices for one in new)):
                new.append(cell)
        seen += [cell.choices for cell in new]
        is_path = asked.design == "path"
        most = min(found.path_room or 0, found.path_most) if is_path else len(new)
        runs = most * settings.seeds
        told.append(
            PlannedDesign(asked.design, 0 if is_path else runs, runs, _told(asked), tuple(new), _aliases(asked))
        )
    return told


def decided_best(storage: str, name: str, space: Space) -> dict[str, Choice] | None:
    """Return the best that an earlier launch decided, in the space as it is now; change nothing.

    None without one, or if it is no longer in the space.
    """
    database = open_existing(storage, upgrade=False)
    if database is None:
        return None
    with database:
        found = database.studies.find(name)
    decided = found.decisions_json.get("best_choices") if found is not None else None
    try:
        return completed(space, decided) if decided else None
    except SpaceError:
        return None


def _at_most(design: str, space: Space, settings: Settings) -> PlannedDesign:
    """Return an upper bound: the runs if the best differs from the baseline in every factor."""
    factors = places(space.factors)
    count = len(list(factors))
    levels = sum(max(0, len(place.factor.levels) - 1) for place in places(space.factors))
    pairs = count * (count + 1) // 2
    crossed = 2**count if count <= FULL_FACTORS else len(resolution_iv_design(min(count, MOST_FACTORS)).signs)
    most = {
        "leave_one_out": count,
        "one_at_a_time": levels,
        "add_one_in": count,
        "pairs": pairs,
        "factorial": crossed,
        "path": max(0, pairs - 1),
    }[design]
    return PlannedDesign(design, 0, settings.seeds * min(settings.ablations, most), WHAT[design])


def _told(asked: Asked) -> str:
    """Return what a design runs, and what it leaves out."""
    told = [WHAT[asked.design]]
    if asked.facts.get("factors") and asked.design == "factorial":
        told = [f"{WHAT['factorial']}: {', '.join(asked.facts['factors'])}"]
    if asked.beyond_budget:
        told.append(f"{asked.beyond_budget} beyond the budget (--ablations)")
    if asked.impossible:
        told.append(f"{len(asked.impossible)} forbidden by the space")
    return "; ".join(told)


def _aliases(asked: Asked) -> tuple[str, ...]:
    return tuple(" = ".join(" x ".join(pair) for pair in group) for group in asked.facts.get("aliases", ()))
