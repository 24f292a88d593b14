"""The report's sections as its table of contents has them: anchor, title, the sentence that a folded one shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from results import account, first_screen, notes
from results.outcome import Outcome
from results.summary import RunCounts, Summary
from results.wording import duration, plural

OPEN = 4  # sections that start unfolded: what most readers came for


@dataclass(frozen=True)
class Heading:
    """One section: `id` is its anchor, `title` its heading, `short` what the contents call it.

    `sentence` says what the section supports, and is read whether the section is folded or not.
    """

    id: str
    title: str
    short: str
    sentence: str
    is_open: bool


def contents(study: Outcome, data_issues: int) -> list[Heading]:
    """The headings in the order of the page, the first `OPEN` of them unfolded."""
    found = study.summary
    told: list[tuple[str, str, str, Callable[[], str]]] = [
        (
            "ablation",
            "Against the baseline" if found.is_grid else "The best, one change at a time",
            "Against the baseline" if found.is_grid else "Change by change",
            lambda: (
                notes.grid_sentence(found)
                if found.is_grid
                else notes.ablation_sentence(found.ablation, found.best, found.units.score)
            ),
        )
    ]
    if found.best:
        told.append(("recipe", "The recipe", "The recipe", lambda: recipe_sentence(found)))
    if found.leaderboard:
        told.append(("leaderboard", "Leaderboard", "Leaderboard", lambda: leaderboard_sentence(found)))
    told += [(each.id, each.title, each.short, each.content.sentence) for each in study.sections]
    told += [
        ("cost", "What it cost", "Cost", lambda: cost_sentence(found)),
        ("method", "How it was done", "How it was done", lambda: method_sentence(found)),
        ("data", "Data", "Data", lambda: account.data_sentence(study.results, data_issues)),
        ("runs", "All runs", "All runs", lambda: runs_sentence(found.counts)),
    ]
    if not account.has_data(study.results, data_issues):
        told = [one for one in told if one[0] != "data"]
    return [
        Heading(id, title, short, sentence(), place < OPEN) for place, (id, title, short, sentence) in enumerate(told)
    ]


def recipe_sentence(found: Summary) -> str:
    """How far the best is from the baseline."""
    if not found.best_changes:
        return "The best configuration is the baseline."
    differing = plural(len(found.best_changes), "factor")
    return f"The best configuration differs from the baseline in {differing}; the baseline's level is struck out."


def leaderboard_sentence(found: Summary) -> str:
    """How many configurations are ranked."""
    count = len(found.leaderboard)
    run = f"{plural(count, 'configuration')} {'was' if count == 1 else 'were'}"
    if found.is_grid:
        return f"{run} run with fresh seeds."
    return f"{run} confirmed with fresh seeds. Scores of the search chose them and are not shown here."


def cost_sentence(found: Summary) -> str:
    """The computing time, and what sharing stages saved of it."""
    if first_screen.is_rehearsal(found.study):
        return "Made up, as all numbers of a rehearsal: nothing was computed."
    saved = f"; sharing stages saved {duration(found.hours_saved * 3600)}" if found.hours_saved else ""
    return f"All runs together took {duration(found.hours_spent * 3600)} of one worker's time{saved}."


def method_sentence(found: Summary) -> str:
    """What was studied, and when."""
    return (
        f"The space {found.study.space}, begun on {found.study.created_at:%Y-%m-%d}: the command that made the study, "
        "its settings, and what it ran on."
    )


def runs_sentence(counts: RunCounts) -> str:
    """How the runs ended."""
    ends = (
        (counts.complete, "complete"),
        (counts.pruned, "stopped early"),
        (counts.failed, "failed"),
        (counts.interrupted, "interrupted"),
        (counts.running, "running"),
    )
    told = [f"{count:,} {word}" for place, (count, word) in enumerate(ends) if count or place < 3]
    reasons = "".join(f" {reason}: {count:,}." for reason, count in counts.failures)
    return f"{plural(counts.total, 'run')}: {', '.join(told)}.{reasons}"
