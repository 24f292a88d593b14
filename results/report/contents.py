"""The report's table of contents: anchor, title and conclusion of each section."""

from __future__ import annotations

from dataclasses import dataclass

from results.analysis.summary import RunCounts, Summary
from results.report import first_screen, methods, notes
from results.report.content import Outcome
from results.text.formatting import duration, plural

OPEN = 4  # sections that start unfolded: most readers look for these


@dataclass(frozen=True)
class Heading:
    """One section: `id` is its anchor, `title` its heading, `short` its name in the table of contents.

    `sentence` is its conclusion, which is shown whether the section is folded or not.
    """

    id: str
    title: str
    short: str
    sentence: str
    is_open: bool


def contents(study: Outcome, data_issues: int) -> list[Heading]:
    """Return the headings in the order of the page, the first `OPEN` of them unfolded."""
    summary = study.summary
    rows = [("ablation", *_comparison(summary))]
    if summary.best:
        rows.append(("recipe", "The recipe", "The recipe", recipe_sentence(summary)))
    if summary.leaderboard:
        rows.append(("leaderboard", "Leaderboard", "Leaderboard", leaderboard_sentence(summary)))
    rows += [(each.id, each.title, each.short, each.content.sentence()) for each in study.sections]
    rows.append(("cost", "What it cost", "Cost", cost_sentence(summary)))
    rows.append(("method", "How it was done", "How it was done", method_sentence(summary)))
    if methods.has_data(study.results, data_issues):
        rows.append(("data", "Data", "Data", methods.data_sentence(study.results, data_issues)))
    rows.append(("runs", "All runs", "All runs", runs_sentence(summary.counts)))
    return [Heading(*row, is_open=place < OPEN) for place, row in enumerate(rows)]


def _comparison(summary: Summary) -> tuple[str, str, str]:
    """Return title, short title and conclusion of the table of changes."""
    if summary.is_grid:
        return "Against the baseline", "Against the baseline", notes.grid_sentence(summary)
    sentence = notes.ablation_sentence(summary.ablation, summary.best, summary.units.score)
    return "The best, one change at a time", "Change by change", sentence


def recipe_sentence(summary: Summary) -> str:
    """Return the number of factors in which the best differs from the baseline."""
    if not summary.best_changes:
        return "The best configuration is the baseline."
    differing = plural(len(summary.best_changes), "factor")
    return f"The best configuration differs from the baseline in {differing}; the baseline's level is struck out."


def leaderboard_sentence(summary: Summary) -> str:
    """Return the number of configurations that are ranked."""
    count = len(summary.leaderboard)
    ranked = f"{plural(count, 'configuration')} {'was' if count == 1 else 'were'}"
    if summary.is_grid:
        return f"{ranked} run with fresh seeds."
    return f"{ranked} confirmed with fresh seeds. The search's scores, which chose them, are not shown here."


def cost_sentence(summary: Summary) -> str:
    """Return the computing time, and the time that sharing stages saved."""
    if first_screen.is_rehearsal(summary.study):
        return "The times of a rehearsal are made up: nothing was computed."
    saved = f"; sharing stages saved {duration(summary.hours_saved * 3600)}" if summary.hours_saved else ""
    return f"All runs together took {duration(summary.hours_spent * 3600)} of one worker's time{saved}."


def method_sentence(summary: Summary) -> str:
    """Return the space, the date and the contents of the section."""
    begun = f"The space {summary.study.space}, begun on {summary.study.created_at:%Y-%m-%d}"
    return f"{begun}: the command that started the study, its settings, and the machines that it ran on."


def runs_sentence(counts: RunCounts) -> str:
    """Return the number of runs by status, and the reasons of failures."""
    ends = [f"{counts.complete:,} complete, {counts.pruned:,} stopped early, {counts.failed:,} failed"]
    ends += [f"{count:,} {end}" for end in ("interrupted", "running") if (count := getattr(counts, end))]
    reasons = "".join(f" {reason}: {count:,}." for reason, count in counts.failures)
    return f"{plural(counts.total, 'run')}: {', '.join(ends)}.{reasons}"
