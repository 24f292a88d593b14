"""Extra seeds for rows whose verdict is open, decided from finished runs alone, so that a resumed study agrees."""

from __future__ import annotations

from itertools import pairwise

from results.analysis.ablation import compared_with_best, primary_rows
from results.analysis.grid import compared_with_baseline
from results.analysis.sequential import rows_to_extend, schedule
from results.database.database import Database
from results.measurements.study_results import StudyResults
from results.text.formatting import plural, seeds_text
from study.settings import Settings


def rounds(settings: Settings) -> list[tuple[int, int]]:
    """Return the numbers of seeds per open row before and after each round; empty without `--max-seeds`."""
    further = [count for count in settings.analyses_after() if count > settings.seeds]
    return list(pairwise([settings.seeds, *further])) if settings.max_seeds else []


def open_rows(database: Database, name: str, reference: str, after: int) -> list[str]:
    """Return the digests of the report's rows that are open after `after` seeds, and `reference` if there are any.

    `reference` is the best configuration, or the baseline of a grid. Runs of later rounds have no influence.
    """
    results = StudyResults(database, name)
    plan = schedule(results.study)
    if plan is None:
        return []
    if results.study.is_grid:
        digests = rows_to_extend(results, compared_with_baseline(results, reference), reference, plan, after)
    else:
        cells = compared_with_best(results, reference)
        digests = rows_to_extend(results, list(cells), reference, plan, after, primary_rows(results))
    return [*digests, reference] if digests else []


def announcement(rows: int, before: int, after: int) -> str:
    """Return the line about a round, with the number of open rows, and of seeds before and after it."""
    verb, each = ("is", "it gets") if rows == 1 else ("are", "each gets")
    return f"{plural(rows, 'row')} {verb} open after {seeds_text(before)}: {each} {seeds_text(after - before)} more"
