"""One figure of the report: what is drawn, as plotly data, and the sentence that it supports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Trace = dict[str, Any]


@dataclass(frozen=True)
class Figure:
    """One figure: `id` names its place on the page, `sentence` says what is to be seen, in words.

    `runs`: the fragment of the list of runs behind it (`run_links`), or none; a trace may have its own key "runs", the
    run ids of each point ("3,7-9"), which a click on the point opens. `wide`: it scrolls sideways on a narrow screen.
    `rows`: of a figure with a row for each of some names, how many, so that few are not drawn as high as many.
    `narrow`: what of the layout is another on a narrow screen.
    `menu`: what the page can be asked to draw instead: `label`, `xaxis`, and `data`, which goes over each trace; its
    first is what the traces are. `lines`: runs as lines that pointing finds: `id`, `at` (height at 0, 1, 2...), `says`;
    the last trace is empty, and becomes the line that is pointed at.
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
