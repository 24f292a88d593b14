"""An effect's interval in two studies, one above the other, as inline SVG on an axis that all rows share."""

from __future__ import annotations

from html import escape

from results.interval_svg import WIDTH, Axis
from results.statistics import Interval
from results.units import Unit
from results.wording import zero_verdict

HEIGHT, UPPER, LOWER = 34, 11, 24  # pixels: of a row, and where its two intervals lie


def pair(first: Interval | None, second: Interval | None, on: Axis) -> str:
    """The reference's interval above with a circle, the other study's below with a diamond. Safe HTML."""
    label = f"reference {_told(first, on.unit)}; other study {_told(second, on.unit)}"
    drawn = [_bar(one, on, height) for one, height in ((first, UPPER), (second, LOWER)) if one is not None]
    return (
        f'<svg class="interval pair" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">'
        f'<line class="zero" x1="{on.x(0):.1f}" x2="{on.x(0):.1f}" y1="0" y2="{HEIGHT}"/>{"".join(drawn)}</svg>'
    )


def _bar(interval: Interval, on: Axis, y: int) -> str:
    left, right, at = (on.x(value) for value in (*on.unit.drawn_ends(interval), on.unit.drawn(interval.estimate)))
    kind = "clear" if interval.excludes_zero else "open"
    mark = f'<circle cx="{at:.1f}" cy="{y}" r="4.5"/>'
    if y == LOWER:
        mark = f'<path class="mark" d="M{at:.1f} {y - 5.5}l5.5 5.5l-5.5 5.5l-5.5 -5.5z"/>'
    return (
        f'<g class="{kind}"><line class="reach" x1="{left:.1f}" x2="{right:.1f}" y1="{y}" y2="{y}"/>'
        f'<line class="end" x1="{left:.1f}" x2="{left:.1f}" y1="{y - 4}" y2="{y + 4}"/>'
        f'<line class="end" x1="{right:.1f}" x2="{right:.1f}" y1="{y - 4}" y2="{y + 4}"/>{mark}</g>'
    )


def _told(interval: Interval | None, unit: Unit) -> str:
    if interval is None:
        return "not measured"
    return f"{unit.change(interval.estimate)} {unit.interval(interval)}, {zero_verdict(interval)}"
