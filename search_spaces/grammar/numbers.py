"""The numbers of a range: as precise as its width requires, never outside it."""

from __future__ import annotations

import math
from functools import lru_cache

from search_spaces.grammar.terms import Range

# Drawn numbers keep this many significant digits: 3.142e-05 is readable in a table and in a file name, and a finer step
# (0.05 %) has no effect beyond seed noise.
SIGNIFICANT_DIGITS = 4
# A range has at least this many numbers: where four digits give fewer, as from 0.99 to 0.99999, more digits are kept.
STEPS = 500
MOST_DIGITS = 17  # of a double


def fitted(bounds: Range, value: float) -> int | float:
    """Return the number of the range nearest to `value`: a whole number, or one with `digits(bounds)` digits.

    The ends of the range belong to it even if they have more digits.
    """
    if bounds.integer:
        whole = value if isinstance(value, int) else math.floor(value + 0.5)
        return int(min(max(whole, bounds.low), bounds.high))
    low, high = float(bounds.low), float(bounds.high)
    rounded = min(max(float(f"{value:.{digits(bounds)}g}"), low), high)
    return min((rounded, low, high), key=lambda number: abs(number - value))


@lru_cache(maxsize=1000)
def digits(bounds: Range) -> int:
    """Return the significant digits that numbers of a range keep: four, or as many as give `STEPS` numbers.

    10^(1 + floor(log10(largest)) - digits) <= (high - low) / STEPS
    """
    largest = max(abs(bounds.low), abs(bounds.high))
    width = float(bounds.high) - float(bounds.low)
    if width <= 0 or not math.isfinite(width):
        return MOST_DIGITS if width <= 0 else SIGNIFICANT_DIGITS
    # Minus a thousandth, so that rounding errors never add a digit.
    wanted = 1 + math.floor(math.log10(largest)) - math.log10(width / STEPS) - 1e-3
    return min(max(SIGNIFICANT_DIGITS, math.ceil(wanted)), MOST_DIGITS)


def is_inside(bounds: Range, value: object) -> bool:
    """Return whether a value is a number of the range: whole if the range is of integers, never a boolean."""
    is_number = isinstance(value, int if bounds.integer else int | float) and not isinstance(value, bool)
    return is_number and bounds.low <= value <= bounds.high  # type: ignore[operator]


def text(number: float) -> str:
    """Return a bound as it was written, with all its digits."""
    return f"{number:.15g}" if float(f"{number:.15g}") == number else repr(number)
