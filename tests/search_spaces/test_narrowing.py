"""Shared factors made to fit one space keep their name and what their levels set."""

from __future__ import annotations

import pytest

from search_spaces.grammar import Factor, Level, Range, Space, SpaceError
from search_spaces.grammar.narrowing import fixed, steps, with_baseline

INNER = Factor("k", "nuisance", "1", (Level("1", {"k": 1}), Level("2", {"k": 2})))
A = Factor("a", "scientific", "one", (Level("one", {"x": 1}), Level("two", {"x": 2}, factors=(INNER,)), Level("three")))
RATE = Factor("rate", "nuisance", 3e-5, range=Range("r", 1e-6, 1e-3, log=True))


def test_another_baseline_keeps_all_levels_and_what_they_set() -> None:
    changed = with_baseline(A, "two")
    assert changed.baseline == "two" and changed.levels == A.levels and changed.name == "a"


def test_only_the_levels_to_keep_are_kept_in_their_order() -> None:
    assert with_baseline(A, "three", keep=("three", "one")).level_names() == ("one", "three")


def test_a_conditional_factor_gets_one_value() -> None:
    changed = with_baseline(A, "one", inner={"two.k": "2"})
    assert changed.levels[1].factors[0].level_names() == ("2",)
    assert changed.levels[1].factors[0].baseline == "2"


def test_a_level_that_does_not_exist_is_told_with_the_nearest() -> None:
    with pytest.raises(SpaceError, match="No level 'tow' in factor a. Did you mean 'two'"):
        with_baseline(A, "one", keep=("one", "tow"))


def test_a_fixed_factor_has_one_level_and_a_reason() -> None:
    told = fixed(A, "two", "stated", inner={"two.k": "2"})
    assert (told.role, told.reason, told.level_names()) == ("fixed", "stated", ("two",))
    assert Space("s", "Which?", (told,)).configuration({"a": "two", "a.two.k": "2"}) == {"x": 2, "k": 2}


def test_a_range_is_fixed_at_one_number() -> None:
    told = fixed(RATE, 1e-5, "stated")
    assert told.baseline == 1e-5 and not told.is_continuous()
    assert Space("s", "Which?", (told,)).configuration({"rate": 1e-5}) == {"r": 1e-5}


def test_steps_of_a_range_are_levels_as_they_are_written() -> None:
    told = steps(RATE, "1e-5", "1e-4")
    assert told.level_names() == ("1e-5", "1e-4") and told.baseline == "1e-5" and told.range is None
    assert Space("s", "Which?", (told,)).configuration({"rate": "1e-4"}) == {"r": 1e-4}


def test_levels_have_no_steps() -> None:
    with pytest.raises(SpaceError, match="Factor a has levels already: one, two, three"):
        steps(A, "1")
