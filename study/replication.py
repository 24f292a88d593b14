"""Further seeds where the verdict is open: who gets one, decided from finished runs alone, so that a study that was
killed decides as if it had not been."""

from __future__ import annotations

from results.ablation import compared_with_best
from results.grid import compared_with_baseline
from results.looks import schedule, wanting
from results.records import Database
from results.study_results import StudyResults
from results.wording import plural, seeds_text
from study.settings import Settings


def rounds(settings: Settings) -> range:
    """How many seeds rows have after each round of further seeds; empty where all rows have the same."""
    return range(settings.seeds + 1, (settings.max_seeds or settings.seeds) + 1)


def wanting_a_seed(database: Database, name: str, reference: str, after: int) -> list[str]:
    """The rows of the study's table (digests) that are open after `after` seeds, and `reference` where there are any.

    `reference`: the best configuration, or the baseline of a grid. The table is that of the report. What later rounds
    have left behind has no influence.
    """
    results = StudyResults(database, name)
    plan = schedule(results.study)
    if plan is None:
        return []
    of_grid = results.study.is_grid
    rows = compared_with_baseline(results, reference) if of_grid else list(compared_with_best(results, reference))
    found = wanting(results, rows, reference, plan, after)
    return [*found, reference] if found else []


def told(rows: int, after: int) -> str:
    """What is said before a round: how many rows are open."""
    verb = "is" if rows == 1 else "are"
    return f"{plural(rows, 'row')} {verb} open after {seeds_text(after)}: a further seed"
