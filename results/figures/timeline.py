"""The timeline of a study's runs: one row per lane and one bar per run, coloured by phase and status."""

from __future__ import annotations

from collections.abc import Sequence

from results.figures.figure import Figure, Trace, escaped
from results.measurements.cost_units import CostUnit, unit_of
from results.measurements.study_results import evenly
from results.measurements.timeline import Bar, Timeline
from results.text.formatting import duration, plural
from results.text.units import SHARES, Unit

MOST_BARS = 1500  # to limit the size of the page
MOST_NAMES = 25  # of lanes beside the axis: thousands are slow to draw and unreadable
# Name in the legend, phases, statuses (empty: all), colour; the first match applies.
KINDS: Sequence[tuple[str, tuple[str, ...], tuple[str, ...], str]] = (
    ("failed or interrupted", (), ("failed", "interrupted"), "var(--baseline)"),
    ("search, stopped early", ("search",), ("pruned",), "var(--faint) 55%"),
    ("search", ("search",), (), "var(--muted)"),
    ("confirm", ("confirm",), (), "var(--best)"),
    ("ablate", ("ablate",), (), "var(--accent)"),
    ("other", (), (), "var(--ink)"),
)


def timeline_figure(timeline: Timeline, score: Unit = SHARES) -> Figure:
    """Draw a timeline with at least one run; `score` is the unit of scores."""
    unit = unit_of("train_seconds", [timeline.length])
    shown = evenly(timeline.bars, MOST_BARS)
    kinds: dict[str, list[Bar]] = {}
    for bar in shown:
        kinds.setdefault(_kind(bar), []).append(bar)
    names = _lane_names(timeline)
    named = range(0, len(names), -(-len(names) // MOST_NAMES))
    return Figure(
        id="figure-timeline",
        title="Runs by time",
        sentence=_sentence(timeline, len(shown)),
        traces=[_bars(name, kinds[name], color, unit, score) for name, _, _, color in KINDS if name in kinds],
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
            "legend": {"y": 1.02, "yanchor": "bottom"},  # below the axis it would not fit a figure of few lanes
        },
        rows=min(len(names), MOST_NAMES),
    )


def timeline_sentence(timeline: Timeline) -> str:
    """Return the summary line: runs, time, concurrency and utilization."""
    lanes = sum(count for _, count in timeline.lanes)
    hosts = f" on {plural(len(timeline.lanes), 'machine')}" if len(timeline.lanes) > 1 else ""
    return (
        f"{plural(len(timeline.bars), 'run')} in {duration(timeline.length)}, at most {lanes} at a time{hosts}; "
        f"workers were busy {100 * timeline.busy:.0f} % of the time."
    )


def _kind(bar: Bar) -> str:
    phase, status = bar.run.phase, bar.run.status
    return next(n for n, phases, ends, _ in KINDS if (not phases or phase in phases) and (not ends or status in ends))


def _lane_names(timeline: Timeline) -> list[str]:
    if len(timeline.lanes) == 1:
        return [str(lane + 1) for lane in range(timeline.lanes[0][1])]
    return [f"{escaped(host)} {lane + 1}" for host, count in timeline.lanes for lane in range(count)]


def _bars(name: str, bars: Sequence[Bar], color: str, unit: CostUnit, score: Unit) -> Trace:
    return {
        "type": "bar",
        "orientation": "h",
        "base": [round(unit.drawn(bar.start), 5) for bar in bars],
        "x": [round(unit.drawn(bar.end - bar.start), 5) for bar in bars],
        "y": [bar.lane for bar in bars],
        "width": 0.7,
        "name": name,
        "marker": {"color": color, "line": {"color": "var(--card)", "width": 0.6}},
        "text": [_text(bar, score) for bar in bars],
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


def _sentence(timeline: Timeline, shown: int) -> str:
    text = "The database does not record workers: each run is in the first lane that was free when it started."
    if timeline.paused:
        text += f" {duration(timeline.paused)} without a running run are left out."
    if shown < len(timeline.bars):
        text += f" {shown:,} of {len(timeline.bars):,} runs are drawn, evenly spaced."
    return text
