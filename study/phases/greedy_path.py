"""The greedy path from the baseline to the best: its next candidates, and the steps taken.

A resumed study takes the steps that were decided before again, whatever the scores are now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from search_spaces import Space
from search_spaces.grammar import Choices
from study.designs.designs import CellPlan, path_steps

Measured = tuple[str, float | None]  # a configuration's digest, and its mean score over the fresh seeds


@dataclass(frozen=True)
class GreedyPath:
    """A path so far: its current configuration `at`, the `steps` taken, and why it `stopped` before the best.

    `room` is the number of configurations that it may still add to those in `known`; `decided` has the steps of an
    earlier launch.
    """

    space: Space
    best: Choices
    at: Choices
    room: int
    known: tuple[Choices, ...]
    decided: tuple[Mapping[str, Any], ...] = ()
    steps: tuple[Mapping[str, Any], ...] = ()
    stopped: str | None = None

    def tries(self) -> list[CellPlan]:
        """Return every single change that may be the next step; none at the end of the path."""
        if self.stopped is not None:
            return []
        number = len(self.steps) + 1
        return [
            replace(cell, name=f"path:{number}:{cell.name.removeprefix('path:')}")
            for cell in path_steps(self.space, self.at, self.best)
        ]

    def fits(self, tries: Sequence[CellPlan]) -> bool:
        """Return whether the configurations that it would have to run are within its room."""
        return len(self._new(tries)) <= self.room

    def taking(self, tries: Sequence[CellPlan], found: Sequence[Measured]) -> GreedyPath:
        """Return the path after its next step: the one decided before, else the one with the highest score.

        `found` has the measurement of each try; a configuration without all of its runs is not taken.
        """
        digests = [digest for digest, _ in found]
        again = self.decided[len(self.steps)]["digest"] if len(self.steps) < len(self.decided) else None
        whole = [(cell, score) for cell, (_, score) in zip(tries, found, strict=True) if score is not None]
        if again in digests:
            chosen = tries[digests.index(again)]
        elif whole:
            chosen = max(whole, key=lambda pair: pair[1])[0]  # the first of equals
        else:
            return replace(self, stopped="no change has all its runs")
        new = self._new(tries)
        step = {
            "factor": chosen.factor,
            "from_level": chosen.from_level,
            "to_level": chosen.to_level,
            "digest": digests[list(tries).index(chosen)],
            "tried": len(tries),
        }
        decided = self.decided if again in digests else ()
        return replace(
            self,
            at=chosen.choices,
            room=self.room - len(new),
            known=(*self.known, *new),
            decided=decided,
            steps=(*self.steps, step),
        )

    def beyond_budget(self) -> GreedyPath:
        """Return the path ended here, because its next step exceeds its room."""
        return replace(self, stopped="the rest is beyond the budget (--ablations)")

    def as_json(self, best: str, baseline: str) -> dict[str, Any]:
        """Return the path for `study_meta.decisions_json`, with the digests of its ends."""
        return {
            "best": best,
            "baseline": baseline,
            "steps": [dict(step) for step in self.steps],
            "stopped": self.stopped,
        }

    def _new(self, tries: Sequence[CellPlan]) -> list[Choices]:
        return [cell.choices for cell in tries if cell.choices not in (dict(self.best), *self.known)]


def decided_steps(kept: Mapping[str, Any] | None, best: str, baseline: str) -> tuple[Mapping[str, Any], ...]:
    """Return the steps that an earlier launch decided between the same two configurations."""
    if kept is None or (kept.get("best"), kept.get("baseline")) != (best, baseline):
        return ()
    return tuple(kept.get("steps", ()))


def walk(
    path: GreedyPath,
    run_tries: Callable[[list[CellPlan]], Sequence[Measured]],
    decide: Callable[[GreedyPath], None],
) -> None:
    """Walk to the end of the path: at each step run its tries, then decide the step and keep it."""
    while tries := path.tries():
        path = path.taking(tries, run_tries(tries)) if path.fits(tries) else path.beyond_budget()
        decide(path)
