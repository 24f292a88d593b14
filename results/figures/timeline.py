"""The timeline of a study's runs: a row per lane, a bar per run, coloured by phase and by status."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from results.figures.figure import Figure, Trace, escaped
from results.measurements.cost_units import CostUnit, unit_of
from results.measurements.study_results import evenly
from results.measurements.timeline import Bar, Timeline
from results.text.formatting import SHARES, duration, plural
from results.text.units import Unit

MOST_BARS = 1500  # so that the page stays small
MOST_NAMES = 25  # of lanes beside the axis: thousands are slow to draw and unreadable
# Name in the legend, phases, statuses, colour. The first that fits; a bar's outline separates neighbours.
KINDS: Sequence[tuple[str, tuple[str, ...], tuple[str, ...], str]] = (
    ("failed or interrupted", (), ("failed", "interrupted"), "var(--baseline)"),
    ("search, stopped early", ("search",), ("pruned",), "var(--faint) 55%"),
    ("search", ("search",), (), "var(--muted)"),
    ("confirm", ("confirm",), (), "var(--best)"),
    ("ablate", ("ablate",), (), "var(--accent)"),
    ("other", (), (), "var(--ink)"),
)


def timeline_figure(found: Timeline, of: Unit = SHARES) -> Figure:
    """Draw a timeline with at least one run."""
    unit = unit_of("train_seconds", [found.length])
    shown = evenly(found.bars, MOST_BARS)
    kinds: dict[str, list[Bar]] = {}
    for bar in shown:
        kinds.setdefault(_kind(bar), []).append(bar)
    names = _lane_names(found)
    named = range(0, len(names), -(-len(names) // MOST_NAMES))
    return Figure(
        id="figure-timeline",
        title="Runs by time",
        sentence=_sentence(found, len(shown)),
        traces=[_bars(name, kinds[name], color, unit, of) for name, _, _, color in KINDS if name in kinds],
        layout={
            "xaxis": {"title": {"text": unit.title("time since the first run")}, "rangemode": "tozero"},
            "yaxis": {
                "title": {"text": ""},
                "tickvals": list(named),
                "ticktext": [names[lane] for lane in named],
                "range": [len(names) - 0.4, -0.6],  # the first lane on top
                "showgrid": False,
            },
            "barmode": "overlay",
            "legend": {"y": 1.02, "yanchor": "bottom"},  # few lanes are too low for one below the axis
        },
        rows=min(len(names), MOST_NAMES),
    )


def timeline_sentence(found: Timeline) -> str:
    """Say how long the runs took, how many ran at a time, and how busy the workers were."""
    lanes = sum(count for _, count in found.lanes)
    hosts = f" on {plural(len(found.lanes), 'machine')}" if len(found.lanes) > 1 else ""
    return (
        f"{plural(len(found.bars), 'run')} in {duration(found.length)}, at most {lanes} at a time{hosts}, "
        f"which were busy {100 * found.busy:.0f} % of it."
    )


def _kind(bar: Bar) -> str:
    phase, status = bar.run.phase, bar.run.status
    return next(n for n, phases, ends, _ in KINDS if (not phases or phase in phases) and (not ends or status in ends))


def _lane_names(found: Timeline) -> list[str]:
    if len(found.lanes) == 1:
        return [str(lane + 1) for lane in range(found.lanes[0][1])]
    return [f"{escaped(host)} {lane + 1}" for host, count in found.lanes for lane in range(count)]


def _bars(name: str, bars: Sequence[Bar], color: str, unit: CostUnit, of: Unit) -> Trace:
    marker: dict[str, Any] = {"color": color, "line": {"color": "var(--card)", "width": 0.6}}
    return {
        "type": "bar",
        "orientation": "h",
        "base": [round(unit.drawn(bar.start), 5) for bar in bars],
        "x": [round(unit.drawn(bar.end - bar.start), 5) for bar in bars],
        "y": [bar.lane for bar in bars],
        "width": 0.7,
        "name": name,
        "marker": marker,
        "text": [_text(bar, of) for bar in bars],
        "textposition": "none",
        "runs": [str(bar.run.id) for bar in bars],
        "hovertemplate": "%{text}<extra></extra>",
    }


def _text(bar: Bar, unit: Unit) -> str:
    run = bar.run
    ended = {"pruned": "stopped early"}.get(run.status, run.status)
    score = "" if run.score is None else f", {unit.name} {unit.scored(run.score)}"
    why = f" ({run.reason})" if run.status == "failed" and run.reason else ""
    text = f"run {run.id}, {run.phase}, seed {run.seed}: {ended}{why}{score}"
    return f"{escaped(text)}<br>{duration(bar.end - bar.start)}"


def _sentence(found: Timeline, shown: int) -> str:
    text = (
        "The database does not record workers: a row is a lane of runs that follow one another, each run in the first "
        "lane that was free."
    )
    if found.paused:
        text += f" {duration(found.paused)} in which nothing ran are left out."
    if shown < len(found.bars):
        text += f" {shown:,} of {len(found.bars):,} runs are drawn, spread evenly."
    return text
