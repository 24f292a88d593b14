"""Leaving out: a space that sets nothing at or below some paths."""

from __future__ import annotations

from dataclasses import replace

import pytest

import search_spaces
from search_spaces.grammar import Factor, Level, Range, Recipe, Space, SpaceError
from search_spaces.grammar.restricting import without

A = Factor("a", "scientific", "x", (Level("x", {"tasks.a.head": "x"}), Level("y", {"tasks.a.head": "y"})))
SIZES = Factor(
    "sizes",
    "scientific",
    "same",
    (Level("same"), Level("own", {"tasks.a.batch_size": 3, "tasks.b.batch_size": 8}, scale={"tasks.a.epochs": 2.0})),
)
SWITCH = Factor("switch", "scientific", "off", (Level("off"), Level("on", factors=(replace(A, name="inner"),))))
RATE = Factor("rate", "nuisance", 0.1, range=Range("tasks.a.rate", 0.1, 0.5))
OTHER = Factor("other", "scientific", "1", (Level("1", {"tasks.ab": 1}), Level("2", {"tasks.ab": 2})))
IDLE = Factor("idle", "scientific", "only", (Level("only"), Level("other")))
SPACE = Space(
    name="s",
    goal="Which?",
    factors=(A, SIZES, RATE, OTHER),
    base={"tasks.a.deep.er": 1, "tasks.c": 2},
    recipes=(Recipe("known", "a report", {"a": "y", "other": "2", "rate": 0.3}),),
)


def test_a_factor_that_sets_nothing_else_does_not_exist_and_another_keeps_what_else_it_sets() -> None:
    small = without(SPACE, ["tasks.a"])
    assert [factor.name for factor in small.factors] == ["sizes", "other"]
    # A path lies below another at whole names only.
    assert small.factors[-1] == OTHER and small.base == {"tasks.c": 2}
    sizes = small.factors[0]
    assert [(level.name, dict(level.set), dict(level.scale)) for level in sizes.levels] == [
        ("same", {}, {}),
        ("own", {"tasks.b.batch_size": 8}, {}),
    ]
    assert [factor.name for factor in without(SPACE, ["tasks.a", "tasks.b"]).factors] == ["other"]


def test_a_factor_whose_only_effect_is_a_conditional_one_goes_with_it_and_one_that_never_set_anything_stays() -> None:
    space = Space(name="s", goal="Which?", factors=(SWITCH, OTHER))
    assert [factor.name for factor in without(space, ["tasks.a"]).factors] == ["other"]
    space = Space(name="s", goal="Which?", factors=(IDLE, A))
    assert without(space, ["tasks.a"]).factors == (IDLE,)


def test_recipes_and_rows_lose_their_choice_of_it() -> None:
    assert without(SPACE, ["tasks.a"]).recipes[0].choices == {"other": "2"}
    grid = Space(
        name="s", goal="Which?", factors=(A, OTHER), design="grid", rows={"1": {"a": "y"}, "2": {"other": "2"}}
    )
    assert without(grid, ["tasks.a"]).rows == {"1": {}, "2": {"other": "2"}}


def test_nothing_to_leave_out_leaves_the_space_as_it_is() -> None:
    assert without(SPACE, []) == SPACE == without(SPACE, ["elsewhere"])


def test_a_space_with_no_factor_left_is_refused() -> None:
    with pytest.raises(SpaceError, match="Space s needs at least one factor"):
        without(Space(name="s", goal="Which?", factors=(A,)), ["tasks"])


def test_full_ablation_without_sst_has_no_head_for_it() -> None:
    full = search_spaces.load("full_ablation")
    names = [factor.name for factor in without(full, ["tasks.sst"]).factors]
    assert names == [factor.name for factor in full.factors if factor.name != "sst_head"]


FIRST = Factor(
    "first", "scientific", "none", (Level("none"), Level("a", {"first.task": "a"}), Level("b", {"first.task": "b"}))
)


def test_a_level_that_sets_a_value_left_out_does_not_exist() -> None:
    space = Space(name="s", goal="Which?", factors=(FIRST, OTHER), recipes=(Recipe("r", "x", {"first": "a"}),))
    small = without(space, [], {"first.task": ["a"]})
    assert small.factors[0].level_names() == ("none", "b") and small.recipes[0].choices == {}
    # A factor with no other level that sets anything does not exist.
    assert without(space, [], {"first.task": ["a", "b"]}).factors == (OTHER,)


def test_a_baseline_left_out_gives_its_place_to_the_first_other_level() -> None:
    space = Space(name="s", goal="Which?", factors=(replace(FIRST, baseline="a"),))
    assert without(space, [], {"first.task": ["a"]}).baseline() == {"first": "none"}


def test_an_object_loses_what_lies_at_the_path() -> None:
    levels = (Level("x"), Level("y", {"weights": {"a": 1, "b": {"c": 2, "d": 3}}}), Level("z", {"weights": {"a": 1}}))
    space = Space(name="s", goal="Which?", factors=(Factor("w", "scientific", "x", levels),))
    small = without(space, ["weights.a", "weights.b.c"]).factors[0]
    assert [dict(level.set) for level in small.levels] == [{}, {"weights": {"b": {"d": 3}}}, {}]
    assert space.factors[0].levels == levels
