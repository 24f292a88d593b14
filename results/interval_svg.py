"""Small interval bars as inline SVG, all rows of a table on one shared axis, in points."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from results.statistics import Interval
from results.wording import points_interval, points_text, zero_verdict

WIDTH, HEIGHT, MARGIN = 200, 26, 14


@dataclass(frozen=True)
class Axis:
    """The shared axis: from `low` to `high` in points, zero always on it."""

    low: float
    high: float
    step: float

    def x(self, points: float) -> float:
        """Where a value stands, in pixels."""
        return MARGIN + (points - self.low) / (self.high - self.low) * (WIDTH - 2 * MARGIN)

    def ticks(self) -> list[float]:
        """Round numbers on the axis, zero among them."""
        first, last = math.ceil(self.low / self.step), math.floor(self.high / self.step)
        return [i * self.step for i in range(first, last + 1)]


def axis(intervals: Sequence[Interval]) -> Axis:
    """The axis that holds all intervals, widened to whole steps; a point to each side when there are none."""
    low = min([0.0, *(interval.low * 100 for interval in intervals)])
    high = max([0.0, *(interval.high * 100 for interval in intervals)])
    if high - low < 0.1:
        low, high = low - 1, high + 1
    step = _round_step((high - low) / 4)
    return Axis(math.floor(low / step) * step, math.ceil(high / step) * step, step)


def bar(interval: Interval, on: Axis) -> str:
    """One row: the zero line, the interval and its estimate, filled when zero is outside. Safe HTML."""
    label = f"{points_text(interval.estimate)} points {points_interval(interval)}, {zero_verdict(interval)}"
    kind = "clear" if interval.excludes_zero else "open"
    left, right, at = (on.x(value * 100) for value in (interval.low, interval.high, interval.estimate))
    middle = HEIGHT / 2
    return (
        f'<svg class="interval {kind}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(label)}">'
        f'<line class="zero" x1="{on.x(0):.1f}" x2="{on.x(0):.1f}" y1="0" y2="{HEIGHT}"/>'
        f'<line class="reach" x1="{left:.1f}" x2="{right:.1f}" y1="{middle}" y2="{middle}"/>'
        f'<line class="end" x1="{left:.1f}" x2="{left:.1f}" y1="{middle - 4}" y2="{middle + 4}"/>'
        f'<line class="end" x1="{right:.1f}" x2="{right:.1f}" y1="{middle - 4}" y2="{middle + 4}"/>'
        f'<circle cx="{at:.1f}" cy="{middle}" r="4.5"/></svg>'
    )


def scale(on: Axis) -> str:
    """The axis with its numbers, for the table's head. Safe HTML."""
    labels = "".join(
        f'<text x="{on.x(tick):.1f}" y="12">{escape(_tick_text(tick, on.step))}</text>'
        f'<line class="tick" x1="{on.x(tick):.1f}" x2="{on.x(tick):.1f}" y1="17" y2="22"/>'
        for tick in on.ticks()
    )
    return f'<svg class="interval scale" viewBox="0 0 {WIDTH} 22" aria-hidden="true">{labels}</svg>'


def _tick_text(tick: float, step: float) -> str:
    digits = 0 if step >= 1 else 1 if step >= 0.1 else 2
    text = f"{tick:.{digits}f}"
    if float(text) == 0:
        return "0"
    return f"+{text}" if tick > 0 else text.replace("-", "\N{MINUS SIGN}")


def _round_step(rough: float) -> float:
    magnitude: float = 10 ** math.floor(math.log10(rough))
    return next(factor * magnitude for factor in (1, 2, 5, 10) if factor * magnitude >= rough * 0.999)
