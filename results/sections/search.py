"""The section "How the search went": its runs one after the other, and across their choices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from results import run_links
from results.figure import Figure
from results.parallel_coordinates import parallel
from results.rows import RunRow
from results.search_figures import history
from results.study_results import StudyResults
from results.summary import Summary
from results.wording import plural

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Search:
    """The runs in the order they began, and their figures."""

    runs: tuple[RunRow, ...]
    drawn: tuple[Figure, ...]
    sampler: str

    def sentence(self) -> str:
        """How much was tried, and by what."""
        tried = len({run.config_digest for run in self.runs})
        by = f", chosen by {self.sampler}" if self.sampler else ""
        return f"The search tried {plural(tried, 'configuration')} in {plural(len(self.runs), 'run')}{by}."

    @property
    def link(self) -> str:
        """To all of them in the list of runs."""
        return run_links.having(phase="search")

    def figures(self) -> Sequence[Figure]:
        """History and parallel coordinates."""
        return self.drawn

    def tables(self) -> Mapping[str, pd.DataFrame]:
        """None of its own: the table of all runs has them."""
        return {}


def build(results: StudyResults, found: Summary) -> Search | None:
    """None for a grid, and before the search has a score."""
    runs = tuple(sorted((run for run in results.runs if run.phase == "search"), key=lambda run: run.id))
    if found.is_grid or not any(run.score is not None for run in runs):
        return None
    drawn = (history(results, found, runs), parallel(results, found, runs))
    sampler = str(results.study.settings_json.get("sampler") or "")
    return Search(runs, tuple(figure for figure in drawn if figure is not None), sampler)
