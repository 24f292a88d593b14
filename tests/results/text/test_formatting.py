from __future__ import annotations

from typing import Any

import pytest

from results.figures.interval_svg import bar, scale, shared_axis
from results.statistics import Interval
from results.text import formatting
from results.text.formatting import Change, range_text


def test_a_configuration_is_told_by_its_differences() -> None:
    old = {"pooling": "cls", "sts_head": "concat", "learning_rate": 3e-5, "hidden_dropout": "0.1"}
    new = {**old, "pooling": "mean", "sts_head": "cosine", "learning_rate": 3.149e-5, "hidden_dropout": "0.3"}
    told = formatting.changes_in_words(formatting.changes(old, new))
    assert told == "mean pooling, cosine sts_head, learning_rate 3.15e-5, hidden_dropout 0.3"


def test_no_difference_is_the_baseline_itself() -> None:
    assert formatting.changes_in_words(formatting.changes({"pooling": "cls"}, {"pooling": "cls"})) == (
        "the baseline itself"
    )


def test_a_factor_under_a_level_is_told_by_its_own_name() -> None:
    found = formatting.changes({"schedule": "constant"}, {"schedule": "warm", "schedule.warm.warmup": 0.1})
    assert found == (Change("schedule", "constant", "warm"), Change("schedule.warm.warmup", None, 0.1))
    assert formatting.changes_in_words(found) == "warm schedule, warmup 0.1"


def test_what_is_on_or_off_or_missing_stands_behind_its_name() -> None:
    found = (Change("smart", "none", "on"), Change("bregman", "on", "off"), Change("adapter", "low_rank", "none"))
    assert formatting.changes_in_words(found) == "smart on, bregman off, no adapter"


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        (3e-5, "3e-5"),
        ("3e-05", "3e-5"),
        ("3.14159e-05", "3.14e-5"),
        ("0.10", "0.1"),
        (8, "8"),
        ("cls", "cls"),
        (None, "–"),
    ],
)
def test_levels_are_short(level: Any, shown: str) -> None:
    assert formatting.level_text(level) == shown


@pytest.mark.parametrize(
    ("difference", "shown"),
    [(0.049, "+4.9"), (-0.023, "−2.3"), (0.0004, "0.0"), (-0.0004, "0.0"), (None, "–"), (float("nan"), "–")],
)
def test_points_are_hundredths_with_a_sign(difference: float | None, shown: str) -> None:
    assert formatting.points_text(difference) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(None, "–"), (4.21, "4.2 s"), (42.4, "42 s"), (720, "12 min"), (11400, "3 h 10 min"), (3599, "1 h 0 min")],
)
def test_durations_are_for_people(seconds: float | None, shown: str) -> None:
    assert formatting.duration(seconds) == shown


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [
        (0.0003, 0.0037, "[+0.03, +0.4]"),
        (-0.0037, -0.0003, "[−0.4, −0.03]"),
        (-0.00002, 0.001, "[−0.002, +0.1]"),
        (0.0, 0.0, "[0.0, 0.0]"),
        (-1e-18, 0.03, "[0.0, +3.0]"),
        (-0.03, -0.0005, "[−3.0, −0.1]"),
    ],
)
def test_an_interval_tells_on_which_side_of_zero_it_ends(low: float, high: float, shown: str) -> None:
    assert formatting.points_interval(Interval((low + high) / 2, low, high)) == shown


@pytest.mark.parametrize(
    ("p", "shown"),
    [(0.0471, "0.047"), (0.0496, "0.0496"), (0.05, "0.05"), (0.0504, "0.0504"), (0.0526, "0.053"), (0.2, "0.20"),
     (0.004, "0.004"), (0.03, "0.03"), (0.0004, "< 0.001")],
)  # fmt: skip
def test_a_p_tells_on_which_side_of_the_limit_it_lies(p: float, shown: str) -> None:
    assert formatting.p_text(p) == shown


def test_what_shows_as_zero_has_no_minus() -> None:
    assert formatting.score_text(-0.0001) == "0.000" and formatting.score_text(-0.0006) == "−0.001"
    assert formatting.decimals(-0.004, 2) == "0.00"


def test_one_seed_has_no_spread_to_show() -> None:
    assert formatting.score_with_spread(0.7131, None) == "0.713"
    assert formatting.score_with_spread(0.7131, 0.0042) == "0.713 ± 0.004"


def test_all_bars_stand_on_one_axis_with_zero_on_it() -> None:
    shared = shared_axis([Interval(-0.023, -0.03, -0.016), Interval(-0.001, -0.004, 0.003)])
    assert shared.low <= -3 and shared.high >= 0.3
    assert 0 in shared.ticks()


def test_a_bar_says_in_words_what_it_shows() -> None:
    shared = shared_axis([Interval(-0.023, -0.03, -0.016)])
    drawn = bar(Interval(-0.023, -0.03, -0.016), shared)
    assert 'aria-label="−2.3 points [−3.0, −1.6], excludes 0"' in drawn
    assert 'class="clear"' in drawn
    assert "includes 0" in bar(Interval(0.0, -0.01, 0.01), shared)


@pytest.mark.parametrize("intervals", [[], [Interval(0.0, 0.0, 0.0)], [Interval(1e-9, 0.0, 1e-9)]])
def test_an_axis_without_width_still_has_numbers(intervals: list[Interval]) -> None:
    assert ">0<" in scale(shared_axis(intervals))


def test_numbers_of_a_range_have_the_digits_that_tell_its_ends_apart() -> None:
    assert [range_text(value, 0.01, 10.0) for value in (0.01, 0.09999999999999998, 10.0)] == ["0.01", "0.1", "10"]
    assert len({range_text(value, 0.9999, 0.99999) for value in (0.9999, 0.99993, 0.99996, 0.99999)}) == 4
    assert range_text(5.0, 5.0, 5.0) == "5"
