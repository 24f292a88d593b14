"""What became of a space since a study of it was launched: what its runs survive, and what they do not.

Decisions without effects, on two descriptions of a space (`search_spaces.describe`) and what was run of the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from search_spaces.grammar import Choices, numbers

Described = Mapping[str, Any]


@dataclass(frozen=True)
class Evolution:
    """Changes in words, one line each: those under which every run keeps its meaning, and those that forbid to go on.

    `added` are the full names of the factors that are new.
    """

    kept: tuple[str, ...]
    refused: tuple[str, ...]
    added: tuple[str, ...]


def compare(old: Described, new: Described, tried: Sequence[Choices]) -> Evolution:
    """Return the changes from `old` to `new`; `tried` are the choices of the runs that exist.

    What levels set is not told by a description: `study.resume.rebuild` sees to that.
    """
    before, after = _factors(old), _factors(new)
    added = tuple(name for name in after if name not in before)
    refused = [*_whole(old, new), *_gone(before, after), *_rows_lost(old, new, added)]
    kept = [*_texts(old, new), *_new(before, after)]
    for name in before:
        if name in after:
            stays, goes = _changed(before[name], after[name], [c[name] for c in tried if name in c])
            kept, refused = kept + stays, refused + goes
    kept += [*_reordered("factors", list(before), list(after)), *_constraints(old, new), *_recipes(old, new, added)]
    kept += [f"row '{label}' is new" for label in new.get("rows", {}) if label not in old.get("rows", {})]
    return Evolution(tuple(kept), tuple(refused), added)


def _factors(space: Described) -> dict[str, Described]:
    return {factor["name"]: factor for factor in space["factors"]}


def _whole(old: Described, new: Described) -> Iterator[str]:
    """Yield the design, and what every configuration of the space sets."""
    if old["design"] != new["design"]:
        yield f"the design is '{new['design']}' now, it was '{old['design']}'"
    before, after = old.get("base", {}), new.get("base", {})
    for path in dict.fromkeys((*before, *after)):
        if path not in after:
            yield f"the base no longer sets {path} = {before[path]!r}"
        elif path not in before or before[path] != after[path]:
            was = f", it was {before[path]!r}" if path in before else ""
            yield f"the base sets {path} = {after[path]!r} now{was}"


def _gone(before: Mapping[str, Described], after: Mapping[str, Described]) -> list[str]:
    """Factors that are gone, but for those that hung from a level that is gone with them."""
    return [f"factor {name} is gone" for name in _outermost(before, after)]


def _new(before: Mapping[str, Described], after: Mapping[str, Described]) -> list[str]:
    """Factors that are new, but for those that hang from a level that is new itself."""
    return [f"factor {name} is new; runs so far had {after[name]['baseline']}" for name in _outermost(after, before)]


def _outermost(here: Mapping[str, Described], there: Mapping[str, Described]) -> Iterator[str]:
    """Yield the factors of one space alone, under a factor and level that both have."""
    for name, factor in here.items():
        condition = factor["condition"]
        if name not in there and (condition is None or condition["level"] in _levels(there, condition["factor"])):
            yield name


def _levels(factors: Mapping[str, Described], name: str) -> Sequence[str]:
    return factors[name]["levels"] if name in factors else ()


def _changed(old: Described, new: Described, tried: Sequence[Any]) -> tuple[list[str], list[str]]:
    """Return what changed of one factor that both spaces have: what runs survive, and what they do not."""
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
        told = _range(name, old["range"], new["range"])
        if outside:
            runs = "a run" if len(outside) == 1 else f"{len(outside)} runs"
            refused += [
                f"{line}; {runs} that exist{'s' * (len(outside) == 1)} had {numbers.text(outside[0])}"
                for line in told[:1]
            ]
        else:
            kept += told
    if old["role"] != new["role"]:
        kept.append(f"the role of {name} is {new['role']} now, it was {old['role']}")
    if any(old.get(text) != new.get(text) for text in ("about", "reason", "notes")):
        kept.append(f"the texts of {name} have changed")
    return kept, refused


def _kind(factor: Described) -> str:
    if factor["range"] is None:
        return "levels"
    return "whole numbers" if factor["range"]["integer"] else "numbers"


def _range(name: str, old: Described, new: Described) -> list[str]:
    """Return the bounds, when they changed, and how numbers are spread between them."""
    told = []
    if (old["low"], old["high"]) != (new["low"], new["high"]):
        now, was = (f"{numbers.text(bounds['low'])} to {numbers.text(bounds['high'])}" for bounds in (new, old))
        told.append(f"the range of {name} is {now} now, it was {was}")
    if old["log"] != new["log"]:
        told.append(f"{name} is {'now' if new['log'] else 'no longer'} spread evenly over orders of magnitude")
    return told


def _reordered(what: str, old: Sequence[str], new: Sequence[str]) -> list[str]:
    """Return whether what both have stands in another order."""
    before, after = [name for name in old if name in new], [name for name in new if name in old]
    return [] if before == after else [f"the {what} have another order: {', '.join(after)}"]


def _texts(old: Described, new: Described) -> Iterator[str]:
    for key in ("name", "goal"):
        if old[key] != new[key]:
            yield f"the {key} is '{new[key]}' now, it was '{old[key]}'"


def _constraints(old: Described, new: Described) -> list[str]:
    before, after = old.get("constraints", []), new.get("constraints", [])
    gone = [f"a constraint is gone: {one['reason']}" for one in before if one not in after]
    return gone + [f"a constraint is new: {one['reason']}" for one in after if one not in before]


def _recipes(old: Described, new: Described, added: Iterable[str]) -> Iterator[str]:
    before, after = ({recipe["name"]: recipe for recipe in space.get("recipes", [])} for space in (old, new))
    for name in dict.fromkeys((*before, *after)):
        if name not in after:
            yield f"recipe '{name}' is gone"
        elif name not in before:
            yield f"recipe '{name}' is new"
        elif _without(before[name]["choices"], ()) != _without(after[name]["choices"], added):
            yield f"recipe '{name}' has other choices"
        elif any(before[name][text] != after[name][text] for text in ("source", "note")):
            yield f"the texts of recipe '{name}' have changed"


def _rows_lost(old: Described, new: Described, added: Iterable[str]) -> Iterator[str]:
    before, after = old.get("rows", {}), new.get("rows", {})
    for label, choices in before.items():
        if label not in after:
            yield f"row '{label}' is gone"
        elif choices != _without(after[label], added):
            yield f"row '{label}' has other choices"


def _without(choices: Choices, names: Iterable[str]) -> dict[str, Any]:
    left_out = set(names)
    return {name: choice for name, choice in choices.items() if name not in left_out}
