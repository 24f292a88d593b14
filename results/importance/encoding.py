"""The choices of many runs as columns of numbers, a factor with its conditional ones together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from results.statistics.arrays import Float64
from search_spaces.grammar import Choice, Choices

ABSENT = "(absent)"  # the level of a conditional factor where it does not exist


@dataclass(frozen=True, eq=False)
class Columns:
    """One factor and its conditional ones, over runs. `values` (runs, columns): the number of a level, or a number.

    `levels`: how many levels each column has; 0 for a range.
    """

    values: Float64
    levels: tuple[int, ...]

    def take(self, rows: NDArray[Any]) -> Columns:
        """Return the same columns of other runs, all columns of one run staying together."""
        return Columns(self.values[rows], self.levels)

    def encoded(self) -> Float64:
        """Return columns for a forest, 0 and 1 for each level and ranges as they are: (runs, encoded columns)."""
        parts = [
            np.eye(count)[column.astype(int)] if count else column[:, None]
            for column, count in zip(self.values.T, self.levels, strict=True)
        ]
        return np.concatenate(parts, axis=1)


Groups = dict[str, Columns]


def groups_of(choices: Sequence[Choices]) -> Groups:
    """Return the columns of each factor that varies, under the name of the outermost factor, in order of appearance.

    Levels count from 0 as they appear. A factor is a range where all its choices are numbers; one that spans a power of
    ten and more, all above 0, is replaced by its logarithm. A conditional range has its median where it does not exist.
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
    """Return null factors: the same columns with their runs in random order, each factor by itself."""
    return {name: columns.take(rng.permutation(len(columns.values))) for name, columns in groups.items()}


def _column(choices: Sequence[Choice | None]) -> tuple[Float64, int]:
    """Return numbers for the choices of one factor (None: it does not exist there), and its levels; 0 for a range."""
    there = [choice for choice in choices if choice is not None]
    if all(isinstance(choice, int | float) for choice in there):
        numbers = np.array([np.nan if choice is None else float(choice) for choice in choices])
        if np.nanmin(numbers) > 0 and np.nanmax(numbers) >= 10 * np.nanmin(numbers):
            numbers = np.log10(numbers)
        return np.where(np.isnan(numbers), np.nanmedian(numbers), numbers), 0
    shown = [ABSENT if choice is None else str(choice) for choice in choices]
    order = {level: i for i, level in enumerate(dict.fromkeys(shown))}
    return np.array([order[level] for level in shown], dtype=np.float64), len(order)
