"""A space as JSON data: what `python -m search_spaces show NAME --json` prints and a study stores."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from search_spaces import choices as walking

if TYPE_CHECKING:
    from search_spaces.grammar import Space


def describe(space: Space) -> dict[str, Any]:
    """The space as JSON data.

    Conditional factors stand in `factors` under their full names, with `condition` naming their parent's
    level. Recipes and rows are completed with the baseline.
    """
    return {
        "name": space.name,
        "goal": space.goal,
        "design": space.design,
        "factors": [_describe_factor(place) for place in walking.places(space.factors)],
        "size": space.size(),
        "continuous": list(space.continuous()),
        "constraints": [
            {"when": _listed(c.when), "forbid": _listed(c.forbid), "reason": c.reason} for c in space.constraints
        ],
        "base": copy.deepcopy(dict(space.base)),
        "recipes": [
            {"name": r.name, "source": r.source, "note": r.note, "choices": space.complete(r.choices)}
            for r in space.recipes
        ],
        "rows": {label: space.complete(row) for label, row in space.rows.items()},
    }


def _describe_factor(place: walking.Place) -> dict[str, Any]:
    factor, bounds = place.factor, place.factor.range
    return {
        "name": place.name,
        "role": factor.role,
        "baseline": factor.baseline,
        "levels": list(factor.level_names()),
        "condition": place.conditions[-1]._asdict() if place.conditions else None,
        "range": bounds and {"low": bounds.low, "high": bounds.high, "log": bounds.log, "integer": bounds.integer},
        "about": factor.about,
        "reason": factor.reason,
        "notes": {level.name: level.note for level in factor.levels if level.note},
        **({"idle": idle} if (idle := {level.name: level.idle for level in factor.levels if level.idle}) else {}),
    }


def _listed(levels: Mapping[str, tuple[str, ...]]) -> dict[str, list[str]]:
    return {name: list(told) for name, told in levels.items()}
