"""The greedy path from the baseline to the best: its candidates and its steps, which a resumed study repeats."""

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
    """The path up to the configuration `at`, its `steps`, and the reason why it `stopped` before the best.

    It may run `budget` more configurations besides those in `free`, which are run anyway. `decided` are the steps of an
    earlier launch, which are repeated whatever the scores are now.
    """

    space: Space
    best: Choices
    at: Choices
    budget: int
    free: tuple[Choices, ...]
    decided: tuple[Mapping[str, Any], ...] = ()
    steps: tuple[Mapping[str, Any], ...] = ()
    stopped: str | None = None

    def candidates(self) -> list[CellPlan]:
        """Return each change that may be the next step; none at the end of the path."""
        if self.stopped is not None:
            return []
        number = len(self.steps) + 1
        return [
            replace(cell, name=f"path:{number}:{cell.name.removeprefix('path:')}")
            for cell in path_steps(self.space, self.at, self.best)
        ]

    def fits(self, candidates: Sequence[CellPlan]) -> bool:
        """Return whether the configurations that the candidates would add are within the budget."""
        return len(self._new(candidates)) <= self.budget

    def step(self, candidates: Sequence[CellPlan], measured: Sequence[Measured]) -> GreedyPath:
        """Return the path after its next step: the one decided before, or else the candidate with the highest score.

        `measured` has a measurement per candidate; candidates without all of their runs are not chosen.
        """
        digests = [digest for digest, _ in measured]
        earlier = self.decided[len(self.steps)]["digest"] if len(self.steps) < len(self.decided) else None
        scored = [(cell, score) for cell, (_, score) in zip(candidates, measured, strict=True) if score is not None]
        if earlier in digests:
            chosen = candidates[digests.index(earlier)]
        elif scored:
            chosen = max(scored, key=lambda pair: pair[1])[0]  # the first of equals
        else:
            return replace(self, stopped="no change has all its runs")
        new = self._new(candidates)
        step = {
            "factor": chosen.factor,
            "from_level": chosen.from_level,
            "to_level": chosen.to_level,
            "digest": digests[list(candidates).index(chosen)],
            "tried": len(candidates),
        }
        return replace(
            self,
            at=chosen.choices,
            budget=self.budget - len(new),
            free=(*self.free, *new),
            decided=self.decided if earlier in digests else (),
            steps=(*self.steps, step),
        )

    def beyond_budget(self) -> GreedyPath:
        """Return the path stopped here, because its next step exceeds the budget."""
        return replace(self, stopped="the rest is beyond the budget (--ablations)")

    def as_json(self, best: str, baseline: str) -> dict[str, Any]:
        """Return the path for `study_meta.decisions_json`, with the digests of its ends."""
        steps = [dict(step) for step in self.steps]
        return {"best": best, "baseline": baseline, "steps": steps, "stopped": self.stopped}

    def _new(self, candidates: Sequence[CellPlan]) -> list[Choices]:
        return [cell.choices for cell in candidates if cell.choices not in (dict(self.best), *self.free)]


def decided_steps(kept: Mapping[str, Any] | None, best: str, baseline: str) -> tuple[Mapping[str, Any], ...]:
    """Return the steps that an earlier launch decided between the same two configurations."""
    if kept is None or (kept.get("best"), kept.get("baseline")) != (best, baseline):
        return ()
    return tuple(kept.get("steps", ()))


def walk(
    path: GreedyPath,
    measure: Callable[[list[CellPlan]], Sequence[Measured]],
    decide: Callable[[GreedyPath], None],
) -> None:
    """Walk to the end of the path: at each step measure the candidates, choose one, and `decide` the path so far."""
    while candidates := path.candidates():
        path = path.step(candidates, measure(candidates)) if path.fits(candidates) else path.beyond_budget()
        decide(path)
