"""Runs that exist, told in the words of a space as it is now: whether they still are what they were.

A run's digest was made from its configuration. What levels set may have changed since: then the same choices give
another configuration, and the run says nothing about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mtbert.errors import MtbertError
from results.rows import RunRow
from search_spaces import Space, SpaceError
from search_spaces.grammar import Choice, Choices
from search_spaces.grammar.choices import complete, out_of_range
from study.trainers.abstract import Configuration

MOST_PATHS, MOST_LEVELS = 4, 3  # told of one change
NOTHING = "(nothing)"

Configure = Callable[[Choices], Configuration]


@dataclass(frozen=True)
class Rebuilt:
    """Complete choices in the space by run, for those that are in it and kept their digests; and what is wrong."""

    choices: dict[int, dict[str, Choice]]
    faults: tuple[str, ...]


def completed(space: Space, choices: Choices) -> dict[str, Choice]:
    """The choices with factors that are new at their baselines, without those that are gone; `SpaceError`."""
    whole = complete(space.factors, choices)
    space.check(whole)
    return whole


def rebuild(
    runs: Sequence[RunRow],
    space: Space,
    configuration: Configure,
    alone: Callable[[Choices], Sequence[Configuration]] = lambda _: (),
) -> Rebuilt:
    """Rebuild the configuration of every run from its choices, or one of these `alone`: of one task.

    A run whose number lies outside of its range, as an older release's rounding made some, stays what it is.
    """
    found: dict[int, dict[str, Choice]] = {}
    outside, others = dict[str, int](), list[tuple[RunRow, Configuration]]()
    known = dict[tuple[tuple[str, Choice], ...], tuple[dict[str, Choice], Configuration]]()  # seeds share choices
    for run in runs:
        key = tuple(run.choices_json.items())
        try:
            if key not in known:
                whole = completed(space, run.choices_json)
                known[key] = whole, configuration(whole)
        except (SpaceError, MtbertError) as error:
            if out_of_range(space.factors, run.choices_json):  # evolution tells of a range that is another now
                found[run.id] = dict(run.choices_json)
                continue
            outside[first_fault(error)] = outside.get(first_fault(error), 0) + 1
            continue
        whole, config = known[key]
        if config.digest() == run.config_digest or run.config_digest in {one.digest() for one in alone(whole)}:
            found[run.id] = whole
        else:
            others.append((run, config))
    faults = [f"{_runs(count)} cannot be any more: {fault}" for fault, count in outside.items()]
    return Rebuilt(found, (*faults, *_other_meanings(others, [run for run in runs if run.id in found])))


def first_fault(error: SpaceError | MtbertError) -> str:
    """The first fault of an error, without what a person would type instead."""
    line = str(error).splitlines()[0]
    return line.partition(". ")[0].rstrip(".").partition(", got ")[0]


def _other_meanings(others: Sequence[tuple[RunRow, Configuration]], same: Sequence[RunRow]) -> Iterator[str]:
    """What changed in the configurations of runs, with the levels that these runs have in common and no others."""
    groups: dict[tuple[str, ...], list[RunRow]] = {}
    for run, config in others:
        groups.setdefault(tuple(_differences(run.config_json, config.model_dump(mode="json"))), []).append(run)
    innocent = {item for run in same for item in run.choices_json.items()}
    for paths, runs in groups.items():
        common = [i for i in runs[0].choices_json.items() if all(i in run.choices_json.items() for run in runs)]
        suspects = [(name, choice) for name, choice in common if (name, choice) not in innocent]
        levels_alone = [item for item in suspects if isinstance(item[1], str)]  # a number is rarely met twice
        guilty = [f"{name}={choice}" for name, choice in levels_alone or suspects]
        levels = f" with {', '.join(guilty)}" if 0 < len(guilty) <= MOST_LEVELS else ""
        more = f" and {len(paths) - MOST_PATHS} more" if len(paths) > MOST_PATHS else ""
        yield f"{_runs(len(runs))}{levels} would be another configuration: {', '.join(paths[:MOST_PATHS])}{more}"


def _runs(count: int) -> str:
    return "a run" if count == 1 else f"{count} runs"


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    before, after = dict(_flat(old)), dict(_flat(new))
    for path in dict.fromkeys((*before, *after)):
        was, now = before.get(path, NOTHING), after.get(path, NOTHING)
        if was != now and path != "seed":
            yield f"{path} {was} -> {now}"


def _flat(data: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in data.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
