"""Numbers and choices as people read them. Of scores, shares (0..1) alone are written here; `units` writes all."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from results.statistics import Interval
from results.text.units import MINUS as MINUS
from results.text.units import NONE as NONE
from results.text.units import SHARES as SHARES

# Of shares (0..1).
score_text, score_with_spread = SHARES.score, SHARES.spread  # "0.713", "0.713 ± 0.004"
points_text, points_interval = SHARES.difference, SHARES.interval  # "+4.9", "[−3.0, −1.6]"
score_interval = SHARES.score_interval  # "[0.704, 0.722]"

Choice = str | float | int
COMMON_DIGITS = 4  # of a number that a search has drawn; with more where its range is so narrow that it needs them
MOST_WRITTEN_OUT = 10**6  # a whole number from here on is written as 1e6


@dataclass(frozen=True)
class Change:
    """One factor in which a configuration differs from another; None where the factor does not exist."""

    factor: str
    from_level: Choice | None
    to_level: Choice | None


def changes(old: Mapping[str, Choice], new: Mapping[str, Choice]) -> tuple[Change, ...]:
    """Return the factors in which `new` differs from `old`, in the order of `new`; vanished ones come last."""
    factors = [*new, *(factor for factor in old if factor not in new)]
    return tuple(
        Change(factor, old.get(factor), new.get(factor)) for factor in factors if old.get(factor) != new.get(factor)
    )


def changes_in_words(found: tuple[Change, ...]) -> str:
    """E.g. "mean pooling, cosine sts_head, learning_rate 3.1e-5"; "the baseline itself" without changes."""
    told = [choice_in_words(c.factor, c.to_level) for c in found if c.to_level is not None]
    return ", ".join(told) or "the baseline itself"


def choice_in_words(factor: str, level: Choice) -> str:
    """ "mean pooling", but "learning_rate 3.1e-5" and "smart on": a number stands behind what it measures."""
    name = factor.rpartition(".")[2]
    shown = level_text(level)
    is_number = isinstance(level, int | float) or re.fullmatch(r"[-+.\deE]+", level) is not None
    if level == "none":
        return f"no {name}"
    return f"{name} {shown}" if is_number or level in ("on", "off") else f"{shown} {name}"


def level_text(level: Choice | None) -> str:
    """Return a level as it is written: numbers with three digits, "3.1e-5", or with all where a range needs them
    ("0.99991").

    Whole numbers have all of theirs. A dash where there is none.
    """
    if level is None:
        return NONE
    if isinstance(level, str):
        if re.fullmatch(r"-?\d+", level):
            return _short(int(level))
        return _plain(f"{float(level):.3g}") if re.fullmatch(r"-?\d+(\.\d+)?(e[-+]?\d+)?", level) else level
    return _short(level)


def _short(value: float) -> str:
    text = str(value) if isinstance(value, int) and abs(value) < MOST_WRITTEN_OUT else f"{value:.3g}"
    if isinstance(value, float) and math.isfinite(value) and float(f"{value:.{COMMON_DIGITS}g}") != value:
        text = f"{value:.15g}" if float(f"{value:.15g}") == value else repr(value)
    return _plain(text)


def _plain(text: str) -> str:
    return re.sub(r"e([+-])0*(\d+)", lambda m: f"e{m[1] if m[1] == '-' else ''}{m[2]}", text)


def range_text(value: float, low: float, high: float) -> str:
    """Return a number of a range: three digits, or as many more as tell the range's ends apart."""
    width, largest = high - low, max(abs(low), abs(high))
    digits = 3 + max(0, math.floor(math.log10(largest / width))) if width > 0 and largest > 0 else 3
    return level_text(float(f"{value:.{digits}g}"))


def decimals(value: float, digits: int) -> str:
    """Return a number with so many decimals; what shows as zero has no minus."""
    return f"{value:z.{digits}f}".replace("-", MINUS)


def seeds_text(seeds: int) -> str:
    """ "1 seed", "3 seeds"."""
    return "1 seed" if seeds == 1 else f"{seeds} seeds"


def plural(count: int, noun: str) -> str:
    """ "1 run", "1,204 runs"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def duration(seconds: float | None) -> str:
    """ "4.2 s", "95 s", "12 min", "3 h 10 min"."""
    if seconds is None or math.isnan(seconds):
        return NONE
    if seconds < 120:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def count_text(value: float | None) -> str:
    """ "22,713,216"; a dash for none."""
    return NONE if value is None else f"{value:,.0f}"


def memory_text(value: float | None) -> str:
    """Bytes as MB."""
    return NONE if value is None else f"{value / 1e6:,.0f} MB"


def p_text(p: float) -> str:
    """ "0.03", "0.004", "< 0.001"; near 0.05 with as many digits as tell its side, "0.048"."""
    if p < 0.001:
        return "< 0.001"
    if p < 0.01:
        return f"{p:.1g}"
    told = (f"{p:.{digits}f}" for digits in range(2, 7))
    return next((text for text in told if float(text) != 0.05), "0.05")


def probability_text(probability: float) -> str:
    """ "87 %"; "> 99 %" and "< 1 %" beyond what draws can tell."""
    percent = 100 * probability
    return "> 99 %" if percent > 99 else "< 1 %" if percent < 1 else f"{percent:.0f} %"


SAME = "the very same with every seed"


def zero_verdict(interval: Interval) -> str:
    """ "excludes 0" or "includes 0", for people who do not see the bar."""
    return "excludes 0" if interval.excludes_zero else "includes 0"
