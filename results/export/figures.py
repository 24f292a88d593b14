"""The figures of a report as SVG or PNG files, drawn by plotly in a headless Chromium (kaleido), without a network."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from results.database.url import one_line
from results.errors import ResultsError
from results.figures.figure import Figure, escaped

if TYPE_CHECKING:
    from results.database.database import Database

WIDTH, HEIGHT = 900, 500  # pixels
MARGINS, LEGEND, ROW = 112, 95, 32  # pixels: above and below the axes; from the axes to the legend; a row of names
SCALE = 2  # pixels of a PNG per pixel of the figure, in each direction
SECONDS = 90.0  # limit per figure; the machine may be busy with training
STYLE = Path(__file__).parents[1] / "templates" / "report.css"


class FiguresError(ResultsError):
    """Failure to draw figures: kaleido or Chromium is missing, or failed."""


def report_figures(database: Database, name: str) -> list[Figure]:
    """Return the figures of study `name`: those of its report, and the interval bars of the report's tables.

    Raises:
        UnknownStudy: the database has no study of that name.
    """
    from results.export.forest_plots import forests
    from results.report.content import outcome

    study = outcome(database, name)
    return [*study.figures(), *forests(study.results, study.summary, study.sections)]


def images(figures: Sequence[Figure], kind: str) -> dict[str, bytes]:
    """Return the figures drawn as svg or png (`kind`): id without "figure-" -> content of the file.

    Raises:
        FiguresError: kaleido or a Chromium is missing, or drawing failed.
    """
    try:
        import kaleido
        from kaleido.errors import BrowserClosedError, BrowserFailedError, ChromeNotFoundError, KaleidoError
    except ImportError as fault:
        raise FiguresError(
            "Figures as files need kaleido, which is not installed. Install it: pip install 'mtbert-study[figures]'"
        ) from fault

    colours = page_colours(STYLE.read_text(encoding="utf-8"))
    with TemporaryDirectory() as folder:
        files = {figure.id.removeprefix("figure-"): Path(folder, f"{figure.id}.{kind}") for figure in figures}
        try:
            # Not plotly.io.write_images: it ignores figures that fail, and always loads MathJax, which needs a network
            # and would typeset a level named "$x$" as a formula.
            kaleido.write_fig_from_object_sync(
                [_order(figure, file, kind, colours) for figure, file in zip(figures, files.values(), strict=True)],
                cancel_on_error=True,
                kopts={"timeout": SECONDS, "mathjax": False},
            )
        except ChromeNotFoundError as fault:
            raise FiguresError(
                "Drawing figures as files needs Chrome or Chromium, which was not found. Install it (Debian: apt "
                "install chromium), or set the environment variable BROWSER_PATH to its path."
            ) from fault
        except (BrowserFailedError, BrowserClosedError, KaleidoError, TimeoutError) as fault:
            reason = one_line(f"{type(fault).__name__}: {fault}")
            raise FiguresError(f"The browser that draws figures as files failed ({reason}).") from fault
        return {name: file.read_bytes() for name, file in files.items()}


def _order(figure: Figure, file: Path, kind: str, colours: Mapping[str, str]) -> dict[str, Any]:
    """Return the request to kaleido to draw a figure into `file`."""
    size = {"width": WIDTH, "height": height_of(figure), "scale": SCALE if kind == "png" else 1}
    return {"fig": plotly_figure(figure, colours), "path": file, "opts": {"format": kind, **size}}


def height_of(figure: Figure) -> int:
    """Return the height in pixels: the figure's own, or that of its rows, or the default."""
    rows = MARGINS + LEGEND + ROW * figure.rows if figure.rows else HEIGHT
    return int(figure.layout.get("height", rows))


def plotly_figure(figure: Figure, colours: Mapping[str, str]) -> dict[str, Any]:
    """Return a figure for plotly: as on the page in light colours, with its title and a white background."""
    plain = {"gridcolor": "var(--line)", "linecolor": "var(--line)", "zeroline": False, "automargin": True}
    below = -LEGEND / (height_of(figure) - MARGINS) if figure.rows else -0.18  # of the height of the axes
    layout = {
        **figure.layout,
        "xaxis": {**plain, **figure.layout.get("xaxis", {})},
        "yaxis": {**plain, **figure.layout.get("yaxis", {})},
        "title": {"text": escaped(figure.title), "font": {"size": 17}},
        "paper_bgcolor": "white",
        "plot_bgcolor": "white",
        "font": {"family": "sans-serif", "size": 13, "color": "var(--ink)"},
        "margin": {"l": 64, "r": 24, "t": 56, "b": 56},
        "legend": {"orientation": "h", "x": 0, "y": below, "yanchor": "top"},
        "template": None,
    }
    traces = [{key: value for key, value in trace.items() if key != "runs"} for trace in figure.traces]
    return {"data": _resolved(traces, colours), "layout": _resolved(layout, colours)}


def page_colours(style: str) -> dict[str, str]:
    """Return the light colours of a style sheet: the variables of its first `:root` block, name -> value."""
    block = re.search(r":root\s*\{(.*?)\}", style, re.DOTALL)
    variables = dict(re.findall(r"(--[a-z-]+):\s*([^;]+);", block[1])) if block else {}
    return {name: re.sub(r"light-dark\(([^,]+),.*\)", r"\1", value) for name, value in variables.items()}


def _resolved(value: Any, colours: Mapping[str, str]) -> Any:
    """Return `value` with "var(--best)" replaced by its colour, "var(--best) 12%" by the colour at 12 % opacity."""
    if isinstance(value, Mapping):
        return {key: _resolved(each, colours) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_resolved(each, colours) for each in value]
    named = re.fullmatch(r"var\((--[a-z-]+)\)(?: (\d+)%)?", value) if isinstance(value, str) else None
    if named is None:
        return value
    colour = colours[named[1]]
    if named[2] is None:
        return colour
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{int(named[2]) / 100})"
