"""Key findings on the first screen: what mattered, what made no difference, what is ruled out, and what is open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from results.analysis.ablation import AblationRow
from results.analysis.comparisons import shown_interval
from results.analysis.contrasts import compared_runs
from results.analysis.describe import described
from results.analysis.summary import Summary
from results.measurements.study_results import StudyResults
from results.statistics import Interval
from results.text.formatting import level_text, plural
from results.text.verdict_words import verdict_words

SHOWN = 5  # of each kind; the ablation table has all


@dataclass(frozen=True)
class KeyFinding:
    """One change with its effect in score units, and the runs that measured it; `says`: what an effect excludes."""

    factor: str
    words: str
    verdict: str
    says: str
    interval: Interval
    run_ids: str


@dataclass(frozen=True)
class Group:
    """One column of key findings, the largest effect first, with notes."""

    title: str
    nothing: str
    findings: tuple[KeyFinding, ...]
    notes: tuple[str, ...] = ()

    @property
    def shown(self) -> tuple[KeyFinding, ...]:
        """The findings that are shown."""
        return self.findings[:SHOWN]

    @property
    def more(self) -> int:
        """The number of findings that only the table has."""
        return len(self.findings) - len(self.shown)


def groups(results: StudyResults, summary: Summary) -> tuple[Group, ...]:
    """Return the groups; none before anything has been compared. What is ruled out is a group if there is any."""
    rows = list(_findings(results, summary))
    if not rows:
        return ()

    def having(*verdicts: str) -> tuple[KeyFinding, ...]:
        return tuple(row for row in rows if row.verdict in verdicts)

    mattered = sorted(having("helps", "hurts"), key=lambda row: -abs(row.interval.estimate))
    bounded = having("no gain", "no loss")
    return (
        Group("What mattered", "No single change differs surely from 0.", tuple(mattered)),
        Group("What made no difference", "No change is shown to be equivalent.", having("equivalent")),
        *([Group("What is ruled out", "", bounded)] if bounded else []),
        Group("What is open", "Every change that was run has a verdict.", having("open"), _not_run(summary)),
    )


def _findings(results: StudyResults, summary: Summary) -> Iterator[KeyFinding]:
    """Yield the rows of the grid or ablation that have a verdict."""
    reference = summary.baseline if summary.is_grid else summary.best
    for row in summary.against_baseline if summary.is_grid else summary.ablation:
        interval = shown_interval(row)
        if interval is None or row.judgement is None:
            continue
        if isinstance(row, AblationRow):
            factor, digest = row.cell.factor or "", row.cell.config_digest
            words = f"{level_text(row.cell.from_level)} → {level_text(row.cell.to_level)}"
        else:
            factor, digest = "", row.entry.digest
            words = "; ".join(row.entry.labels) or described(summary, row.entry.choices).text
        runs = compared_runs(results, row.comparison, digest, reference.digest if reference else "")
        says = verdict_words(row.judgement, summary.units.score)
        yield KeyFinding(factor, words, row.judgement.verdict, says.removeprefix("open, "), interval, runs)


def _not_run(summary: Summary) -> tuple[str, ...]:
    left, forbidden = summary.not_run.beyond_budget, summary.not_run.cannot_be_made
    changes = f"{plural(left, 'further change')} {'was' if left == 1 else 'were'}"
    unrun = [f"{changes} not run: the budget was used up."] if left else []
    return (*unrun, *([f"{plural(forbidden, 'change')} cannot be made to the best."] if forbidden else []))
