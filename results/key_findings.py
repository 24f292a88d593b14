"""What the first screen answers beside the score: what mattered, what did not, and what is open."""

from __future__ import annotations

from dataclasses import dataclass

from results.contrasts import compared_runs
from results.described import described
from results.statistics import Interval
from results.study_results import StudyResults
from results.summary import Summary
from results.wording import level_text, plural

SHOWN = 5  # of each kind; the table under it has all


@dataclass(frozen=True)
class KeyFinding:
    """One change and what it does, in score units, with the runs it is known from."""

    factor: str
    words: str
    verdict: str
    interval: Interval
    run_ids: str


@dataclass(frozen=True)
class Group:
    """One of the answers: its rows, the largest effect first, and what is to be said beside them."""

    title: str
    nothing: str
    findings: tuple[KeyFinding, ...]
    notes: tuple[str, ...] = ()

    @property
    def shown(self) -> tuple[KeyFinding, ...]:
        """The first of them."""
        return self.findings[:SHOWN]

    @property
    def more(self) -> int:
        """How many are left for the table."""
        return len(self.findings) - len(self.shown)


def groups(results: StudyResults, found: Summary) -> tuple[Group, ...]:
    """The three answers; empty before anything was compared."""
    rows = _of_grid(results, found) if found.is_grid else _of_ablation(results, found)
    if not rows:
        return ()
    judged = {verdict: tuple(row for row in rows if row.verdict == verdict) for verdict in ("equivalent", "open")}
    shown = sorted(
        (row for row in rows if row.verdict in ("helps", "hurts")), key=lambda row: -abs(row.interval.estimate)
    )
    return (
        Group("What mattered", "No single change is told from 0.", tuple(shown)),
        Group("What made no difference", "Nothing is shown to be equivalent.", judged["equivalent"]),
        Group("What is open", "Every change that was run has a verdict.", judged["open"], _not_run(found)),
    )


def _of_ablation(results: StudyResults, found: Summary) -> list[KeyFinding]:
    best = found.best.digest if found.best else ""
    return [
        KeyFinding(
            row.cell.factor or "",
            f"{level_text(row.cell.from_level)} → {level_text(row.cell.to_level)}",
            row.judgement.verdict,
            row.comparison.interval,
            compared_runs(results, row.comparison, row.cell.config_digest, best),
        )
        for row in found.ablation
        if row.comparison and row.judgement
    ]


def _of_grid(results: StudyResults, found: Summary) -> list[KeyFinding]:
    baseline = found.baseline.digest if found.baseline else ""
    return [
        KeyFinding(
            "",
            "; ".join(row.entry.labels) or described(found, row.entry.choices).text,
            row.judgement.verdict,
            row.comparison.interval,
            compared_runs(results, row.comparison, row.entry.digest, baseline),
        )
        for row in found.against_baseline
        if row.comparison and row.judgement
    ]


def _not_run(found: Summary) -> tuple[str, ...]:
    left, forbidden = found.not_run.beyond_budget, found.not_run.cannot_be_made
    told = []
    if left:
        told.append(f"{plural(left, 'further change')} {'was' if left == 1 else 'were'} not run: beyond the budget.")
    if forbidden:
        told.append(f"{plural(forbidden, 'change')} cannot be made to the best.")
    return tuple(told)
