"""The names in a figure of a front: of the best, the baseline, recipes, and members of the front."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log10
from typing import TYPE_CHECKING, Any

from results.analysis.describe import choices_of
from results.analysis.pareto import SCORE
from results.analysis.summary import Summary
from results.figures.figure import best_and_baseline, escaped
from results.figures.labels import Box, Label, placed
from results.figures.pareto_texts import Drawing, told_of

if TYPE_CHECKING:
    import pandas as pd

LONGEST = 30  # letters of a name

Record = Mapping[Any, Any]


@dataclass(frozen=True)
class Area:
    """The area that the axes of a figure enclose: their ranges, and its size in pixels."""

    it: Drawing
    ranges: tuple[tuple[float, float], tuple[float, float]]
    size: tuple[float, float]
    is_log: bool

    def on_axes(self, record: Record) -> tuple[float, float]:
        """Return the place of a configuration along both axes, on a logarithmic one its exponent."""
        x, y = (float(record[objective.column]) for objective in (self.it.front.x, self.it.front.y))
        return log10(self.it.x(x)) if self.is_log else self.it.x(x), self.it.y(y)

    def pixels(self, x: float, y: float) -> tuple[float, float]:
        """Return the pixels of a point on the axes, from the upper left corner."""
        (left, right), (low, high) = self.ranges
        return (x - left) / (right - left) * self.size[0], (high - y) / (high - low) * self.size[1]


def marked(found: Summary, known: pd.DataFrame) -> list[tuple[str, pd.DataFrame, str]]:
    """Return the best, the baseline and the space's recipes among the configurations: name, rows, colour."""
    roles = best_and_baseline(found)
    named = [(name, known[known["config_digest"] == entry.digest], color) for name, entry, color in roles]
    recipes = known[(known["recipe"] != "") & ~known["config_digest"].isin([entry.digest for _, entry, _ in roles])]
    named += [(f"recipe {name}", recipes[recipes["recipe"] == name], "var(--muted)") for name in recipes["recipe"]]
    return [one for one in named if len(one[1])]


def name_annotations(known: pd.DataFrame, area: Area) -> list[dict[str, Any]]:
    """Return plotly's annotations; members of the front have their names only where there is room for them."""
    records = known.to_dict("records")
    named = _named(known, records, area.it)
    places = [area.on_axes(record) for _, record, _, _ in named]
    labels = [
        Label(textwrap.shorten(name, LONGEST, placeholder="…"), *area.pixels(*place), needed=needed)
        for (name, _, _, needed), place in zip(named, places, strict=True)
    ]
    points = [area.pixels(*area.on_axes(record)) for record in records]
    boxes = placed(labels, points, area.size, [*_error_bars(records, area), *_steps(records, area)])
    return [
        {
            "x": x,
            "y": y,
            "xshift": round(box.middle[0] - label.x, 1),
            "yshift": round(label.y - box.middle[1], 1),
            "text": escaped(label.text),
            "showarrow": False,
            "font": {"size": 12, "color": color},
        }
        for label, box, (x, y), (_, _, color, _) in zip(labels, boxes, places, named, strict=True)
        if box is not None
    ]


def _named(known: pd.DataFrame, records: Sequence[Record], it: Drawing) -> list[tuple[str, Record, str, bool]]:
    """Return names, the most important first: name, configuration, colour, whether it is needed."""
    named: list[tuple[str, Record, str, bool]] = [
        (name, record, color, True)
        for name, rows, color in marked(it.found, known)
        for record in rows.to_dict("records")
    ]
    named.sort(key=lambda one: one[0] not in ("best", "baseline"))
    taken = {record["config_digest"] for _, record, _, _ in named}
    for record in records:
        if record[it.front.member] and record["config_digest"] not in taken:
            name = record["label"] or told_of(it.found, choices_of(it.results, record["config_digest"]))
            named.append((name.removeprefix("the best, but with "), record, "var(--accent)", False))
    return named


def _error_bars(records: Sequence[Record], area: Area) -> list[Box]:
    """Return the error bars, which labels avoid."""
    bars = []
    for record in records if area.it.front.y == SCORE else ():
        x, y = area.on_axes(record)
        spread = record["spread"] if record["spread"] == record["spread"] else 0.0
        (at, top), (_, bottom) = area.pixels(x, y + spread), area.pixels(x, y - spread)
        bars.append(Box(at - 3, top, at + 3, bottom))
    return bars


def _steps(records: Sequence[Record], area: Area) -> list[Box]:
    """Return the line through the front's members, step by step, across and then up, as it is drawn."""
    front = area.it.front
    members = [area.pixels(*area.on_axes(record)) for record in records if record[front.member]]
    lines = []
    for (x, y), (end, to) in itertools.pairwise(members):
        across, up = (y, end) if front.x.direction != "maximize" else (to, x)
        lines.append(Box(min(x, end), across - 1, max(x, end), across + 1))
        lines.append(Box(up - 1, min(y, to), up + 1, max(y, to)))
    return lines
