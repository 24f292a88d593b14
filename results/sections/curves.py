"""The section "How training went": scores by epoch, on dev and on train, and the gap between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from results.figures import Figure, learning_curves
from results.study_results import StudyResults
from results.summary import Summary

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Curves:
    """The figure."""

    drawn: Figure

    def sentence(self) -> str:
        """What the figure shows."""
        return "The score by epoch: single runs, and best and baseline as means over their seeds."

    def figures(self) -> Sequence[Figure]:
        """The learning curves."""
        return (self.drawn,)

    def tables(self) -> Mapping[str, pd.DataFrame]:
        """None of its own: the table of epochs has them."""
        return {}


def build(results: StudyResults, found: Summary) -> Curves | None:
    """None before any epoch was scored."""
    drawn = learning_curves(results, found)
    return Curves(drawn) if drawn is not None else None
