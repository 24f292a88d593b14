"""Lanes of runs that follow one another, without the time in which nothing ran."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

from results.database.rows import RunRow

LONGEST_PAUSE, LEAST_PAUSE = 0.05, 1.0  # share of the time that anything ran, and seconds: longer pauses are left out


@dataclass(frozen=True)
class Bar:
    """A run in its lane: seconds since the study's first run, without pauses."""

    run: RunRow
    lane: int
    start: float
    end: float


@dataclass(frozen=True)
class Timeline:
    """The bars in the order that runs began; `lanes`: (host, its number of lanes); `paused`: seconds left out."""

    bars: tuple[Bar, ...]
    lanes: tuple[tuple[str, int], ...]
    paused: float

    @property
    def length(self) -> float:
        """Seconds from the first start to the last end, without pauses."""
        return max((bar.end for bar in self.bars), default=0.0)

    @property
    def busy(self) -> float:
        """The share of the lanes' time in which runs ran."""
        lanes = sum(count for _, count in self.lanes)
        whole = lanes * self.length
        return sum(bar.end - bar.start for bar in self.bars) / whole if whole else 0.0


def timeline(runs: Sequence[RunRow]) -> Timeline:
    """Return the lanes of runs that have ended: each is in the first lane of its host that is free when it starts.

    The database keeps no worker: runs of a lane need not have had the same one, but there were at least this many.
    """
    ended = [(run.started_at, run.finished_at, run) for run in runs if run.finished_at is not None]
    spans = sorted(((a, max(a, b), run) for a, b, run in ended), key=lambda one: (one[0], one[2].id))
    if not spans:
        return Timeline((), (), 0.0)
    moved, paused = _without_pauses([(a, b) for a, b, _ in spans])
    ends: dict[str, list[float]] = {}  # of each host, when the last run of each of its lanes ends
    placed = []
    for (_, _, run), (start, end) in zip(spans, moved, strict=True):
        lanes = ends.setdefault(run.host, [])
        lane = next((number for number, ended in enumerate(lanes) if ended <= start), len(lanes))
        lanes[lane : lane + 1] = [end]
        placed.append((run, lane, start, end))
    counts = {host: len(lanes) for host, lanes in ends.items()}
    first = dict(zip(counts, accumulate(counts.values(), initial=0), strict=False))
    bars = tuple(Bar(run, first[run.host] + lane, start, end) for run, lane, start, end in placed)
    return Timeline(bars, tuple(counts.items()), paused)


def _without_pauses(spans: Sequence[tuple[datetime, datetime]]) -> tuple[list[tuple[float, float]], float]:
    """Return spans in seconds from the first start, without the long gaps between them, and the sum of these."""
    begun = spans[0][0]
    seconds = [((a - begun).total_seconds(), (b - begun).total_seconds()) for a, b in spans]
    gaps: list[tuple[float, float]] = []  # (where it ends, how long)
    reached = busy = 0.0
    for start, end in seconds:
        if start > reached:
            gaps.append((start, start - reached))
        busy += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    left_out = [(at, long) for at, long in gaps if long > max(LEAST_PAUSE, LONGEST_PAUSE * busy)]

    def moved(at: float) -> float:
        return at - sum(long for ended, long in left_out if ended <= at)

    return [(moved(start), moved(start) + end - start) for start, end in seconds], sum(long for _, long in left_out)
