"""Extra seeds for open rows, in rounds that are stored before they run, so that a resumed study decides the same."""

from __future__ import annotations

from results.analysis.ablation import compared_with_best, primary_rows
from results.analysis.grid import compared_with_baseline
from results.analysis.sequential import ROUNDS, NextRound, next_round, schedule
from results.database.database import Database
from results.measurements.study_results import StudyResults
from results.text.formatting import plural, seeds_text
from study.settings import Settings


def begin_round(database: Database, name: str, reference: str) -> NextRound:
    """Return the rows of the report's table that get further seeds; a round that was chosen only now is stored.

    `reference` is the best configuration, or the baseline of a grid.
    """
    results = StudyResults(database, name)
    plan = schedule(results.study)
    if plan is None:
        return NextRound({})
    if results.study.is_grid:
        found = next_round(results, compared_with_baseline(results, reference), reference, plan)
    else:
        rows = list(compared_with_best(results, reference))
        found = next_round(results, rows, reference, plan, primary_rows(results))
    if found.chosen and found.counts:
        stored = results.study.decisions_json.get(ROUNDS) or {}
        rounds = [*stored.get(reference, ()), dict(found.counts)]
        database.studies.decide(name, {ROUNDS: {**stored, reference: rounds}})
    return found


def seeds_up_to(settings: Settings, count: int) -> list[int]:
    """Return the seeds that a row gets so that it has `count`, from one analysis to the next."""
    earlier = [settings.seeds, *(each for each in settings.analyses_after() if each < count)]
    return settings.seeds_of(count)[max(earlier) :]


def announcement(found: NextRound) -> str:
    """Return the line about a round, with the number of rows and of their seeds; "" if there is nothing to say."""
    rows, count = len(found.counts), max(found.counts.values(), default=0)
    parts = [f"{plural(rows, 'row')} {'is' if rows == 1 else 'are'} run with up to {seeds_text(count)}"] if rows else []
    if found.unlikely:
        stays, which = ("stays", "it") if found.unlikely == 1 else ("stay", "them")
        parts.append(f"{plural(found.unlikely, 'row')} {stays} open, as more seeds will hardly decide {which}")
    return "; ".join(parts)
