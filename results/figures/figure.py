"""A figure of the report: its plotly data and its caption.

Colours are CSS variables ("var(--best)"), which the page resolves for its light or dark theme.
Every text from the study is escaped: plotly interprets HTML tags in labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from results.analysis.leaderboard import ConfigurationResult
    from results.analysis.summary import Summary

Trace = dict[str, Any]


@dataclass(frozen=True)
class Figure:
    """One figure with its caption, `sentence`; `id` is its anchor on the page.

    `runs`: link to the runs behind it (`run_links`), or ""; the key "runs" of a trace has the run ids of each point
    ("3,7-9"), which a click opens. `wide`: scrolls sideways on a narrow screen. `rows`: number of rows, which sets the
    height; 0 for the default. `narrow`: changes of the layout for a narrow screen. `menu`: alternatives, each with
    `label`, `xaxis` and `data` (an update of each trace); the first is drawn initially. `lines`: runs that the pointer
    highlights, each with `id`, `at` (heights at x = 0, 1, 2...) and `says`; the last trace is the highlighted line.
    """

    id: str
    title: str
    sentence: str
    traces: Sequence[Trace]
    layout: Mapping[str, Any]
    runs: str = ""
    wide: bool = False
    rows: int = 0
    narrow: Mapping[str, Any] = field(default_factory=dict)
    menu: Sequence[Mapping[str, Any]] = ()
    lines: Sequence[Mapping[str, Any]] = ()


def escaped(text: str) -> str:
    """Escape a text for plotly, which interprets HTML tags."""
    return escape(text, quote=False)


def capitalized(text: str) -> str:
    """Return the text with its first letter in upper case."""
    return f"{text[0].upper()}{text[1:]}"


def points(
    name: str,
    x: Sequence[float | int | None],
    y: Sequence[float | int | None],
    color: str,
    size: int,
    *,
    symbol: str | Sequence[str] = "circle",
    texts: Sequence[str] = (),
    hover: str = "%{text}",
) -> Trace:
    """Return a trace of points; `hover` is the template of the hover text, with `texts` as %{text}."""
    marker = {"color": color, "size": size, "symbol": symbol}
    trace = {"x": list(x), "y": list(y), "text": list(texts), "name": name, "mode": "markers", "marker": marker}
    return trace | {"hovertemplate": f"{hover}<extra></extra>"}


def outlines(
    name: str, x: Sequence[float | None], y: Sequence[float | None], color: str, size: int, symbol: str = "circle-open"
) -> Trace:
    """Return open marks, such as rings around points, without a hover text."""
    trace = points(name, x, y, color, size, symbol=symbol) | {"hoverinfo": "skip", "hovertemplate": None}
    trace["marker"]["line"] = {"width": 2, "color": color}
    return trace


def line(
    name: str, x: Sequence[float | None], y: Sequence[float | None], color: str, width: float, **style: str
) -> Trace:
    """Return a line without a hover text; `style` is plotly's, e.g. `dash` and `shape`."""
    style_of_line = {"color": color, "width": width, **style}
    return {"x": list(x), "y": list(y), "name": name, "mode": "lines", "line": style_of_line, "hoverinfo": "skip"}


def whiskers(intervals: Sequence[tuple[float, float, float]], color: str, thickness: float) -> dict[str, Any]:
    """Return the error bars of intervals, each given as (low, estimate, high)."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [high - estimate for _, estimate, high in intervals],
        "arrayminus": [estimate - low for low, estimate, _ in intervals],
        "color": color,
        "thickness": thickness,
        "width": 4,
    }


def best_and_baseline(summary: Summary) -> list[tuple[str, ConfigurationResult, str]]:
    """Return (name, configuration, colour) of baseline and best as far as measured; only the best if they are equal."""
    baseline = None if summary.best_is_baseline else summary.baseline
    roles = (("baseline", baseline, "var(--baseline)"), ("best", summary.best, "var(--best)"))
    return [(name, entry, color) for name, entry, color in roles if entry is not None]
