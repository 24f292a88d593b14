"""Names in a figure of a front: the best, the baseline, recipes, and members of the front."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log10
from typing import TYPE_CHECKING, Any

from results.analysis.describe import choices_of, described
from results.analysis.pareto import SCORE
from results.analysis.summary import Summary
from results.figures.figure import best_and_baseline, escaped
from results.figures.labels import Box, Label, place_labels
from results.figures.pareto_texts import Drawing

if TYPE_CHECKING:
    import pandas as pd

LONGEST_NAME = 30  # characters

Record = Mapping[Any, Any]


@dataclass(frozen=True)
class Area:
    """The plot area of a figure: the ranges of its axes, and its size in pixels."""

    drawing: Drawing
    ranges: tuple[tuple[float, float], tuple[float, float]]
    size: tuple[float, float]
    is_log: bool

    def on_axes(self, record: Record) -> tuple[float, float]:
        """Return a configuration's coordinates on both axes; on a logarithmic one, the exponent."""
        front = self.drawing.front
        x, y = self.drawing.x(float(record[front.x.column])), self.drawing.y(float(record[front.y.column]))
        return log10(x) if self.is_log else x, y

    def pixels(self, x: float, y: float) -> tuple[float, float]:
        """Return the pixels of a point, measured from the upper left corner."""
        (left, right), (low, high) = self.ranges
        return (x - left) / (right - left) * self.size[0], (high - y) / (high - low) * self.size[1]


def named_configurations(summary: Summary, measured: pd.DataFrame) -> list[tuple[str, pd.DataFrame, str]]:
    """Return (name, rows, colour) of the best, the baseline and the recipes among the measured configurations."""
    roles = best_and_baseline(summary)
    named = [(name, measured[measured["config_digest"] == entry.digest], color) for name, entry, color in roles]
    others = measured[~measured["config_digest"].isin([entry.digest for _, entry, _ in roles])]
    recipes = others[others["recipe"] != ""]
    named += [(f"recipe {name}", recipes[recipes["recipe"] == name], "var(--muted)") for name in recipes["recipe"]]
    return [(name, rows, color) for name, rows, color in named if len(rows)]


def name_annotations(measured: pd.DataFrame, area: Area) -> list[dict[str, Any]]:
    """Return plotly's annotations; members of the front are named only where a name fits."""
    records = measured.to_dict("records")
    named = _named(measured, records, area.drawing)
    places = [area.on_axes(record) for _, record, _, _ in named]
    labels = [
        Label(textwrap.shorten(name, LONGEST_NAME, placeholder="…"), *area.pixels(*place), needed=needed)
        for (name, _, _, needed), place in zip(named, places, strict=True)
    ]
    points = [area.pixels(*area.on_axes(record)) for record in records]
    boxes = place_labels(labels, points, area.size, [*_error_bars(records, area), *_steps(records, area)])
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


def _named(measured: pd.DataFrame, records: Sequence[Record], drawing: Drawing) -> list[tuple[str, Record, str, bool]]:
    """Return (name, configuration, colour, whether it is needed), the most important first."""
    named: list[tuple[str, Record, str, bool]] = [
        (name, record, color, True)
        for name, rows, color in named_configurations(drawing.summary, measured)
        for record in rows.to_dict("records")
    ]
    named.sort(key=lambda item: item[0] not in ("best", "baseline"))
    named_digests = {record["config_digest"] for _, record, _, _ in named}
    for record in records:
        if record[drawing.front.member] and record["config_digest"] not in named_digests:
            choices = choices_of(drawing.results, record["config_digest"])
            name = record["label"] or described(drawing.summary, choices).text
            named.append((name.removeprefix("the best, but with "), record, "var(--accent)", False))
    return named


def _error_bars(records: Sequence[Record], area: Area) -> list[Box]:
    """Return the boxes of the error bars."""
    bars = []
    for record in records if area.drawing.front.y == SCORE else ():
        x, y = area.on_axes(record)
        spread = record["spread"] if record["spread"] == record["spread"] else 0.0
        (center, top), (_, bottom) = area.pixels(x, y + spread), area.pixels(x, y - spread)
        bars.append(Box(center - 3, top, center + 3, bottom))
    return bars


def _steps(records: Sequence[Record], area: Area) -> list[Box]:
    """Return the boxes of the stepped line through the front's members."""
    front = area.drawing.front
    members = [area.pixels(*area.on_axes(record)) for record in records if record[front.member]]
    steps = []
    for (x, y), (next_x, next_y) in itertools.pairwise(members):
        step_y, step_x = (y, next_x) if front.x.direction != "maximize" else (next_y, x)
        steps.append(Box(min(x, next_x), step_y - 1, max(x, next_x), step_y + 1))
        steps.append(Box(step_x - 1, min(y, next_y), step_x + 1, max(y, next_y)))
    return steps
