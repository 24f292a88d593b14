"""Small interval bars as inline SVG. All rows of a table share one axis, in points or in the metric's unit.

The shape of a mark is the verdict: a filled circle helps or hurts, a square is equivalent, a triangle points to the
side on which the margin is not excluded (to the worse one for "no gain"), and a hollow circle is open. A band marks
the margin.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from statistics import median

from markupsafe import Markup

from results.statistics import Interval, Judgement
from results.text.formatting import zero_verdict
from results.text.units import SHARES, Unit
from results.text.verdict_words import verdict_words

WIDTH, HEIGHT, MARGIN = 200, 26, 14
PAIR_HEIGHT, UPPER, LOWER = 34, 11, 24  # pixels: height of a row with two intervals, and their y coordinates
LONGEST_TICK = 5  # characters
WIDE = 4.0  # times the median width

Shown = tuple[Interval | None, Judgement | None]  # the interval of a row, and its verdict
Mark = Callable[[float, float], str]  # from x and y in pixels to SVG


@dataclass(frozen=True)
class Axis:
    """The shared axis, from `low` to `high` in the `unit` of differences; it always includes zero.

    `margin`: half the width of the band around zero, in the unit; 0 for none.
    """

    low: float
    high: float
    step: float
    unit: Unit = SHARES
    margin: float = 0.0

    def x(self, value: float) -> float:
        """Return the x coordinate of a value, in pixels."""
        return MARGIN + (value - self.low) / (self.high - self.low) * (WIDTH - 2 * MARGIN)

    def ticks(self) -> list[float]:
        """Return the tick values: multiples of the step, including zero."""
        first, last = math.ceil(self.low / self.step), math.floor(self.high / self.step)
        return [i * self.step for i in range(first, last + 1)]


def shared_axis(intervals: Sequence[Interval], unit: Unit = SHARES, margin: float | None = None) -> Axis:
    """Return an axis that includes the intervals, extended to whole steps; -1 to 1 when there are none.

    An interval that is more than `WIDE` times as wide as the median is included with its estimate alone, or it would
    hide the others. `margin`: the equivalence margin in score units.
    """
    ends = [unit.drawn_ends(interval) for interval in intervals]
    widest = WIDE * median([high - low for low, high in ends]) if ends else 0.0
    shown = [each for each in ends if each[1] - each[0] <= widest]
    numbers = [
        0.0,
        *(unit.drawn(interval.estimate) for interval in intervals),
        *(end for each in shown for end in each),
    ]
    low, high = min(numbers), max(numbers)
    if high - low < (0.1 if unit.differences == "points" else 1e-12):
        low, high = low - 1, high + 1
    step = _round_step((high - low) / 4)
    if len(_tick_text(step * 2, step)) > LONGEST_TICK:  # fewer long labels fit side by side
        step = _round_step((high - low) / 2)
    reach = 0.0 if margin is None else abs(unit.drawn(margin))
    return Axis(math.floor(low / step) * step, math.ceil(high / step) * step, step, unit, reach)


def bar(interval: Interval, axis: Axis, judgement: Judgement | None = None) -> Markup:
    """Draw one row: the margin, the zero line, the interval and its estimate, with the mark of its verdict.

    Without a verdict the mark is filled if the interval excludes zero.
    """
    drawn = _interval(interval, judgement, axis, HEIGHT / 2, _mark(judgement, axis.unit))
    return _row("interval", HEIGHT, _words(interval, judgement, axis.unit), drawn, axis)


def pair(first: Shown, second: Shown, axis: Axis) -> Markup:
    """Draw a row of two intervals: the reference above with a circle, the other study below with a diamond."""
    label = f"reference {_words(*first, axis.unit)}; other study {_words(*second, axis.unit)}"
    bars = _interval(*first, axis, UPPER, _circle) + _interval(*second, axis, LOWER, _diamond)
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
    left, right = (axis.x(min(max(end, axis.low), axis.high)) for end in (-axis.margin, axis.margin))
    band = f'<rect class="margin" x="{left:.1f}" width="{right - left:.1f}" y="0" height="{height}"/>'
    zero = f'<line class="zero" x1="{axis.x(0):.1f}" x2="{axis.x(0):.1f}" y1="0" y2="{height}"/>'
    return Markup(
        f'<svg class="{kind}" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(label)}">'
        f"{band if axis.margin else ''}{zero}{bars}</svg>"
    )


def _interval(interval: Interval | None, judgement: Judgement | None, axis: Axis, y: float, mark: Mark) -> str:
    if interval is None:
        return ""
    if judgement is None:
        kind = "clear" if interval.excludes_zero else "open"
    else:
        kind = _KINDS.get(judgement.verdict, "bounded")
    low, high = axis.unit.drawn_ends(interval)
    left, right, at = (
        axis.x(value) for value in (max(low, axis.low), min(high, axis.high), axis.unit.drawn(interval.estimate))
    )
    ends = _end(left, y, 0 if low >= axis.low else 5) + _end(right, y, 0 if high <= axis.high else -5)
    reach = f'<line class="reach" x1="{left:.1f}" x2="{right:.1f}" y1="{y}" y2="{y}"/>'
    return f'<g class="{kind}">{reach}{ends}{mark(at, y)}</g>'


def _end(at: float, y: float, back: int) -> str:
    """Return the end of an interval; if it continues beyond the axis, an arrow whose barbs point `back`."""
    return f'<path class="end" d="M{at + back:.1f} {y - 4}L{at:.1f} {y}L{at + back:.1f} {y + 4}"/>'


def _circle(at: float, y: float) -> str:
    return f'<circle cx="{at:.1f}" cy="{y}" r="4.5"/>'


def _diamond(at: float, y: float) -> str:
    return f'<path class="mark" d="M{at:.1f} {y - 5.5}l5.5 5.5l-5.5 5.5l-5.5 -5.5z"/>'


def _square(at: float, y: float) -> str:
    return f'<path class="mark" d="M{at - 4:.1f} {y - 4}h8v8h-8z"/>'


def _left(at: float, y: float) -> str:
    return f'<path class="mark" d="M{at - 5:.1f} {y}l9 -5v10z"/>'


def _right(at: float, y: float) -> str:
    return f'<path class="mark" d="M{at + 5:.1f} {y}l-9 -5v10z"/>'


def _mark(judgement: Judgement | None, unit: Unit) -> Mark:
    """Return the mark of a verdict."""
    said = judgement.verdict if judgement else "open"
    if said in ("no gain", "no loss"):
        return _right if (said == "no loss") == unit.higher_is_better else _left
    return _square if said == "equivalent" else _circle


_KINDS: Mapping[str, str] = {"helps": "clear", "hurts": "clear", "open": "open"}  # CSS classes


def _words(interval: Interval | None, judgement: Judgement | None, unit: Unit) -> str:
    if interval is None:
        return "not measured"
    verdict = verdict_words(judgement, unit) if judgement else zero_verdict(interval)
    return f"{unit.change(interval.estimate)} {unit.interval(interval)}, {verdict}"


def _tick_text(tick: float, step: float) -> str:
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    if round(tick, digits) == 0:
        return "0"
    text = f"{tick:,.{digits}f}"
    return f"+{text}" if tick > 0 else text.replace("-", "\N{MINUS SIGN}")


def _round_step(rough: float) -> float:
    magnitude: float = 10 ** math.floor(math.log10(rough))
    return next(factor * magnitude for factor in (1, 2, 5, 10) if factor * magnitude >= rough * 0.999)
