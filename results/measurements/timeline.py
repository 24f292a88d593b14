"""Runs arranged in lanes over time, with long pauses removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

from results.database.rows import RunRow

LONGEST_PAUSE, LEAST_PAUSE = 0.05, 1.0  # a pause is removed if longer than this share of the busy time and seconds


@dataclass(frozen=True)
class Bar:
    """A run in its lane: seconds since the study's first run, without pauses."""

    run: RunRow
    lane: int
    start: float
    end: float


@dataclass(frozen=True)
class Timeline:
    """The bars in order of start; `lanes` is (host, its number of lanes), `paused` the seconds removed."""

    bars: tuple[Bar, ...]
    lanes: tuple[tuple[str, int], ...]
    paused: float

    @property
    def length(self) -> float:
        """The seconds from the first start to the last end, without pauses."""
        return max((bar.end for bar in self.bars), default=0.0)

    @property
    def busy(self) -> float:
        """The share of the lanes' time in which runs ran."""
        total = sum(count for _, count in self.lanes) * self.length
        return sum(bar.end - bar.start for bar in self.bars) / total if total else 0.0


def timeline(runs: Sequence[RunRow]) -> Timeline:
    """Return the timeline of ended runs: each is in the first lane of its host that is free when it starts.

    The database does not record workers. Runs of a lane may have had different ones; the number of lanes is a lower
    bound on the number of workers.
    """
    spans = [(run.started_at, max(run.started_at, run.finished_at), run) for run in runs if run.finished_at is not None]
    if not spans:
        return Timeline((), (), 0.0)
    spans.sort(key=lambda span: (span[0], span[2].id))
    seconds, paused = _without_pauses([(start, end) for start, end, _ in spans])
    ends: dict[str, list[float]] = {}  # per host, the end of the last run in each of its lanes
    placed = []
    for (_, _, run), (start, end) in zip(spans, seconds, strict=True):
        lanes = ends.setdefault(run.host, [])
        lane = next((number for number, ended in enumerate(lanes) if ended <= start), len(lanes))
        lanes[lane : lane + 1] = [end]
        placed.append((run, lane, start, end))
    counts = {host: len(lanes) for host, lanes in ends.items()}
    first = dict(zip(counts, accumulate(counts.values(), initial=0), strict=False))
    bars = tuple(Bar(run, first[run.host] + lane, start, end) for run, lane, start, end in placed)
    return Timeline(bars, tuple(counts.items()), paused)


def _without_pauses(spans: Sequence[tuple[datetime, datetime]]) -> tuple[list[tuple[float, float]], float]:
    """Return spans in seconds from the first start with long gaps removed, and the seconds removed."""
    origin = spans[0][0]
    seconds = [((start - origin).total_seconds(), (end - origin).total_seconds()) for start, end in spans]
    gaps: list[tuple[float, float]] = []  # (end, length)
    reached = busy = 0.0
    for start, end in seconds:
        if start > reached:
            gaps.append((start, start - reached))
        busy += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    removed = [(end, length) for end, length in gaps if length > max(LEAST_PAUSE, LONGEST_PAUSE * busy)]

    def moved(at: float) -> float:
        return at - sum(length for end, length in removed if end <= at)

    return [(moved(start), moved(start) + end - start) for start, end in seconds], sum(length for _, length in removed)
