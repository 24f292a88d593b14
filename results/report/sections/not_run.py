"""Parts of an ablation's design that are not run: beyond the budget, or forbidden by the space."""

from __future__ import annotations

from dataclasses import dataclass

from results.analysis.leaderboard import best_digest
from results.measurements.study_results import StudyResults
from results.text.formatting import plural


@dataclass(frozen=True)
class LeftOut:
    """Parts of one design that are not run: a number beyond the budget, and (what, reason) of each impossible one."""

    noun: str
    beyond_budget: int
    impossible: tuple[tuple[str, str], ...]

    def sentence(self) -> str:
        """Return the number of parts that the budget leaves out; empty for none."""
        if not self.beyond_budget:
            return ""
        parts = f"{plural(self.beyond_budget, f'further {self.noun}')} {'was' if self.beyond_budget == 1 else 'were'}"
        return f"{parts} not run: the budget (--ablations) was used up."

    def heading(self) -> str:
        """Return the heading of the parts that the space forbids."""
        return f"{plural(len(self.impossible), self.noun)} cannot be run, and why"


def left_out(results: StudyResults, design: str, noun: str) -> LeftOut:
    """Return the parts of `design` around the study's best that are not run; none if the study did not request it."""
    designs = results.study.decisions_json.get("designs", {})
    decided = designs.get(design, {}) if designs.get("around") == best_digest(results) else {}
    impossible = tuple((each["what"], each["reason"]) for each in decided.get("impossible", ()))
    return LeftOut(noun, int(decided.get("beyond_budget", 0)), impossible)
