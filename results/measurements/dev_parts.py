"""The parts of dev: the search examples, and those that decide, of which all results are.

Studies of older releases and of custom trainers have no parts: everything is of dev.
"""

from __future__ import annotations

from results.database.rows import StudyRow
from results.measurements.study_results import StudyResults

DIVIDED = (
    "Dev is divided once, by a hash of the row. The search examples stop trials early, choose the epoch that a "
    "run keeps and rank the search's configurations; learning curves, all scores of the search and the score "
    "after the last epoch (run.last_score) are of them. Every result is scored on the other dev examples, which "
    "chose neither epochs nor what is confirmed."
)


def search_rows(study: StudyRow) -> dict[str, int]:
    """Return the number of search examples by task; empty where dev is not divided."""
    rows, ending = study.data_json.get("rows") or {}, "/search"
    return {name.removesuffix(ending): count for name, count in rows.items() if name.endswith(ending)}


def part_of_search(study: StudyRow) -> str:
    """Return the name of the examples of which learning curves and scores of the search are."""
    return "the search examples" if search_rows(study) else "dev"


def search_scores(results: StudyResults, digest: str) -> list[float]:
    """Return the scores of a configuration's results on the examples that the search reads; more is better."""
    if not search_rows(results.study):
        return results.scores(digest)
    scores = (results.split_score(run_id, "search") for run_id in results.run_ids(digest))
    return [score for score in scores if score is not None]


def note(study: StudyRow) -> str:
    """Return what each part is for, and their sizes; empty where dev is not divided."""
    rows = study.data_json.get("rows") or {}
    sizes = [f"{task} {count:,} and {rows[f'{task}/dev']:,}" for task, count in search_rows(study).items()]
    return f"{DIVIDED} Search and dev examples: {', '.join(sizes)}." if sizes else ""
