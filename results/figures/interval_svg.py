"""Small interval bars as inline SVG. All rows of a table share one axis, in points or in the metric's unit."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from markupsafe import Markup

from results.statistics import Interval
from results.text.formatting import zero_verdict
from results.text.units import SHARES, Unit

WIDTH, HEIGHT, MARGIN = 200, 26, 14
PAIR_HEIGHT, UPPER, LOWER = 34, 11, 24  # pixels: height of a row with two intervals, and their y coordinates
LONGEST_TICK = 5  # characters


@dataclass(frozen=True)
class Axis:
    """The shared axis, from `low` to `high` in the `unit` of differences; it always includes zero."""

    low: float
    high: float
    step: float
    unit: Unit = SHARES

    def x(self, value: float) -> float:
        """Return the x coordinate of a value, in pixels."""
        return MARGIN + (value - self.low) / (self.high - self.low) * (WIDTH - 2 * MARGIN)

    def ticks(self) -> list[float]:
        """Return the tick values: multiples of the step, including zero."""
        first, last = math.ceil(self.low / self.step), math.floor(self.high / self.step)
        return [i * self.step for i in range(first, last + 1)]


def shared_axis(intervals: Sequence[Interval], unit: Unit = SHARES) -> Axis:
    """Return an axis that includes all intervals, extended to whole steps; -1 to 1 when there are none."""
    ends = [unit.drawn_ends(interval) for interval in intervals]
    low, high = min([0.0, *(low for low, _ in ends)]), max([0.0, *(high for _, high in ends)])
    if high - low < (0.1 if unit.differences == "points" else 1e-12):
        low, high = low - 1, high + 1
    step = _round_step((high - low) / 4)
    if len(_tick_text(step * 2, step)) > LONGEST_TICK:  # fewer long labels fit side by side
        step = _round_step((high - low) / 2)
    return Axis(math.floor(low / step) * step, math.ceil(high / step) * step, step, unit)


def bar(interval: Interval, axis: Axis) -> Markup:
    """Draw one row: the zero line, the interval and its estimate, filled when the interval excludes zero."""
    return _row("interval", HEIGHT, _words(interval, axis.unit), _interval(interval, axis, HEIGHT / 2, _circle), axis)


def pair(first: Interval | None, second: Interval | None, axis: Axis) -> Markup:
    """Draw a row of two intervals: the reference above with a circle, the other study below with a diamond."""
    label = f"reference {_words(first, axis.unit)}; other study {_words(second, axis.unit)}"
    bars = _interval(first, axis, UPPER, _circle) + _interval(second, axis, LOWER, _diamond)
    return _row("interval pair", PAIR_HEIGHT, label, bars, axis)


def scale(axis: Axis) -> Markup:
    """Draw the axis with its tick labels, for the table's header."""
    labels = "".join(
        f'<text x="{axis.x(tick):.1f}" y="12">{escape(_tick_text(tick, axis.step))}</text>'
        f'<line class="tick" x1="{axis.x(tick):.1f}" x2="{axis.x(tick):.1f}" y1="17" y2="22"/>'
        for tick in axis.ticks()
    )
    return Markup(f'<svg class="interval scale" viewBox="0 0 {WIDTH} 22" aria-hidden="true">{labels}</svg>')


def _row(kind: str, height: float, label: str, bars: str, axis: Axis) -> Markup:
    return Markup(
        f'<svg class="{kind}" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(label)}">'
        f'<line class="zero" x1="{axis.x(0):.1f}" x2="{axis.x(0):.1f}" y1="0" y2="{height}"/>{bars}</svg>'
    )


def _interval(interval: Interval | None, axis: Axis, y: float, mark: Callable[[float, float], str]) -> str:
    if interval is None:
        return ""
    left, right, at = (axis.x(value) for value in (*axis.unit.drawn_ends(interval), axis.unit.drawn(interval.estimate)))
    ends = "".join(
        f'<line class="end" x1="{end:.1f}" x2="{end:.1f}" y1="{y - 4}" y2="{y + 4}"/>' for end in (left, right)
    )
    reach = f'<line class="reach" x1="{left:.1f}" x2="{right:.1f}" y1="{y}" y2="{y}"/>'
    return f'<g class="{"clear" if interval.excludes_zero else "open"}">{reach}{ends}{mark(at, y)}</g>'


def _circle(at: float, y: float) -> str:
    return f'<circle cx="{at:.1f}" cy="{y}" r="4.5"/>'


def _diamond(at: float, y: float) -> str:
    return f'<path class="mark" d="M{at:.1f} {y - 5.5}l5.5 5.5l-5.5 5.5l-5.5 -5.5z"/>'


def _words(interval: Interval | None, unit: Unit) -> str:
    if interval is None:
        return "not measured"
    return f"{unit.change(interval.estimate)} {unit.interval(interval)}, {zero_verdict(interval)}"


def _tick_text(tick: float, step: float) -> str:
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    if round(tick, digits) == 0:
        return "0"
    text = f"{tick:,.{digits}f}"
    return f"+{text}" if tick > 0 else text.replace("-", "\N{MINUS SIGN}")


def _round_step(rough: float) -> float:
    magnitude: float = 10 ** math.floor(math.log10(rough))
    return next(factor * magnitude for factor in (1, 2, 5, 10) if factor * magnitude >= rough * 0.999)
