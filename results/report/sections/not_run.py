"""Parts of an ablation's design that are not run: beyond the budget, or forbidden by the space."""

from __future__ import annotations

from dataclasses import dataclass

from results.analysis.leaderboard import best_digest
from results.measurements.study_results import StudyResults
from results.text.formatting import plural


@dataclass(frozen=True)
class LeftOut:
    """Parts of one design that are not run: how many are beyond the budget, (what, reason) of forbidden ones."""

    noun: str
    beyond_budget: int
    impossible: tuple[tuple[str, str], ...]

    def sentence(self) -> str:
        """Return how many parts the budget leaves out; empty for none."""
        if not self.beyond_budget:
            return ""
        verb = "was" if self.beyond_budget == 1 else "were"
        return f"{plural(self.beyond_budget, f'further {self.noun}')} {verb} left out: beyond the budget (--ablations)."

    def heading(self) -> str:
        """Return how many parts the space forbids."""
        return f"{plural(len(self.impossible), self.noun)} cannot be run, and why"


def left_out(results: StudyResults, design: str, noun: str) -> LeftOut:
    """Return what `design` around the study's best left out; nothing where the study did not ask for it."""
    decided = results.study.decisions_json.get("designs", {})
    asked = decided.get(design, {}) if decided.get("around") == best_digest(results) else {}
    impossible = tuple((each["what"], each["reason"]) for each in asked.get("impossible", ()))
    return LeftOut(noun, int(asked.get("beyond_budget", 0)), impossible)
