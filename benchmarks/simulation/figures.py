"""Figures of one world over its repetitions, each with its limits and its own Monte Carlo error."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import sqrt
from typing import NamedTuple

import numpy as np

from results.statistics import Interval

from .path import Reading, ReadRow
from .worlds import MARGIN, POINT

SAID = ("helps", "hurts")
NOTHING = "open"
TINY = 1e-9  # true differences are sums of floats
ERRORS = 2.0  # a figure is beyond its limit if it is so by this many Monte Carlo errors


class Figure(NamedTuple):
    """One measured number with its Monte Carlo error, and the range that it must lie in."""

    value: float
    error: float = 0.0
    low: float = -np.inf
    high: float = np.inf
    digits: int = 1

    @property
    def missed(self) -> bool:
        """Whether the figure is outside its range by more than chance."""
        return self.value - ERRORS * self.error > self.high or self.value + ERRORS * self.error < self.low

    def __str__(self) -> str:
        if np.isnan(self.value):
            return "-"
        shown = [f"{number:.{self.digits}f}" for number in (self.value, self.error)]
        text = " ± ".join(shown) if self.error else shown[0]
        return f"**{text}**" if self.missed else text


Figures = dict[str, Figure]


def figures(readings: Sequence[Reading]) -> Figures:
    """Return the figures of one world in percent and points; NaN where no row of the world has such an error."""
    rows = [reading.rows for reading in readings]
    tested = [[row for row in table if not row.identical] for table in rows]
    return {
        "repetitions": Figure(float(len(readings)), digits=0),
        "error": _any(rows, _is_null, lambda row: row.word in SAID, high=5),
        "coverage": _share(tested, _any_row, lambda row: _covers(row.interval, row.true), low=93, high=98),
        "coverage, shown": _share(tested, _any_row, lambda row: _covers(row.shown, row.true), low=90),
        "not within": _share(tested, _any_row, lambda row: abs(row.true) > row.within, high=5),
        "false equivalent": _share(rows, lambda row: _beyond(row, 0), _is("equivalent"), high=5),
        "false no gain": _share(rows, lambda row: _beyond(row, 1), _is("no gain"), high=5),
        "false no loss": _share(rows, lambda row: _beyond(row, -1), _is("no loss"), high=5),
        "wrong sign": _share(rows, lambda row: not _is_null(row), _wrong_sign, high=5),
        "found": _share(rows, lambda row: row.primary and _is_real(row), _right_sign),
        "found, secondary": _share(rows, lambda row: not row.primary and _is_real(row), _right_sign),
        "nothing said": _share(rows, _any_row, _is(NOTHING)),
        "half width": _mean([_half_width(table) for table in tested])._replace(digits=2),
        "seeds": _mean([float(np.mean([row.seeds for row in table])) for table in rows]),
        **_of_whole([reading for reading in readings if reading.gain]),
    }


def _of_whole(readings: Sequence[Reading]) -> Figures:
    """Return the figures of the gain, and of the table of single tasks."""
    gains = [reading.gain for reading in readings if reading.gain]
    tables = [reading.null_task_words for reading in readings]
    return {
        "gain's coverage": _mean([100.0 * _covers(gain.interval, gain.true) for gain in gains], low=93, high=98),
        "gain too high by": _mean([(gain.interval.estimate - gain.true) / POINT for gain in gains])._replace(digits=2),
        "error, single tasks": _mean([100.0 * any(word in SAID for word in words) for words in tables], high=5),
    }


def _mean(values: Sequence[float], low: float = -np.inf, high: float = np.inf) -> Figure:
    """Return the mean over repetitions with its standard error; for a share of 0 or 1, that of one in so many more."""
    if len(values) == 0:
        return Figure(np.nan)
    if min(values) == max(values) and values[0] in (0.0, 100.0):
        return Figure(values[0], 100 / (len(values) + 1), low, high)
    error = float(np.std(values, ddof=1)) / sqrt(len(values)) if len(values) > 1 else np.inf
    return Figure(float(np.mean(values)), error, low, high)


Test = Callable[[ReadRow], bool]


def _any(tables: Iterable[Sequence[ReadRow]], of: Test, wrong: Test, high: float) -> Figure:
    """Return the share of tables where any of these rows is wrong."""
    return _mean([100.0 * any(map(wrong, rows)) for rows in _selected(tables, of)], high=high)


def _share(
    tables: Iterable[Sequence[ReadRow]], of: Test, counts: Test, low: float = -np.inf, high: float = np.inf
) -> Figure:
    """Return the share of these rows; repetitions are independent, the rows of a table are not."""
    return _mean([100.0 * float(np.mean([*map(counts, rows)])) for rows in _selected(tables, of)], low, high)


def _selected(tables: Iterable[Sequence[ReadRow]], of: Test) -> list[list[ReadRow]]:
    selected = [[row for row in rows if of(row)] for rows in tables]
    return [rows for rows in selected if rows]


def _is(word: str) -> Test:
    return lambda row: row.word == word


def _is_null(row: ReadRow) -> bool:
    return abs(row.true) < TINY


def _is_real(row: ReadRow) -> bool:
    return abs(row.true) > MARGIN * POINT + TINY


def _beyond(row: ReadRow, sign: int) -> bool:
    """Return whether the true difference is at least the margin, in the direction of `sign`, or in any for 0."""
    return (sign * row.true if sign else abs(row.true)) >= MARGIN * POINT - TINY


def _any_row(_: ReadRow) -> bool:
    return True


def _covers(interval: Interval, true: float) -> bool:
    return interval.low <= true <= interval.high


def _half_width(rows: Sequence[ReadRow]) -> float:
    """Return the mean half width of the intervals of 95 %, in points."""
    return float(np.mean([row.interval.high - row.interval.low for row in rows])) / 2 / POINT


def _right_sign(row: ReadRow) -> bool:
    return row.word == ("helps" if row.true > 0 else "hurts")


def _wrong_sign(row: ReadRow) -> bool:
    return row.word == ("hurts" if row.true > 0 else "helps")
