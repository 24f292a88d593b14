"""The axis of one varying factor: levels side by side, or a numeric range."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from results.figures.figure import escaped
from results.text.formatting import Choice, level_text, range_text

FEW_NUMBERS = 6  # up to this many distinct numbers are treated as levels
LONGEST_LEVEL = 26  # characters of a level on the axis


@dataclass(frozen=True)
class FactorAxis:
    """One factor: its levels in the space's order, or a linear or logarithmic range from `low` to `high`."""

    factor: str
    levels: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 0.0
    is_log: bool = False

    def position(self, choices: Mapping[str, Any]) -> float | int | None:
        """Return the index of a configuration's level, or its number; None without the factor."""
        choice = choices.get(self.factor)
        if choice is None:
            return None
        return self.levels.index(str(choice)) if self.levels else float(choice)

    def fraction(self, choices: Mapping[str, Any]) -> float | None:
        """Return a configuration's position as a fraction of the axis, 0..1; None without the factor."""
        position = self.position(choices)
        if position is None:
            return None
        if self.levels:
            return position / max(1, len(self.levels) - 1)
        low, value, high = (math.log(number) if self.is_log else number for number in (self.low, position, self.high))
        return min(1.0, max(0.0, (value - low) / (high - low)))

    def labels(self) -> list[tuple[float, str]]:
        """Return (fraction of the axis, label) of each level, or of both ends of the range."""
        if self.levels:
            return [(i / max(1, len(self.levels) - 1), level_text(level)) for i, level in enumerate(self.levels)]
        return [(at, range_text(end, self.low, self.high)) for at, end in enumerate((self.low, self.high))]

    def layout(self) -> dict[str, Any]:
        """Return plotly's axis: level names, or a numeric scale."""
        axis: dict[str, Any] = {"title": {"text": escaped(self.factor)}}
        if not self.levels:
            return axis | ({"type": "log", "dtick": 1, "exponentformat": "e"} if self.is_log else {"type": "linear"})
        names = [level_text(level) for level in self.levels]
        ticks = [escaped(name if len(name) <= LONGEST_LEVEL else f"{name[: LONGEST_LEVEL - 1]}…") for name in names]
        ticks_at = {"tickvals": list(range(len(names))), "ticktext": ticks}
        return axis | {"type": "linear", **ticks_at, "range": [-0.6, len(names) - 0.4]}


def factor_axes(factors: Sequence[Mapping[str, Any]], choices: Sequence[Mapping[str, Any]]) -> list[FactorAxis]:
    """Return the axes of the factors that vary among `choices`: first those of `factors`, in order, then others."""
    by_name = {factor["name"]: factor for factor in factors}
    names = dict.fromkeys([*by_name, *(name for each in choices for name in each)])
    axes = [_axis(name, by_name.get(name, {}), [each[name] for each in choices if name in each]) for name in names]
    return [axis for axis in axes if axis is not None]


def _axis(name: str, factor: Mapping[str, Any], chosen: Sequence[Choice]) -> FactorAxis | None:
    """Return the axis of a factor, or None if it does not vary."""
    tried = list(dict.fromkeys(map(str, chosen)))
    if len(tried) < 2:
        return None
    numbers = [float(choice) for choice in chosen if isinstance(choice, int | float)]
    are_numbers = len(numbers) == len(chosen)
    if are_numbers and (factor.get("range") or len(tried) > FEW_NUMBERS):
        low, high = min(numbers), max(numbers)
        spacing = factor.get("range") or {"log": high >= 10 * low}
        return FactorAxis(name, (), low, high, bool(spacing.get("log")) and low > 0)
    order = [*map(str, factor.get("levels") or ()), *(sorted(tried, key=float) if are_numbers else tried)]
    return FactorAxis(name, tuple(dict.fromkeys(level for level in order if level in tried)))
