"""Lanes of runs that follow one another, pauses left out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from cases import for_each

from results.database.rows import RunRow
from results.figures.timeline import MOST_BARS, timeline_figure
from results.measurements.timeline import timeline
from results.report.sections.figures import build_timeline
from tests.results.conftest import BASELINE, StudyMaker
from tests.results.report.sections.test_search_sections import built_by, run


@pytest.fixture
def one(light: StudyMaker) -> RunRow:
    run(light.study(), BASELINE, 0, "search", 0.5)
    return light.database.runs.of_study(light.name)[0]


def row(one: RunRow, id: int, start: float, end: float | None, **changes: Any) -> RunRow:
    begun = one.started_at
    ended = None if end is None else begun + timedelta(seconds=end)
    return replace(one, id=id, started_at=begun + timedelta(seconds=start), finished_at=ended, **changes)


@for_each(
    ("spans", "lanes", "paused"),
    [
        ([(0, 10), (0, 8), (8, 12), (10, 14)], [0, 1, 1, 0], 0),
        ([(0, 10), (10, 20), (20, 30)], [0, 0, 0], 0),  # one worker: one lane
        ([(0, 10), (1, 3), (2, 9), (4, 5)], [0, 1, 2, 1], 0),  # the first that is free
        ([(0, 10), (5000, 5010)], [0, 0], 4990),  # launched again the next day
        ([(0, 10), (9, 9.5), (10.2, 20)], [0, 1, 0], 0),  # too short to leave out
        ([], [], 0),
    ],
)
def test_every_run_is_in_the_first_lane_that_is_free(
    one: RunRow, spans: list[tuple[float, float]], lanes: list[int], paused: float
) -> None:
    found = timeline([row(one, i, *span) for i, span in enumerate(spans, start=1)])
    assert [bar.lane for bar in found.bars] == lanes
    assert found.paused == pytest.approx(paused)
    assert sum(count for _, count in found.lanes) == len(set(lanes))
    at = sorted(found.bars, key=lambda bar: (bar.lane, bar.start))
    assert all(a.lane != b.lane or a.end <= b.start + 1e-9 for a, b in pairwise(at))


def test_machines_have_lanes_of_their_own_and_running_runs_none(one: RunRow) -> None:
    runs = [row(one, 1, 0, 5, host="a"), row(one, 2, 1, 4, host="<b>"), row(one, 3, 6, 9, host="a")]
    found = timeline([*runs, row(one, 4, 9, None, status="running")])
    assert found.lanes == (("a", 1), ("<b>", 1))
    assert [bar.lane for bar in found.bars] == [0, 1, 0]
    assert timeline_figure(found).layout["yaxis"]["ticktext"] == ["a 1", "&lt;b&gt; 1"]
    assert found.busy == pytest.approx((5 + 3 + 3) / (2 * 9))


def test_colours_tell_phase_and_end(one: RunRow) -> None:
    kinds = [("search", "complete"), ("search", "pruned"), ("confirm", "complete"), ("ablate", "failed")]
    runs = [row(one, i, i, i + 1, phase=phase, status=status) for i, (phase, status) in enumerate(kinds, start=1)]
    figure = timeline_figure(timeline(runs))
    names = [trace["name"] for trace in figure.traces]
    assert names == ["failed or interrupted", "search, stopped early", "search", "confirm"]
    assert len({trace["marker"]["color"] for trace in figure.traces}) == 4
    assert [trace["runs"] for trace in figure.traces] == [["4"], ["2"], ["1"], ["3"]]
    assert "does not record workers" in figure.sentence


def test_a_long_study_is_thinned_and_that_is_said(one: RunRow) -> None:
    figure = timeline_figure(timeline([row(one, i, i, i + 1) for i in range(1, MOST_BARS + 51)]))
    assert sum(len(trace["x"]) for trace in figure.traces) == MOST_BARS
    assert f"{MOST_BARS:,} of {MOST_BARS + 50:,} runs are drawn" in figure.sentence


def test_the_section_says_how_busy_workers_were(light: StudyMaker, finished: Any) -> None:
    light.study()
    assert built_by(build_timeline, light.database) is None
    found = built_by(build_timeline, finished)
    assert "at most" in found.sentence() and found.sentence().endswith("% of the time.")
