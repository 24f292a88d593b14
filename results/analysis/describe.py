"""Short descriptions of configurations: their changes from the baseline, or from the best if those are fewer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from results.analysis.summary import Summary
from results.database.rows import JsonObject
from results.measurements.study_results import StudyResults
from results.text.formatting import Change, changes, changes_in_words, plural

MOST = 4  # the most changes that are listed one by one
SHOWN_DIGEST = 7  # hex digits that distinguish configurations whose words are the same


@dataclass(frozen=True)
class Described:
    """A configuration in words: `text` fits a table; `whole` lists every change where `text` does not."""

    text: str
    whole: str = ""
    changes: int = 0


def choices_of(results: StudyResults, digest: str) -> JsonObject:
    """Return the choices of a configuration; none if it has no results."""
    runs = results.results_of(digest)
    return next(iter(runs.values())).choices_json if runs else {}


def described(summary: Summary, choices: Mapping[str, Any]) -> Described:
    """Describe a configuration by its choices."""
    from_baseline = changes(summary.baseline_choices, choices)
    in_full = changes_in_words(from_baseline)
    if len(from_baseline) <= MOST:
        return Described(in_full, changes=len(from_baseline))
    from_best = changes(summary.best.choices, choices) if summary.best else ()
    if len(from_best) <= MOST and any(change.to_level is not None for change in from_best):
        text = f"the best, but with {changes_in_words(from_best)}"
    else:
        text = _in_brief(summary, from_baseline)
    return Described(text, in_full, len(from_baseline))


def best_in_brief(summary: Summary) -> str:
    """Return the best configuration in a few words, the changes with the largest measured effect first."""
    return _in_brief(summary, summary.best_changes)


def _in_brief(summary: Summary, from_baseline: Sequence[Change]) -> str:
    """Return the changes with the largest measured effect in words, and the number of the others."""
    factors = [row.cell.factor for row in summary.ablation if row.comparison]
    ranked = sorted(from_baseline, key=lambda one: factors.index(one.factor) if one.factor in factors else len(factors))
    if len(ranked) <= MOST:
        return changes_in_words(tuple(ranked))
    named = [change for change in ranked if change.to_level is not None][: MOST - 1]
    return f"{changes_in_words(tuple(named))} and {plural(len(ranked) - MOST + 1, 'more change')}"


def unique_names(short: Mapping[str, str], in_full: Callable[[str], str]) -> dict[str, str]:
    """Return digest -> a unique name: the short name, else `in_full(digest)`, else that with the digest added."""
    texts = list(short.values())
    names = {digest: text if texts.count(text) == 1 else in_full(digest) for digest, text in short.items()}
    texts = list(names.values())
    return {d: text if texts.count(text) == 1 else f"{text} ({d[:SHOWN_DIGEST]})" for d, text in names.items()}
