"""The numbers of a range: as fine as its width needs, never outside of it."""

from __future__ import annotations

import math
from functools import lru_cache

from search_spaces.terms import Range

# Drawn numbers keep this many significant digits: 3.142e-05 reads well in a table and in a file name, and a
# finer step (0.05 %) changes no result that could be told from seed noise.
SIGNIFICANT_DIGITS = 4
STEPS = (
    500  # a range has at least so many numbers: where four digits give fewer, as from 0.99 to 0.99999, more are kept
)
MOST_DIGITS = 17  # of a double; all its digits


def fitted(bounds: Range, value: float) -> int | float:
    """The number of the range nearest to `value`: a whole one, or one with as many digits as `digits` says.

    An end of the range that has more digits is one of its numbers as well.
    """
    if bounds.integer:
        whole = value if isinstance(value, int) else math.floor(value + 0.5)
        return int(min(max(whole, bounds.low), bounds.high))
    low, high = float(bounds.low), float(bounds.high)
    rounded = min(max(float(f"{value:.{digits(bounds)}g}"), low), high)
    return min((rounded, low, high), key=lambda number: abs(number - value))


@lru_cache(maxsize=1000)
def digits(bounds: Range) -> int:
    """The significant digits that numbers of a range keep: four, or as many as leave `STEPS` numbers in it.

    10^(1 + floor(log10(largest)) - digits) <= (high - low) / STEPS
    """
    largest = max(abs(bounds.low), abs(bounds.high))
    width = float(bounds.high) - float(bounds.low)
    if width <= 0 or not math.isfinite(width):
        return MOST_DIGITS if width <= 0 else SIGNIFICANT_DIGITS
    # A thousandth beyond, so that rounding of doubles never asks for a digit more.
    wanted = 1 + math.floor(math.log10(largest)) - math.log10(width / STEPS) - 1e-3
    return min(max(SIGNIFICANT_DIGITS, math.ceil(wanted)), MOST_DIGITS)


def is_inside(bounds: Range, value: object) -> bool:
    """Whether a value is a number of the range: a whole one where it takes these alone, never a truth value."""
    is_number = isinstance(value, int if bounds.integer else int | float) and not isinstance(value, bool)
    return is_number and bounds.low <= value <= bounds.high  # type: ignore[operator]


def text(number: float) -> str:
    """A bound as it was written, all its digits."""
    return f"{number:.15g}" if float(f"{number:.15g}") == number else repr(number)
