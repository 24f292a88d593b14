"""A space as JSON data, as `python -m search_spaces show NAME --json` prints it and a study stores it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from search_spaces.grammar import Space
from search_spaces.grammar.choices import Place, places


def describe(space: Space) -> dict[str, Any]:
    """Return the space as JSON data.

    `factors` lists conditional factors under their full names; their `condition` names the level of their parent.
    Recipes and rows are completed with the baseline.
    """
    return {
        "name": space.name,
        "goal": space.goal,
        "design": space.design,
        "factors": [_describe_factor(place) for place in places(space.factors)],
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
        **({"primary": list(space.primary)} if space.primary else {}),
        "rows": {label: space.complete(row) for label, row in space.rows.items()},
    }


def _describe_factor(place: Place) -> dict[str, Any]:
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
    return {name: list(names) for name, names in levels.items()}
