"""The axis of one factor that varies: its levels side by side, or a range of numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from results.figures.figure import escaped
from results.text.formatting import Choice, level_text, range_text

FEW_NUMBERS = 6  # this many numbers, or fewer, are levels
SHORT = 26  # letters of a level on the axis


@dataclass(frozen=True)
class FactorAxis:
    """One factor: its levels in the space's order, or a range from `low` to `high`, which may be logarithmic."""

    factor: str
    levels: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 0.0
    is_log: bool = False

    def at(self, choices: Mapping[str, Any]) -> float | int | None:
        """Return the number of a configuration's level, or its number; None where it does not have the factor."""
        choice = choices.get(self.factor)
        if choice is None:
            return None
        return self.levels.index(str(choice)) if self.levels else float(choice)

    def share(self, choices: Mapping[str, Any]) -> float | None:
        """Return how far along the axis a configuration is, 0..1; None where it does not have the factor."""
        at = self.at(choices)
        if at is None:
            return None
        if self.levels:
            return at / max(1, len(self.levels) - 1)
        low, at, high = (math.log(value) if self.is_log else value for value in (self.low, at, self.high))
        return min(1.0, max(0.0, (at - low) / (high - low)))

    def labels(self) -> list[tuple[float, str]]:
        """Return the labels of the levels, or of the ends of the range, and how far along the axis they are."""
        if self.levels:
            return [(i / max(1, len(self.levels) - 1), level_text(level)) for i, level in enumerate(self.levels)]
        return [(at, range_text(end, self.low, self.high)) for at, end in ((0.0, self.low), (1.0, self.high))]

    def layout(self) -> dict[str, Any]:
        """Return plotly's axis: levels by their names, numbers on a scale."""
        axis: dict[str, Any] = {"title": {"text": escaped(self.factor)}}
        if not self.levels:
            return axis | ({"type": "log", "dtick": 1, "exponentformat": "e"} if self.is_log else {"type": "linear"})
        names = [level_text(level) for level in self.levels]
        shown = [escaped(name if len(name) <= SHORT else f"{name[: SHORT - 1]}…") for name in names]
        places = list(range(len(names)))
        return axis | {"type": "linear", "tickvals": places, "ticktext": shown, "range": [-0.6, len(names) - 0.4]}


def factor_axes(factors: Sequence[Mapping[str, Any]], choices: Sequence[Mapping[str, Any]]) -> list[FactorAxis]:
    """Return the axes of the factors that vary among `choices`, in the order of the space's `factors`.

    Those that the space does not name come last.
    """
    known = {factor["name"]: factor for factor in factors}
    names = [*known, *dict.fromkeys(name for each in choices for name in each if name not in known)]
    axes = [_axis(name, known.get(name, {}), [each[name] for each in choices if name in each]) for name in names]
    return [axis for axis in axes if axis is not None]


def _axis(name: str, factor: Mapping[str, Any], chosen: Sequence[Choice]) -> FactorAxis | None:
    """Return None where all agree."""
    tried = list(dict.fromkeys(str(one) for one in chosen))
    if len(tried) < 2:
        return None
    numbers = [float(one) for one in chosen if isinstance(one, int | float)]
    are_numbers = len(numbers) == len(chosen)
    if are_numbers and (factor.get("range") or len(tried) > FEW_NUMBERS):
        low, high = min(numbers), max(numbers)
        given = factor.get("range") or {"log": high >= 10 * low}
        return FactorAxis(name, (), low, high, bool(given.get("log")) and low > 0)
    order = [*map(str, factor.get("levels") or ()), *(sorted(tried, key=float) if are_numbers else tried)]
    return FactorAxis(name, tuple(dict.fromkeys(level for level in order if level in tried)))
