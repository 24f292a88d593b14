"""Runs rebuilt from their choices in a space as it is now: whether they still are the configurations they were.

A run's digest was made from its configuration. If what a level sets has changed since, the same choices give another
configuration, and the run says nothing about it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mtbert.errors import MtbertError
from results.database.rows import RunCopy, RunRow
from results.text.formatting import plural
from search_spaces import Space, SpaceError
from search_spaces.grammar import Choice, Choices
from search_spaces.grammar.choices import complete, out_of_range
from study.trainers.abstract import Configuration, first_fault

MOST_PATHS, MOST_LEVELS = 4, 3  # shown for one change
NOTHING = "(nothing)"
FINISHED = ("complete", "pruned")

Configure = Callable[[Choices], Configuration]


@dataclass(frozen=True)
class Rebuilt:
    """Complete choices by run, for runs that are in the space and kept their digests; and what is wrong with others."""

    choices: dict[int, dict[str, Choice]]
    faults: tuple[str, ...]


@dataclass(frozen=True)
class Import:
    """The runs to copy from another study, in the order of their ids, and the counts of the others by reason."""

    copies: tuple[RunCopy, ...]
    left: Mapping[str, int]

    def told(self, name: str) -> list[str]:
        """Return lines for whoever launches the study; `name` is the other study's."""
        trials = sum(copy.trial_number is not None for copy in self.copies)
        lines = [
            f"From study {name}: {plural(len(self.copies), 'run')} taken, {trials} of them as trials of the search."
        ]
        return lines + [f"  {plural(count, 'run')} not taken: {reason}" for reason, count in self.left.items()]


@dataclass(frozen=True)
class _InSpace:
    """A run with its complete choices and their configuration, or the fault that keeps it out of the space."""

    run: RunRow
    choices: dict[str, Choice]
    config: Configuration | None
    fault: str = ""


def completed(space: Space, choices: Choices) -> dict[str, Choice]:
    """Return the choices with new factors at their baselines and without removed ones.

    Raises:
        SpaceError: they are not in the space.
    """
    whole = complete(space.factors, choices)
    space.check(whole)
    return whole


def _in_space(runs: Sequence[RunRow], space: Space, configuration: Configure) -> Iterator[_InSpace]:
    known = dict[tuple[tuple[str, Choice], ...], _InSpace]()  # seeds share choices
    for run in runs:
        key = tuple(run.choices_json.items())
        if key not in known:
            try:
                whole = completed(space, run.choices_json)
                known[key] = _InSpace(run, whole, configuration(whole))
            except (SpaceError, MtbertError) as error:
                known[key] = _InSpace(run, {}, None, first_fault(error))
        yield replace(known[key], run=run)


def rebuild(
    runs: Sequence[RunRow],
    space: Space,
    configuration: Configure,
    alone: Callable[[Choices], Sequence[Configuration]] = lambda _: (),
) -> Rebuilt:
    """Rebuild the configuration of every run from its choices, or one of the `alone` configurations of one task.

    A run with a number outside its range, as an older release's rounding made some, stays what it is.
    """
    found: dict[int, dict[str, Choice]] = {}
    outside, others = Counter[str](), list[tuple[RunRow, Configuration]]()
    for one in _in_space(runs, space, configuration):
        run = one.run
        if one.config is None and out_of_range(space.factors, run.choices_json):  # `evolution` reports changed ranges
            found[run.id] = dict(run.choices_json)
        elif one.config is None:
            outside[one.fault] += 1
        elif run.config_digest in {config.digest() for config in (one.config, *alone(one.choices))}:
            found[run.id] = one.choices
        else:
            others.append((run, one.config))
    faults = [f"{_runs(count)} cannot be any more: {fault}" for fault, count in outside.items()]
    return Rebuilt(found, (*faults, *_other_meanings(others, [run for run in runs if run.id in found])))


def plan_import(runs: Sequence[RunRow], space: Space, configuration: Configure) -> Import:
    """Decide which runs of another study are runs of this space, with their choices in it.

    These are the finished runs whose choices, with new factors at their baselines, are in the space and give the same
    configuration. Trials are numbered from 0, in the order they had.
    """
    taken: list[_InSpace] = []
    left = Counter[str]()
    for one in _in_space(runs, space, configuration):
        if one.run.status not in FINISHED:
            left["failed" if one.run.status == "failed" else "did not finish"] += 1
        elif one.config is None:
            left[one.fault] += 1
        elif one.config.digest() != one.run.config_digest:
            left["the same choices are another configuration here"] += 1
        else:
            taken.append(one)
    trials = sorted(one.run.trial_number for one in taken if one.run.trial_number is not None)
    number: dict[int | None, int | None] = {old: new for new, old in enumerate(trials)}
    return Import(tuple(RunCopy(one.run.id, one.choices, number.get(one.run.trial_number)) for one in taken), left)


def _other_meanings(others: Sequence[tuple[RunRow, Configuration]], same: Sequence[RunRow]) -> Iterator[str]:
    """Yield what changed in the configurations of runs, with the levels that these runs alone have in common."""
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
