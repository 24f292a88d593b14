"""Changes of a space since a study of it was launched: those that its runs survive, and those that they do not.

Pure functions of two descriptions of a space (`search_spaces.describe`) and of the choices of the existing runs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from results.text.formatting import plural
from search_spaces.grammar import Choices, numbers

Described = Mapping[str, Any]


@dataclass(frozen=True)
class Evolution:
    """Changes, one line each: those under which every run keeps its meaning, and those that forbid resuming.

    `added` are the full names of the new factors.
    """

    kept: tuple[str, ...]
    refused: tuple[str, ...]
    added: tuple[str, ...]


def compare(old: Described, new: Described, tried: Sequence[Choices]) -> Evolution:
    """Return the changes from `old` to `new`; `tried` are the choices of the existing runs.

    A description does not contain the settings of levels: `study.resume.rebuild` compares these.
    """
    before, after = ({factor["name"]: factor for factor in space["factors"]} for space in (old, new))
    added = tuple(name for name in after if name not in before)
    refused = [*_design_and_base(old, new), *(f"factor {name} is gone" for name in _outermost(before, after))]
    refused += _lost_rows(old, new, added)
    kept = [f"the {key} is '{new[key]}' now, it was '{old[key]}'" for key in ("name", "goal") if old[key] != new[key]]
    kept += _primary(old.get("primary", []), new.get("primary", []))
    kept += [f"factor {name} is new; runs so far had {after[name]['baseline']}" for name in _outermost(after, before)]
    for name in before:
        if name in after:
            kept_here, refused_here = _factor_changes(before[name], after[name], [c[name] for c in tried if name in c])
            kept, refused = kept + kept_here, refused + refused_here
    kept += [*_reordered("factors", list(before), list(after)), *_constraints(old, new), *_recipes(old, new, added)]
    kept += [f"row '{label}' is new" for label in new.get("rows", {}) if label not in old.get("rows", {})]
    return Evolution(tuple(kept), tuple(refused), added)


def _primary(old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    if set(old) != set(new):
        yield f"the primary factors are {', '.join(new) or 'none'} now, they were {', '.join(old) or 'none'}"


def _design_and_base(old: Described, new: Described) -> Iterator[str]:
    """Yield the changes of the design, and of what every configuration of the space sets."""
    if old["design"] != new["design"]:
        yield f"the design is '{new['design']}' now, it was '{old['design']}'"
    before, after = old.get("base", {}), new.get("base", {})
    for path in dict.fromkeys((*before, *after)):
        if path not in after:
            yield f"the base no longer sets {path} = {before[path]!r}"
        elif path not in before or before[path] != after[path]:
            was = f", it was {before[path]!r}" if path in before else ""
            yield f"the base sets {path} = {after[path]!r} now{was}"


def _outermost(space: Mapping[str, Described], other: Mapping[str, Described]) -> Iterator[str]:
    """Yield the factors that only `space` has, except those nested under a level that `other` does not have."""
    for name, factor in space.items():
        condition = factor["condition"]
        if name not in other and (
            condition is None or condition["level"] in other.get(condition["factor"], {"levels": ()})["levels"]
        ):
            yield name


def _factor_changes(old: Described, new: Described, tried: Sequence[Any]) -> tuple[list[str], list[str]]:
    """Return the changes of a factor that both spaces have: those that runs survive, and those they do not."""
    name, kept, refused = old["name"], list[str](), list[str]()
    if _kind(old) != _kind(new):
        return kept, [f"factor {name} takes {_kind(new)} now, it took {_kind(old)}"]
    if old["baseline"] != new["baseline"]:
        refused.append(f"the baseline of {name} is {new['baseline']} now, it was {old['baseline']}")
    refused += [f"level {name}={level} is gone" for level in old["levels"] if level not in new["levels"]]
    kept += [f"level {name}={level} is new" for level in new["levels"] if level not in old["levels"]]
    kept += _reordered(f"levels of {name}", old["levels"], new["levels"])
    if old["range"] is not None:
        outside = [value for value in tried if not new["range"]["low"] <= value <= new["range"]["high"]]
        changes = _range_changes(name, old["range"], new["range"])
        if outside:
            runs = f"{plural(len(outside), 'existing run')} had {numbers.text(outside[0])}"
            refused += [f"{line}; {runs}" for line in changes[:1]]
        else:
            kept += changes
    if old["role"] != new["role"]:
        kept.append(f"the role of {name} is {new['role']} now, it was {old['role']}")
    if any(old.get(text) != new.get(text) for text in ("about", "reason", "notes")):
        kept.append(f"the description of {name} has changed")
    return kept, refused


def _kind(factor: Described) -> str:
    if factor["range"] is None:
        return "levels"
    return "whole numbers" if factor["range"]["integer"] else "numbers"


def _range_changes(name: str, old: Described, new: Described) -> list[str]:
    """Return the changes of the bounds and of the scale between them."""
    changes = []
    if (old["low"], old["high"]) != (new["low"], new["high"]):
        now, was = (f"{numbers.text(bounds['low'])} to {numbers.text(bounds['high'])}" for bounds in (new, old))
        changes.append(f"the range of {name} is {now} now, it was {was}")
    if old["log"] != new["log"]:
        changes.append(f"{name} is {'now' if new['log'] else 'no longer'} spread evenly over orders of magnitude")
    return changes


def _reordered(what: str, old: Sequence[str], new: Sequence[str]) -> list[str]:
    before, after = [name for name in old if name in new], [name for name in new if name in old]
    return [] if before == after else [f"the order of the {what} has changed: {', '.join(after)}"]


def _constraints(old: Described, new: Described) -> list[str]:
    before, after = old.get("constraints", []), new.get("constraints", [])
    gone = [f"a constraint is gone: {rule['reason']}" for rule in before if rule not in after]
    return gone + [f"a constraint is new: {rule['reason']}" for rule in after if rule not in before]


def _recipes(old: Described, new: Described, added: Collection[str]) -> Iterator[str]:
    before, after = ({recipe["name"]: recipe for recipe in space.get("recipes", [])} for space in (old, new))
    for name in dict.fromkeys((*before, *after)):
        if name not in after:
            yield f"recipe '{name}' is gone"
        elif name not in before:
            yield f"recipe '{name}' is new"
        elif _without(before[name]["choices"], ()) != _without(after[name]["choices"], added):
            yield f"the choices of recipe '{name}' have changed"
        elif any(before[name][text] != after[name][text] for text in ("source", "note")):
            yield f"the description of recipe '{name}' has changed"


def _lost_rows(old: Described, new: Described, added: Collection[str]) -> Iterator[str]:
    before, after = old.get("rows", {}), new.get("rows", {})
    for label, choices in before.items():
        if label not in after:
            yield f"row '{label}' is gone"
        elif choices != _without(after[label], added):
            yield f"the choices of row '{label}' have changed"


def _without(choices: Choices, names: Collection[str]) -> dict[str, Any]:
    return {name: choice for name, choice in choices.items() if name not in names}
