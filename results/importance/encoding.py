"""Encoding of the choices of many runs as numeric columns, grouped by factor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from results.statistics.arrays import Float64
from search_spaces.grammar import Choice, Choices

ABSENT = "(absent)"  # level of a conditional factor in runs without it


@dataclass(frozen=True, eq=False)
class Columns:
    """Columns of a factor and its conditional factors: `values` (runs, columns), indices of levels or numbers.

    `levels`: the number of levels of each column, 0 for a range.
    """

    values: Float64
    levels: tuple[int, ...]

    def take(self, rows: NDArray[Any]) -> Columns:
        """Return the columns of the runs with these indices."""
        return Columns(self.values[rows], self.levels)

    def encoded(self) -> Float64:
        """Return one-hot columns for levels and ranges unchanged: (runs, encoded columns)."""
        parts = [
            np.eye(count)[column.astype(int)] if count else column[:, None]
            for column, count in zip(self.values.T, self.levels, strict=True)
        ]
        return np.concatenate(parts, axis=1)


Groups = dict[str, Columns]


def groups_of(choices: Sequence[Choices]) -> Groups:
    """Return the columns of each varying factor, keyed by the outermost factor, in order of appearance.

    Levels are numbered from 0 in order of appearance. A factor whose choices are all numbers is a range; one that spans
    a factor of ten or more, all above 0, is on a log scale. Runs without a conditional range get its median.
    """
    members: dict[str, list[str]] = {}
    for name in dict.fromkeys(name for run in choices for name in run):
        members.setdefault(name.partition(".")[0], []).append(name)
    groups: Groups = {}
    for root, names in members.items():
        columns = [_column([run.get(name) for run in choices]) for name in names]
        varying = [(values, levels) for values, levels in columns if np.ptp(values) > 0]
        if varying:
            values, levels = zip(*varying, strict=True)
            groups[root] = Columns(np.stack(values, axis=1), levels)
    return groups


def shadows_of(groups: Groups, rng: np.random.Generator) -> Groups:
    """Return null factors: the columns of each factor with the runs in an independent random order."""
    return {name: columns.take(rng.permutation(len(columns.values))) for name, columns in groups.items()}


def _column(choices: Sequence[Choice | None]) -> tuple[Float64, int]:
    """Return numbers for the choices of a factor (None: the run does not have it) and its number of levels."""
    if all(choice is None or isinstance(choice, int | float) for choice in choices):
        numbers = np.array([np.nan if choice is None else float(choice) for choice in choices])
        if np.nanmin(numbers) > 0 and np.nanmax(numbers) >= 10 * np.nanmin(numbers):
            numbers = np.log10(numbers)
        return np.where(np.isnan(numbers), np.nanmedian(numbers), numbers), 0
    levels = [ABSENT if choice is None else str(choice) for choice in choices]
    index = {level: i for i, level in enumerate(dict.fromkeys(levels))}
    return np.array([index[level] for level in levels], dtype=np.float64), len(index)
