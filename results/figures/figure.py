"""One figure of the report: what is drawn, as plotly data, and the sentence that it supports.

Colours are CSS variables ("var(--best)") that the page resolves, so that one figure serves light and dark.
Every text from the study is escaped: plotly reads HTML tags in labels.
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
    """One figure: `id` names its place on the page, `sentence` says in words what it shows.

    `runs`: the fragment of the list of runs behind it (`run_links`), or none; a trace may have its own key "runs", the
    run ids of each point ("3,7-9"), which a click on the point opens. `wide`: it scrolls sideways on a narrow screen.
    `rows`: of a figure with a row for each of some names, how many, so that few are not drawn as high as many.
    `narrow`: the parts of the layout that differ on a narrow screen.
    `menu`: what the page can be asked to draw instead: `label`, `xaxis`, and `data`, which goes over each trace; its
    first is what the traces are. `lines`: runs as lines that the pointer finds: `id`, `at` (height at 0, 1, 2...),
    `says`; the last trace is empty, and becomes the line under the pointer.
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
    """Escape a text for plotly, which reads HTML tags."""
    return escape(text, quote=False)


def capitalized(text: str) -> str:
    """Return the text with its first letter in upper case, the others as they are."""
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
    """Return a trace of points; `hover` is shown under the pointer, with `texts` as %{text}."""
    return {
        "x": list(x),
        "y": list(y),
        "text": list(texts),
        "name": name,
        "mode": "markers",
        "marker": {"color": color, "size": size, "symbol": symbol},
        "hovertemplate": f"{hover}<extra></extra>",
    }


def outlines(
    name: str, x: Sequence[float | None], y: Sequence[float | None], color: str, size: int, symbol: str = "circle-open"
) -> Trace:
    """Return open marks at points, e.g. rings around them, which show nothing under the pointer."""
    trace = points(name, x, y, color, size, symbol=symbol) | {"hoverinfo": "skip", "hovertemplate": None}
    trace["marker"]["line"] = {"width": 2, "color": color}
    return trace


def whiskers(ends: Sequence[tuple[float, float, float]], color: str, thickness: float) -> dict[str, Any]:
    """Return the error bars of intervals: `ends` are low, estimate and high of each."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [high - at for _, at, high in ends],
        "arrayminus": [at - low for low, at, _ in ends],
        "color": color,
        "thickness": thickness,
        "width": 4,
    }


def best_and_baseline(found: Summary) -> list[tuple[str, ConfigurationResult, str]]:
    """Return the baseline, if it is not the best, and the best: name, configuration, colour; those with results."""
    best = ("best", found.best, "var(--best)")
    roles = [best] if found.best_is_baseline else [("baseline", found.baseline, "var(--baseline)"), best]
    return [(name, entry, color) for name, entry, color in roles if entry is not None]
