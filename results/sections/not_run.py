"""What a design of the ablation goes without, as the driver decided: beyond the budget, or forbidden by the space."""

from __future__ import annotations

from dataclasses import dataclass

from results.leaderboard import best_digest
from results.study_results import StudyResults
from results.wording import plural


@dataclass(frozen=True)
class LeftOut:
    """Of one design: how many of its parts are beyond the budget, and (what, reason) of those that cannot be."""

    noun: str
    beyond_budget: int
    impossible: tuple[tuple[str, str], ...]

    def sentence(self) -> str:
        """What the budget leaves out; empty where that is nothing."""
        if not self.beyond_budget:
            return ""
        verb = "was" if self.beyond_budget == 1 else "were"
        return f"{plural(self.beyond_budget, f'further {self.noun}')} {verb} left out: beyond the budget (--ablations)."

    def heading(self) -> str:
        """How many the space forbids."""
        return f"{plural(len(self.impossible), self.noun)} cannot be run, and why"


def left_out(results: StudyResults, design: str, noun: str) -> LeftOut:
    """Of `design` around the study's best; nothing where the study did not ask for it."""
    decided = results.study.decisions_json.get("designs", {})
    asked = decided.get(design, {}) if decided.get("around") == best_digest(results) else {}
    impossible = tuple((each["what"], each["reason"]) for each in asked.get("impossible", ()))
    return LeftOut(noun, int(asked.get("beyond_budget", 0)), impossible)
