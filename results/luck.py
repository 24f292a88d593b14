"""What a search promised and what fresh seeds gave: the luck of the configurations that it chose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from results.arrays import Float64
from results.crossed import Interval
from results.selection import SelectionGap, expected_luck, selection_gap


@dataclass(frozen=True)
class Luck:
    """One confirmed configuration. `searched` is the mean of its search runs, which chose it; usually there is one."""

    digest: str
    search_runs: tuple[int, ...]
    fresh_runs: tuple[int, ...]
    place: int
    gap: SelectionGap

    @property
    def confirmed(self) -> float:
        """The mean over fresh seeds."""
        return self.gap.searched - self.gap.luck

    @property
    def interval(self) -> Interval | None:
        """The confirmed mean with its interval over seeds; None with one seed."""
        return self.gap.confirmed if isinstance(self.gap.confirmed, Interval) else None

    @property
    def luck(self) -> Interval | None:
        """How much too high the search's score was, with the interval that the confirmed mean gives it."""
        mean = self.interval
        return mean and Interval(self.gap.luck, self.gap.searched - mean.high, self.gap.searched - mean.low)


@dataclass(frozen=True)
class SearchLuck:
    """How a search's scores are spread, and how much too high the best of them is on average.

    `configurations`: how many the best was chosen from. `deviation`: of scores over seeds, pooled over the confirmed
    configurations, with `df` degrees of freedom; None where none has two seeds. `spread`: of the configurations' true
    scores, what is left of the search's variance; `expected` is None without a deviation.
    """

    configurations: int
    deviation: float | None
    df: int
    spread: float
    expected: float | None


def luck(digest: str, place: int, searched: Sequence[tuple[int, float]], fresh: Sequence[tuple[int, float]]) -> Luck:
    """Of (run id, score) pairs; `place` is the configuration's in the search, from 1."""
    mean = float(np.mean([score for _, score in searched]))
    gap = selection_gap([mean], [score for _, score in fresh])
    return Luck(digest, tuple(run for run, _ in searched), tuple(run for run, _ in fresh), place, gap)


def search_luck(searched: Sequence[float], confirmed: Sequence[Sequence[float]]) -> SearchLuck:
    """`searched`: a score a configuration; `confirmed`: for each confirmed configuration its scores over fresh seeds.

    The variance of the search's scores is that of the seeds and that of the configurations together.
    """
    deviation, df = pooled_deviation([np.asarray(scores, dtype=np.float64) for scores in confirmed])
    if deviation is None:
        return SearchLuck(len(searched), None, 0, 0.0, None)
    seen = float(np.var(searched, ddof=1)) if len(searched) > 1 else 0.0
    spread = float(np.sqrt(max(0.0, seen - deviation**2)))
    return SearchLuck(len(searched), deviation, df, spread, expected_luck(len(searched), deviation, spread))


def pooled_deviation(groups: Sequence[Float64]) -> tuple[float | None, int]:
    """The standard deviation within groups, pooled by degrees of freedom, and how many there are of these."""
    df = sum(len(group) - 1 for group in groups if len(group))
    if df == 0:
        return None, 0
    squares = sum(float(((group - group.mean()) ** 2).sum()) for group in groups if len(group))
    return float(np.sqrt(squares / df)), df
