"""Interval bars: the mark shows the verdict by its shape, the band the margin, and wide intervals leave the axis."""

from __future__ import annotations

import re

import pytest

from results.figures.interval_svg import bar, pair, shared_axis
from results.statistics import Interval, Judgement, Verdict
from results.text.units import SHARES, Unit

WIDE = Interval(-0.02, -0.03, -0.01)
ERRORS = Unit("RMSE", "EUR", higher_is_better=False)


def drawn(verdict: Verdict, unit: Unit = SHARES) -> str:
    return str(bar(WIDE, shared_axis([WIDE], unit, 0.01), Judgement(verdict, 0.1, 0.1, margin=0.01, within=0.031)))


def mark(svg: str) -> str:
    """The shape of the mark: circle, or the path without its place."""
    found = re.search(r'class="mark" d="M[-\d.]+ [-\d.]+([^"]+)"', svg)
    return found[1] if found else "circle"


def test_every_kind_of_verdict_has_its_own_shape() -> None:
    shapes = {verdict: mark(drawn(verdict)) for verdict in ("equivalent", "no gain", "no loss", "open")}
    assert len(set(shapes.values())) == 4 and shapes["open"] == "circle"
    assert 'class="clear"' in drawn("helps") and 'class="open"' in drawn("open")
    # The interval excludes 0, but the verdict is not of a difference from 0.
    assert 'class="clear"' not in drawn("no gain")


def test_a_triangle_points_to_the_side_that_is_not_excluded_where_lower_is_better_too() -> None:
    assert mark(drawn("no gain")) == mark(drawn("no loss", ERRORS)) != mark(drawn("no loss"))


def test_a_bar_is_read_aloud_in_the_words_of_its_verdict() -> None:
    assert 'aria-label="−2.0 points [−3.0, −1.0], no gain of more than 1 point"' in drawn("no gain")
    assert "open, surely within ±3.1 points" in drawn("open")
    assert "hurts; other study not measured" in pair(
        (WIDE, Judgement("hurts", 0, 0)), (None, None), shared_axis([WIDE])
    )


def test_a_band_shows_the_margin() -> None:
    axis = shared_axis([WIDE], SHARES, 0.01)
    found = re.search(r'class="margin" x="([\d.]+)" width="([\d.]+)"', drawn("open"))
    assert found is not None
    left, width = float(found[1]), float(found[2])
    assert (left, left + width) == pytest.approx((axis.x(-1), axis.x(min(1, axis.high))), abs=0.11)
    assert 'class="margin"' not in bar(WIDE, shared_axis([WIDE]))


def test_an_interval_that_is_far_wider_than_the_others_ends_in_arrows() -> None:
    narrow = [Interval(-0.01, -0.02, 0.0), Interval(0.01, 0.0, 0.02), Interval(0.02, 0.01, 0.03)]
    far = Interval(0.0, -2.4, 2.4)
    axis = shared_axis([*narrow, far])
    assert (axis.low, axis.high) == (-2, 4)
    ends = re.findall(r'class="end" d="M([\d.]+) [\d.]+L([\d.]+)', bar(far, axis))
    assert [float(barb) - float(end) for barb, end in ends] == pytest.approx([5, -5])
    ends = re.findall(r'class="end" d="M([\d.]+) [\d.]+L([\d.]+)', bar(narrow[0], axis))
    assert all(barb == end for barb, end in ends)
