"""Runs rebuilt from their choices in today's space, to check that they still have the same configurations.

A run's digest is made from its configuration. Once the settings of a level change, the same choices give another
configuration, of which the run is no measurement.
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
    """The complete choices of the runs that kept their digests, by run id, and the faults of the others."""

    choices: dict[int, dict[str, Choice]]
    faults: tuple[str, ...]


@dataclass(frozen=True)
class Import:
    """The runs to copy from another study, in the order of their ids, and the numbers of the others by reason."""

    copies: tuple[RunCopy, ...]
    left_out: Mapping[str, int]

    def lines(self, name: str) -> list[str]:
        """Return the lines that the launch prints; `name` is the other study's."""
        trials = sum(copy.trial_number is not None for copy in self.copies)
        return [
            f"From study {name}: {plural(len(self.copies), 'run')} imported, {trials} of them as trials of the search.",
            *(f"  {plural(count, 'run')} not imported: {reason}" for reason, count in self.left_out.items()),
        ]


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
        SpaceError: the choices are not in the space.
    """
    whole = complete(space.factors, choices)
    space.check(whole)
    return whole


def _in_space(runs: Sequence[RunRow], space: Space, configuration: Configure) -> Iterator[_InSpace]:
    by_choices = dict[tuple[tuple[str, Choice], ...], _InSpace]()  # seeds share choices
    for run in runs:
        key = tuple(run.choices_json.items())
        if key not in by_choices:
            try:
                whole = completed(space, run.choices_json)
                by_choices[key] = _InSpace(run, whole, configuration(whole))
            except (SpaceError, MtbertError) as error:
                by_choices[key] = _InSpace(run, {}, None, first_fault(error))
        yield replace(by_choices[key], run=run)


def rebuild(
    runs: Sequence[RunRow],
    space: Space,
    configuration: Configure,
    otherwise: Callable[[Choices], Sequence[Configuration]] = lambda _: (),
) -> Rebuilt:
    """Rebuild the configuration of every run from its choices; `otherwise` gives those on one task, or other sentences.

    A run with a number outside its range, which an older release's rounding produced, keeps its choices.
    """
    same: dict[int, dict[str, Choice]] = {}
    outside, others = Counter[str](), list[tuple[RunRow, Configuration]]()
    for candidate in _in_space(runs, space, configuration):
        run, config = candidate.run, candidate.config
        if config is None and out_of_range(space.factors, run.choices_json):  # `compare` reports changed ranges
            same[run.id] = dict(run.choices_json)
        elif config is None:
            outside[candidate.fault] += 1
        elif run.config_digest in {each.digest() for each in (config, *otherwise(candidate.choices))}:
            same[run.id] = candidate.choices
        else:
            others.append((run, config))
    faults = [f"{_runs(count)} became invalid: {fault}" for fault, count in outside.items()]
    return Rebuilt(same, (*faults, *_other_meanings(others, [run for run in runs if run.id in same])))


def plan_import(runs: Sequence[RunRow], space: Space, configuration: Configure) -> Import:
    """Return the runs of another study that are runs of this space, with their choices in it.

    These are the finished runs whose choices, with new factors at their baselines, are in the space and give the same
    configuration. Trials are numbered from 0, in their order.
    """
    imported: list[_InSpace] = []
    left_out = Counter[str]()
    for candidate in _in_space(runs, space, configuration):
        run, config = candidate.run, candidate.config
        if run.status not in FINISHED:
            left_out["failed" if run.status == "failed" else "did not finish"] += 1
        elif config is None:
            left_out[candidate.fault] += 1
        elif config.digest() != run.config_digest:
            left_out["the same choices are another configuration here"] += 1
        else:
            imported.append(candidate)
    trials = sorted(each.run.trial_number for each in imported if each.run.trial_number is not None)
    numbers: dict[int | None, int | None] = {old: new for new, old in enumerate(trials)}
    copies = (RunCopy(each.run.id, each.choices, numbers.get(each.run.trial_number)) for each in imported)
    return Import(tuple(copies), left_out)


def _other_meanings(others: Sequence[tuple[RunRow, Configuration]], same: Sequence[RunRow]) -> Iterator[str]:
    """Yield the changes in the configurations of runs, with the levels that only these runs have in common."""
    groups: dict[tuple[str, ...], list[RunRow]] = {}
    for run, config in others:
        groups.setdefault(tuple(_differences(run.config_json, config.model_dump(mode="json"))), []).append(run)
    unchanged = {item for run in same for item in run.choices_json.items()}
    for paths, runs in groups.items():
        common = set.intersection(*(set(run.choices_json.items()) for run in runs)) - unchanged
        suspects = [item for item in runs[0].choices_json.items() if item in common]
        levels_alone = [item for item in suspects if isinstance(item[1], str)]  # numbers rarely repeat
        shown = [f"{name}={choice}" for name, choice in levels_alone or suspects]
        levels = f" with {', '.join(shown)}" if 0 < len(shown) <= MOST_LEVELS else ""
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
