"""The runs of a study's search: those with a score, and a part of many that is spread evenly over the search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from results.rows import RunRow
from results.study_results import StudyResults

Item = TypeVar("Item")


def complete_search(results: StudyResults) -> list[RunRow]:
    """The complete runs of the search that have a score, in the order they began."""
    return [r for r in results.runs if r.phase == "search" and r.status == "complete" and r.score is not None]


def evenly(items: Sequence[Item], most: int) -> list[Item]:
    """At most `most` of the items, the first and the last among them, the others evenly between."""
    if len(items) <= most:
        return list(items)
    return [items[i * (len(items) - 1) // (most - 1)] for i in range(most)]
