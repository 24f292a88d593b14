"""A configuration in a few words: by its changes from the baseline, or from the best where that is nearer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from results.analysis.summary import Summary
from results.database.rows import JsonObject
from results.measurements.study_results import StudyResults
from results.text.formatting import Change, changes, changes_in_words, plural

MOST = 4  # changes that are listed one by one
SHOWN_DIGEST = 7  # hex digits that distinguish configurations whose words are the same


@dataclass(frozen=True)
class Described:
    """A configuration in words: `text` fits a table; `whole` lists every change if `text` does not."""

    text: str
    whole: str = ""
    changes: int = 0


def choices_of(results: StudyResults, digest: str) -> JsonObject:
    """Return the choices of a configuration; none if it has no results."""
    runs = results.results_of(digest)
    return next(iter(runs.values())).choices_json if runs else {}


def described(found: Summary, choices: Mapping[str, Any]) -> Described:
    """Describe a configuration by its choices."""
    differing = changes(found.baseline_choices, choices)
    if len(differing) <= MOST:
        return Described(changes_in_words(differing), changes=len(differing))
    near = changes(found.best.choices, choices) if found.best else ()
    there = [change for change in near if change.to_level is not None]
    if there and len(near) <= MOST:
        text = f"the best, but with {changes_in_words(near)}"
    else:
        text = in_brief(_ordered(found, differing))
    return Described(text, changes_in_words(differing), len(differing))


def in_brief(differing: Sequence[Change]) -> str:
    """Return the first changes in words, and how many more there are."""
    if len(differing) <= MOST:
        return changes_in_words(tuple(differing))
    there = [change for change in differing if change.to_level is not None]
    first = changes_in_words(tuple(there[: MOST - 1]))
    return f"{first} and {plural(len(differing) - MOST + 1, 'more change')}"


def best_in_brief(found: Summary) -> str:
    """Return the best configuration in a few words, the changes with the largest measured effect first."""
    return in_brief(_ordered(found, found.best_changes))


def _ordered(found: Summary, differing: Sequence[Change]) -> list[Change]:
    ranked = [row.cell.factor for row in found.ablation if row.comparison]
    return sorted(differing, key=lambda one: ranked.index(one.factor) if one.factor in ranked else len(ranked))


def unique_names(short: Mapping[str, str], in_full: Callable[[str], str]) -> dict[str, str]:
    """Return digest -> a unique name: the short one, else `in_full(digest)`, else with the digest added."""
    texts = list(short.values())
    names = {digest: text if texts.count(text) == 1 else in_full(digest) for digest, text in short.items()}
    texts = list(names.values())
    return {d: text if texts.count(text) == 1 else f"{text} ({d[:SHOWN_DIGEST]})" for d, text in names.items()}
