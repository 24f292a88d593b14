"""One figure of the report: what is drawn, as plotly data, and the sentence that it supports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Trace = dict[str, Any]


@dataclass(frozen=True)
class Figure:
    """One figure: `id` names its place on the page, `sentence` says what is to be seen, in words."""

    id: str
    title: str
    sentence: str
    traces: Sequence[Trace]
    layout: Mapping[str, Any]
