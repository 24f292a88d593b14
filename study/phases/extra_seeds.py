"""Extra seeds for rows whose verdict is open, decided from finished runs alone so that a killed study decides alike."""

from __future__ import annotations

from results.analysis.ablation import compared_with_best
from results.analysis.grid import compared_with_baseline
from results.analysis.sequential import rows_to_extend, schedule
from results.database.database import Database
from results.measurements.study_results import StudyResults
from results.text.formatting import plural, seeds_text
from study.settings import Settings


def rounds(settings: Settings) -> range:
    """Return the number of seeds after each round of extra seeds; empty if all rows have the same number."""
    return range(settings.seeds + 1, (settings.max_seeds or settings.seeds) + 1)


def wanting_a_seed(database: Database, name: str, reference: str, after: int) -> list[str]:
    """Return the digests of the report's rows that are open after `after` seeds, and `reference` if there are any.

    `reference` is the best configuration, or the baseline of a grid. Runs of later rounds have no influence.
    """
    results = StudyResults(database, name)
    plan = schedule(results.study)
    if plan is None:
        return []
    of_grid = results.study.is_grid
    rows = compared_with_baseline(results, reference) if of_grid else list(compared_with_best(results, reference))
    found = rows_to_extend(results, rows, reference, plan, after)
    return [*found, reference] if found else []


def told(rows: int, after: int) -> str:
    """Return the line before a round: how many rows are open."""
    verb = "is" if rows == 1 else "are"
    return f"{plural(rows, 'row')} {verb} open after {seeds_text(after)}: a further seed"
