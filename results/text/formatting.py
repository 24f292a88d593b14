"""Formatted numbers, choices and counts. Scores here are shares (0..1); `units` formats scores in any unit."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from results.statistics import Interval
from results.text.units import MINUS, NONE, SHARES

score_text, score_with_spread = SHARES.score, SHARES.spread  # "0.713", "0.713 ± 0.004"
points_text, points_interval = SHARES.difference, SHARES.interval  # "+4.9", "[−3.0, −1.6]"
score_interval = SHARES.score_interval  # "[0.704, 0.722]"

Choice = str | float | int
COMMON_DIGITS = 4  # numbers with more significant digits come from a narrow range and keep all of them
LARGEST_IN_FULL = 10**6  # larger integers are written with an exponent, as 1e6


@dataclass(frozen=True)
class Change:
    """Factor in which two configurations differ, with both levels; None where the factor does not exist."""

    factor: str
    from_level: Choice | None
    to_level: Choice | None


def changes(old: Mapping[str, Choice], new: Mapping[str, Choice]) -> tuple[Change, ...]:
    """Return the factors in which `new` differs from `old`, in the order of `new`, those missing in `new` last."""
    levels = ((factor, old.get(factor), new.get(factor)) for factor in {**new, **old})
    return tuple(Change(*change) for change in levels if change[1] != change[2])


def changes_in_words(differences: tuple[Change, ...]) -> str:
    """Return "mean pooling, learning_rate 3.1e-5", or "the baseline itself" without changes."""
    words = [choice_in_words(change.factor, change.to_level) for change in differences if change.to_level is not None]
    return ", ".join(words) or "the baseline itself"


def choice_in_words(factor: str, level: Choice) -> str:
    """Return "mean pooling", but "learning_rate 3.1e-5" and "smart on": numbers and switches follow the name."""
    name, text = factor.rpartition(".")[2], level_text(level)
    if level == "none":
        return f"no {name}"
    is_number = isinstance(level, int | float) or re.fullmatch(r"[-+.\deE]+", level) is not None
    return f"{name} {text}" if is_number or level in ("on", "off") else f"{text} {name}"


def level_text(level: Choice | None) -> str:
    """Return a level as text, a dash for none.

    Numbers have three digits, "3.1e-5", or all if they come from a narrow range ("0.99991"); integers have all.
    """
    if level is None:
        return NONE
    if isinstance(level, str):
        if re.fullmatch(r"-?\d+", level):
            return _short(int(level))
        return _plain(f"{float(level):.3g}") if re.fullmatch(r"-?\d+(\.\d+)?(e[-+]?\d+)?", level) else level
    return _short(level)


def _short(value: float) -> str:
    text = str(value) if isinstance(value, int) and abs(value) < LARGEST_IN_FULL else f"{value:.3g}"
    if isinstance(value, float) and math.isfinite(value) and float(f"{value:.{COMMON_DIGITS}g}") != value:
        text = f"{value:.15g}" if float(f"{value:.15g}") == value else repr(value)
    return _plain(text)


def _plain(text: str) -> str:
    return re.sub(r"e([+-])0*(\d+)", lambda m: f"e{m[1] if m[1] == '-' else ''}{m[2]}", text)


def range_text(value: float, low: float, high: float) -> str:
    """Return a number from a range with three digits, or as many more as distinguish the ends of the range."""
    width, largest = high - low, max(abs(low), abs(high))
    digits = 3 + max(0, math.floor(math.log10(largest / width))) if width > 0 and largest > 0 else 3
    return level_text(float(f"{value:.{digits}g}"))


def decimals(value: float, digits: int) -> str:
    """Return a number with `digits` decimals; one that rounds to zero has no minus sign."""
    return f"{value:z.{digits}f}".replace("-", MINUS)


def seeds_text(seeds: int) -> str:
    """Return "1 seed", "3 seeds"."""
    return plural(seeds, "seed")


def plural(count: int, noun: str) -> str:
    """Return "1 run", "1,204 runs"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def duration(seconds: float | None) -> str:
    """Return "4.2 s", "95 s", "12 min", "3 h 10 min", or a dash for none."""
    if seconds is None or math.isnan(seconds):
        return NONE
    if seconds < 120:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def count_text(value: float | None) -> str:
    """Return "22,713,216", or a dash for none."""
    return NONE if value is None else f"{value:,.0f}"


def memory_text(value: float | None) -> str:
    """Return a number of bytes in MB, or a dash for none."""
    return NONE if value is None else f"{value / 1e6:,.0f} MB"


def p_text(p: float) -> str:
    """Return "0.03", "0.004", "< 0.001", and "0.048" near 0.05, with enough digits to show which side it is on."""
    if p < 0.001:
        return "< 0.001"
    if p < 0.01:
        return f"{p:.1g}"
    texts = (f"{p:.{digits}f}" for digits in range(2, 7))
    return next((text for text in texts if float(text) != 0.05), "0.05")


def probability_text(probability: float) -> str:
    """Return "87 %", or "> 99 %" and "< 1 %" beyond the resolution of the draws."""
    percent = 100 * probability
    return "> 99 %" if percent > 99 else "< 1 %" if percent < 1 else f"{percent:.0f} %"


SAME = "identical with every seed"


def zero_verdict(interval: Interval) -> str:
    """Return "excludes 0" or "includes 0", for readers who cannot see the bar."""
    return "excludes 0" if interval.excludes_zero else "includes 0"
