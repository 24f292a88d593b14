"""The runs that a new study takes over from another: which, as which trials, and why not the others. No effects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mtbert.errors import MtbertError
from results.rows import RunCopy, RunRow
from search_spaces import Space, SpaceError
from study.rebuilding import Configure, completed, first_fault

FINISHED = ("complete", "pruned")


@dataclass(frozen=True)
class Import:
    """The runs to copy, in the order of their ids, and how many were left for which reason."""

    copies: tuple[RunCopy, ...]
    left: dict[str, int]

    def told(self, name: str) -> list[str]:
        """Lines for whoever launches the study; `name` is the other study's."""
        trials = sum(copy.trial_number is not None for copy in self.copies)
        lines = [f"From study {name}: {_runs(len(self.copies))} taken, {trials} of them as trials of the search."]
        return lines + [f"  {_runs(count)} not taken: {reason}" for reason, count in self.left.items()]


def plan(runs: Sequence[RunRow], space: Space, configuration: Configure) -> Import:
    """Which of another study's runs are runs of this one, told in the choices of its space.

    Those that finished, whose choices (factors that are new at their baselines) are in the space and give the very
    configuration that was run. Trials are numbered from 0, in the order they had.
    """
    taken: list[tuple[RunRow, dict[str, str | int | float]]] = []
    left: dict[str, int] = {}
    for run in runs:
        choices, reason = _choices(run, space, configuration)
        if choices is not None:
            taken.append((run, choices))
        else:
            left[reason] = left.get(reason, 0) + 1
    trials = sorted(run.trial_number for run, _ in taken if run.trial_number is not None)
    number = {old: new for new, old in enumerate(trials)}
    copies = [
        RunCopy(run.id, choices, None if run.trial_number is None else number[run.trial_number])
        for run, choices in taken
    ]
    return Import(tuple(copies), left)


def _choices(run: RunRow, space: Space, configuration: Configure) -> tuple[dict[str, str | int | float] | None, str]:
    """The run's choices in the space, or None and why it has none."""
    if run.status not in FINISHED:
        return None, "failed" if run.status == "failed" else "did not finish"
    try:
        choices = completed(space, run.choices_json)
        config = configuration(choices)
    except (SpaceError, MtbertError) as error:
        return None, first_fault(error)
    if config.digest() != run.config_digest:
        return None, "the same choices are another configuration here"
    return choices, ""


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"
