"""A space's definition is judged when it is made: each fault has a test, and all come at once."""

from __future__ import annotations

from typing import Any

import pytest

from search_spaces.grammar import Factor, Level, Range, Recipe, Space, SpaceError


def levels(*names: str) -> tuple[Level, ...]:
    return tuple(Level(name, {"x": name}) for name in names)


A = Factor("a", "scientific", "one", levels("one", "two"))


def faults(*factors: Factor, **others: Any) -> str:
    with pytest.raises(SpaceError) as raised:
        Space(**{"name": "s", "goal": "?", "factors": factors, **others})
    return str(raised.value)


def test_a_factor_that_stands_twice() -> None:
    assert faults(A, A) == "Factor a stands twice in space s."


def test_a_level_that_stands_twice() -> None:
    assert faults(Factor("a", "scientific", "one", levels("one", "one"))) == "Level one stands twice in factor a."


def test_a_baseline_that_is_not_a_level() -> None:
    found = faults(Factor("a", "scientific", "three", levels("one", "two")))
    assert found == "baseline of factor a must be one of one, two, got 'three'."


def test_a_baseline_outside_its_range() -> None:
    found = faults(Factor("a", "nuisance", 2.0, range=Range("x", 0, 1)))
    assert found == "baseline of factor a takes a number from 0 to 1, got 2.0."


def test_a_range_upside_down() -> None:
    found = faults(Factor("a", "nuisance", 1.0, range=Range("x", 2, 1)))
    assert found == "low <= high must hold in the range of factor a, got low=2 and high=1."


def test_a_log_range_from_zero() -> None:
    found = faults(Factor("a", "nuisance", 1.0, range=Range("x", 0, 1, log=True)))
    assert found == "low > 0 must hold in the log range of factor a, got low=0."


def test_an_integer_range_with_a_fraction() -> None:
    assert "must be whole numbers" in faults(Factor("a", "nuisance", 1, range=Range("x", 1, 2.5, integer=True)))


def test_a_fixed_factor_without_a_reason() -> None:
    assert faults(Factor("a", "fixed", "one", levels("one"))) == (
        "Factor a is fixed and needs a reason: what a reader must know about it."
    )


def test_a_fixed_factor_with_two_levels() -> None:
    assert "must have one level" in faults(Factor("a", "fixed", "one", levels("one", "two"), reason="cost"))


def test_a_factor_with_neither_levels_nor_range() -> None:
    assert faults(Factor("a", "scientific", "one")) == "Factor a needs either levels or a range, got neither."


def test_a_factor_with_both_levels_and_range() -> None:
    assert "got both" in faults(Factor("a", "scientific", "one", levels("one"), range=Range("y", 0, 1)))


def test_an_unknown_role() -> None:
    assert "got 'main'" in faults(Factor("a", "main", "one", levels("one")))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["", "A", "1a", "a.b", "a-b", "a b"])
def test_a_factor_name_that_is_not_safe(name: str) -> None:
    assert f"got {name!r}" in faults(Factor(name, "scientific", "one", levels("one")))


@pytest.mark.parametrize("name", ["", "a b", "a=b", "ü", "a/b"])
def test_a_level_name_that_is_not_safe(name: str) -> None:
    assert f"got {name!r}" in faults(Factor("a", "scientific", name, levels(name)))


@pytest.mark.parametrize("name", ["8", "0.1", "3e-05", "low_rank+top_layer", "none"])
def test_levels_may_be_numbers_in_words(name: str) -> None:
    assert Space("s", "?", (Factor("a", "scientific", name, levels(name)),)).baseline() == {"a": name}


def test_a_dotted_level_cannot_have_conditional_factors() -> None:
    dotted = Level("0.1", factors=(Factor("b", "nuisance", "one", (Level("one"),)),))
    assert "its own name cannot contain '.'" in faults(Factor("a", "scientific", "0.1", (dotted,)))


def test_a_fault_inside_a_conditional_factor_has_its_full_name() -> None:
    inner = Factor("b", "nuisance", "three", (Level("one"),))
    assert faults(Factor("a", "scientific", "one", (Level("one", factors=(inner,)),))) == (
        "baseline of factor a.one.b must be one of one, got 'three'."
    )


@pytest.mark.parametrize("path", ["", "a..b", ".a", "a.", "a b", "1a"])
def test_a_path_that_cannot_be_one(path: str) -> None:
    assert f"got {path!r}" in faults(Factor("a", "scientific", "one", (Level("one", {path: 1}),)))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, object])
def test_a_value_that_is_not_json(value: Any) -> None:
    assert "must be JSON" in faults(Factor("a", "scientific", "one", (Level("one", {"x": value}),)))


def test_a_grid_with_a_range() -> None:
    found = faults(Factor("a", "nuisance", 0.5, range=Range("x", 0, 1)), design="grid")
    assert found == "Space s is a grid, so factor a cannot be a range: give it levels."


def test_rows_without_a_grid() -> None:
    assert "which only a grid runs" in faults(A, rows={"Base": {}})


def test_a_row_with_an_unknown_level() -> None:
    found = faults(A, design="grid", rows={"Best": {"a": "tow"}})
    assert found == "row Best: No level 'tow' in factor a of space s. Did you mean 'two'? Levels: one, two."


def test_a_recipe_with_an_unknown_factor() -> None:
    assert faults(A, recipes=(Recipe("r", "a report", {"b": "one"}),)) == (
        "recipe r: No factor 'b' in space s. Factors: a."
    )


def test_a_recipe_without_a_source() -> None:
    assert faults(A, recipes=(Recipe("r", "", {}),)) == "Recipe r needs a source: where it is from."


def test_two_factors_that_set_one_path_to_different_values() -> None:
    b = Factor("b", "scientific", "one", (Level("one", {"x": "one"}),))
    # a=one and b=one agree on x, a=two and b=one do not
    assert faults(A, b) == 'a=two and b=one both set x, to "two" and "one": let one factor own the path.'


def test_levels_of_one_factor_may_set_the_same_path() -> None:
    assert Space("s", "?", (A,)).size() == 2


def test_conditional_factors_of_different_levels_may_set_the_same_path() -> None:
    def inner(value: str) -> tuple[Factor, ...]:
        return (Factor("b", "nuisance", value, (Level(value, {"y": value}),)),)

    factor = Factor("a", "scientific", "one", (Level("one", factors=inner("p")), Level("two", factors=inner("q"))))
    space = Space("s", "?", (factor,))
    assert [space.configuration(cell) for cell in space.grid()] == [{"y": "p"}, {"y": "q"}]


def test_a_conditional_factor_cannot_contradict_its_own_level() -> None:
    inner = Factor("b", "nuisance", "p", (Level("p", {"x": 2}),))
    found = faults(Factor("a", "scientific", "one", (Level("one", {"x": 1}, factors=(inner,)),)))
    assert found == "a=one and a.one.b=p both set x, to 1 and 2: let one factor own the path."


def test_a_range_owns_its_path() -> None:
    assert "both set x" in faults(A, Factor("b", "nuisance", 0.5, range=Range("x", 0, 1)))


def test_a_path_inside_another_factors_path() -> None:
    inside = Factor("b", "scientific", "one", (Level("one", {"x.name": 1}),))
    assert "one lies inside the other" in faults(A, inside)


def test_a_path_inside_a_plain_value_of_the_base() -> None:
    found = faults(Factor("a", "scientific", "one", (Level("one", {"x.name": 1}),)), base={"x": 3})
    assert found == "x.name lies inside x, which the base sets to 3."


def test_a_missing_comma_is_explained() -> None:
    assert "one alone is written with a comma" in faults(factors=(A))
    assert "levels of factor a must be a tuple" in faults(Factor("a", "scientific", "one", Level("one")))  # type: ignore[arg-type]


def test_levels_that_are_not_levels() -> None:
    wrong = Factor("a", "scientific", "one", ("one",))  # type: ignore[arg-type]
    assert faults(wrong) == "levels of factor a must be Level, got 'one'."


def test_a_space_without_goal_factors_or_a_design() -> None:
    assert faults(name="My Space", goal=" ", design="walk").splitlines() == [
        "A space's name is small letters, digits, '_' and '+', a letter first; got 'My Space'.",
        "Space My Space needs a goal: one sentence, the question it answers.",
        "design of space My Space must be 'search' or 'grid', got 'walk'.",
        "Space My Space needs at least one factor.",
    ]


def test_all_faults_are_told_at_once() -> None:
    bad = Factor("a", "fixed", "three", levels("one", "one"))
    # the goal, and of the factor: no reason, more than one level, the baseline, a level twice
    assert len(faults(bad, goal="").splitlines()) == 5


def test_a_scale_that_is_not_above_zero() -> None:
    found = faults(Factor("a", "scientific", "one", (Level("one", scale={"multitask.epochs": 0}),)))
    assert found == "Level one of factor a scales multitask.epochs, which takes a number above 0, got 0."


def test_a_scale_under_a_name_that_is_no_path() -> None:
    assert "got 'epochs!'" in faults(Factor("a", "scientific", "one", (Level("one", scale={"epochs!": 2}),)))


def test_a_scale_that_maps_nothing() -> None:
    level = Level("one", scale=2)  # type: ignore[arg-type]
    assert faults(Factor("a", "scientific", "one", (level,))) == (
        "scale of level one of factor a must map paths to numbers, got 2."
    )


def test_two_factors_that_scale_one_path_by_different_numbers() -> None:
    a = Factor("a", "scientific", "one", (Level("one", scale={"multitask.epochs": 2}),))
    b = Factor("b", "scientific", "one", (Level("one", scale={"multitask.epochs": 3}),))
    assert (
        "a=one and b=one both set multitask.epochs, to 2 times what it follows and 3 times what it follows"
        in faults(a, b)
    )
