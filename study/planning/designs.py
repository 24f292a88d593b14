"""The runs of an ablation's designs for `--plan`: exact if the best is known, otherwise upper bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from results.database.database import open_existing
from search_spaces import Space, SpaceError
from search_spaces.grammar import Choice, Choices
from search_spaces.grammar.choices import places
from study.designs.designs import CellPlan
from study.designs.factorial import resolution_iv_design
from study.phases.ablation import FULL_FACTORS, MOST_FACTORS, DesignCells, planned
from study.resume.rebuild import completed
from study.settings import Settings

WHAT: Mapping[str, str] = {
    "leave_one_out": "the best with one of its changes undone at a time",
    "one_at_a_time": "the best with one factor at another level at a time",
    "add_one_in": "the baseline with one change of the best at a time",
    "pairs": "the best with two of its changes undone, for their interaction",
    "factorial": "levels of the baseline and the best crossed",
    "screen": "a fraction of all combinations of the best's changes",
    "path": "greedy path from the baseline to the best; each step tries every remaining change",
}


@dataclass(frozen=True)
class PlannedDesign:
    """One design: the range of the number of runs that it adds, its cells, if known, and a line per alias group."""

    design: str
    least: int
    most: int
    what: str
    cells: tuple[CellPlan, ...] = ()
    aliases: tuple[str, ...] = ()


def planned_designs(space: Space, settings: Settings, best: Choices | None) -> list[PlannedDesign]:
    """Return the designs of the settings; `best` is None before the study has one."""
    if best is None:
        return [_at_most(design, space, settings) for design in settings.designs]
    experiments = planned(space, best, settings.designs, settings.ablations)
    counted: list[Choices] = [cell.choices for cell in experiments.ends]
    result = []
    for part in experiments.designs:
        new: list[CellPlan] = []
        for cell in part.cells:
            if cell.choices not in counted:
                counted.append(cell.choices)
                new.append(cell)
        is_path = part.design == "path"
        seeds = settings.seeds_of_design(part.design)
        runs = seeds * (experiments.path_budget or 0 if is_path else len(new))
        aliases = tuple(" = ".join(" x ".join(pair) for pair in group) for group in part.facts.get("aliases", ()))
        result.append(PlannedDesign(part.design, 0 if is_path else runs, runs, _what(part), tuple(new), aliases))
    return result


def decided_best(storage: str, name: str, space: Space) -> dict[str, Choice] | None:
    """Return the best that an earlier launch decided; None without one, or if it is no longer in the space."""
    database = open_existing(storage, upgrade=False)
    if database is None:
        return None
    with database:
        study = database.studies.find(name)
    decided = study.decisions_json.get("best_choices") if study is not None else None
    try:
        return completed(space, decided) if decided else None
    except SpaceError:
        return None


def _at_most(design: str, space: Space, settings: Settings) -> PlannedDesign:
    """Return a design's upper bound: the runs if the best differs from the baseline in every factor."""
    factors = [place.factor for place in places(space.factors)]
    count, pairs = len(factors), len(factors) * (len(factors) + 1) // 2
    crossed = 2**count if count <= FULL_FACTORS else len(resolution_iv_design(min(count, MOST_FACTORS)).signs)
    most = {
        "leave_one_out": count,
        "one_at_a_time": sum(max(0, len(factor.levels) - 1) for factor in factors),
        "add_one_in": count,
        "pairs": pairs,
        "factorial": crossed,
        "screen": crossed,
        "path": max(0, pairs - 1),
    }[design]
    seeds = settings.seeds_of_design(design)
    return PlannedDesign(design, 0, seeds * min(settings.ablations, most), WHAT[design])


def _what(part: DesignCells) -> str:
    """Return a description of a design, with the numbers of its parts that are left out."""
    crossed = f": {', '.join(part.facts['factors'])}" if part.facts.get("factors") and part.design != "pairs" else ""
    beyond = f"; {part.beyond_budget} beyond the budget (--ablations)" if part.beyond_budget else ""
    forbidden = f"; {len(part.impossible)} forbidden by the space" if part.impossible else ""
    return f"{WHAT[part.design]}{crossed}{beyond}{forbidden}"
