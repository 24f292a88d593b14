"""Score against every factor, one at a time: where the search's runs and the confirmed configurations stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from results.figures import Figure
from results.slice_figure import slice_figure, slices, slices_sentence
from results.study_results import StudyResults
from results.summary import Summary

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Slices:
    """The figure, and what it has."""

    drawn: Figure
    told: str

    def sentence(self) -> str:
        """How much there is to look at."""
        return self.told

    def figures(self) -> Sequence[Figure]:
        """One, with a menu of factors."""
        return (self.drawn,)

    def tables(self) -> Mapping[str, pd.DataFrame]:
        """None of its own: the tables of runs and of configurations have the scores and choices."""
        return {}


def build(results: StudyResults, found: Summary) -> Slices | None:
    """None where no factor varies among what has a score."""
    factors = slices(results, found)
    if not factors:
        return None
    return Slices(slice_figure(results, found, factors), slices_sentence(results, factors))
