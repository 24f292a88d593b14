"""The section "How the search went": its runs one after the other, and across their choices."""

from __future__ import annotations

from results.parallel_coordinates import parallel
from results.search_figures import history
from results.sections.section import Figures
from results.study_results import StudyResults
from results.summary import Summary
from results.wording import plural


def build(results: StudyResults, found: Summary) -> Figures | None:
    """Draw history and parallel coordinates; None for a grid, and before the search has a score."""
    runs = sorted((run for run in results.runs if run.phase == "search"), key=lambda run: run.id)
    if found.is_grid or not any(run.score is not None for run in runs):
        return None
    sampler = str(results.study.settings_json.get("sampler") or "")
    by = f", chosen by {sampler}" if sampler else ""
    tried = plural(len({run.config_digest for run in runs}), "configuration")
    drawn = (history(results, found, runs), parallel(results, found, runs))
    shown = tuple(figure for figure in drawn if figure is not None)
    return Figures(shown, f"The search tried {tried} in {plural(len(runs), 'run')}{by}.")
