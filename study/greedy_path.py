"""The greedy path from the baseline to the best, walked: what it tries next, and the steps it has taken.

Steps that were decided before (a study that is resumed) are taken again, whatever the scores are by now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from results.designs import CellPlan, path_steps
from search_spaces import Space
from search_spaces.grammar import Choices

Measured = tuple[str, float | None]  # a configuration's digest, and its mean score over the fresh seeds


@dataclass(frozen=True)
class GreedyPath:
    """A path so far: `at` which configuration it stands, the `steps` it took, and why it `stopped` before the best.

    `room`: how many configurations it may still add to those in `known`. `decided`: steps of an earlier launch.
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
        """Every single change that it may make next; none where it has come to its end."""
        if self.stopped is not None:
            return []
        number = len(self.steps) + 1
        return [
            replace(cell, name=f"path:{number}:{cell.name.removeprefix('path:')}")
            for cell in path_steps(self.space, self.at, self.best)
        ]

    def fits(self, tries: Sequence[CellPlan]) -> bool:
        """Whether what it would have to run is within its room."""
        return len(self._new(tries)) <= self.room

    def taking(self, tries: Sequence[CellPlan], found: Sequence[Measured]) -> GreedyPath:
        """The path after its next step: the one decided before, else the one that scored highest, the first of equals.

        `found` of each try; a configuration that has not all of its runs is not taken.
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
        """The path that ends here, because its next step is more than its room."""
        return replace(self, stopped="the rest is beyond the budget (--ablations)")

    def as_json(self, best: str, baseline: str) -> dict[str, Any]:
        """For `study_meta.decisions_json`; digests of the ends it leads between."""
        return {
            "best": best,
            "baseline": baseline,
            "steps": [dict(step) for step in self.steps],
            "stopped": self.stopped,
        }

    def _new(self, tries: Sequence[CellPlan]) -> list[Choices]:
        return [cell.choices for cell in tries if cell.choices not in (dict(self.best), *self.known)]


def decided_steps(kept: Mapping[str, Any] | None, best: str, baseline: str) -> tuple[Mapping[str, Any], ...]:
    """The steps an earlier launch decided, where it led between the same two configurations."""
    if kept is None or (kept.get("best"), kept.get("baseline")) != (best, baseline):
        return ()
    return tuple(kept.get("steps", ()))


def walk(
    path: GreedyPath,
    carry_out: Callable[[list[CellPlan]], Sequence[Measured]],
    decide: Callable[[GreedyPath], None],
) -> None:
    """Step by step to the path's end: its tries are carried out, then the step is decided, and kept."""
    while tries := path.tries():
        path = path.taking(tries, carry_out(tries)) if path.fits(tries) else path.beyond_budget()
        decide(path)
