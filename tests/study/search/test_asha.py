"""Which runs pause at a rung and which go on, by numbers worked out by hand."""

from __future__ import annotations

import pytest

from study.search.asha import continues, promoted, rung_reached


def test_rungs_are_powers_of_three() -> None:
    assert [epoch for epoch in range(1, 30) if rung_reached(epoch, range(1, epoch + 1))] == [1, 3, 9, 27]


@pytest.mark.parametrize(
    ("scores", "best"),
    [
        ([0.5], {0}),
        ([0.5, 0.6], {1}),
        ([0.5, 0.6, 0.7, 0.1, 0.2], {2}),
        ([0.5, 0.6, 0.7, 0.1, 0.2, 0.3], {1, 2}),
        ([0.5, 0.5, 0.5], {0}),
    ],
)
def test_the_best_third_goes_on_and_at_least_one(scores: list[float], best: set[int]) -> None:
    found = {trial: {1: score} for trial, score in enumerate(scores)}
    assert {trial for trial in found if continues(trial, 1, found)} == best


def test_a_rung_is_of_those_that_have_reached_it() -> None:
    found = {0: {1: 0.9}, 1: {1: 0.1, 2: 0.1, 3: 0.2}, 2: {1: 0.2, 2: 0.2, 3: 0.1}}
    assert continues(1, 3, found) and not continues(2, 3, found)


def test_who_waits_at_the_highest_rung_goes_on_first() -> None:
    scores = {0: {1: 0.9, 2: 0.9, 3: 0.4}, 1: {1: 0.8}, 2: {1: 0.1}, 3: {1: 0.2}, 4: {1: 0.3}, 5: {1: 0.4}}
    assert promoted({1, 2, 3}, scores) == 1
    assert promoted({0, 1, 2}, scores) == 0
    assert promoted({2, 3}, scores) is None and promoted((), scores) is None
    assert promoted({9}, scores) is None
