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


def of(name: str, *found: Level, role: Any = "scientific", **others: Any) -> Factor:
    return Factor("a", role, name, found, **others)


def ranged(baseline: float, low: float, high: float, **others: Any) -> Factor:
    return Factor("a", "nuisance", baseline, range=Range("x", low, high, **others))


def inner(value: str, **paths: Any) -> tuple[Factor, ...]:
    return (Factor("b", "nuisance", value, (Level("p", paths),)),)


def scaled(factor: str, by: Any) -> Factor:
    return Factor(factor, "scientific", "one", (Level("one", scale=by),))


ONE = levels("one")


@pytest.mark.parametrize(
    ("factors", "told"),
    [
        ((A, A), "Factor a is listed twice in space s."),
        ((of("one", *ONE, *ONE),), "Level one is listed twice in factor a."),
        ((of("three", *A.levels),), "baseline of factor a must be one of one, two, got 'three'."),
        ((ranged(2.0, 0, 1),), "baseline of factor a takes a number from 0 to 1, got 2.0."),
        ((ranged(1.0, 2, 1),), "low <= high must hold in the range of factor a, got low=2 and high=1."),
        ((ranged(1.0, 0, 1, log=True),), "low > 0 must hold in the log range of factor a, got low=0."),
        ((of("one", *ONE, role="fixed"),), "Factor a is fixed and needs a reason: what a reader must know about it."),
        ((of("one"),), "Factor a needs either levels or a range, got neither."),
        (
            (of("one", Level("one", factors=inner("three"))),),
            "baseline of factor a.one.b must be one of p, got 'three'.",
        ),
        # a=one and b=one agree on x, a=two and b=one do not
        (
            (A, Factor("b", "scientific", "one", ONE)),
            'a=two and b=one both set x, to "two" and "one": let one factor own the path.',
        ),
        (
            (of("one", Level("one", {"x": 1}, factors=inner("p", x=2))),),
            "a=one and a.one.b=p both set x, to 1 and 2: let one factor own the path.",
        ),
        ((of("one", "one"),), "levels of factor a must be Level, got 'one'."),  # type: ignore[arg-type]
        (
            (scaled("a", {"multitask.epochs": 0}),),
            "Level one of factor a scales multitask.epochs, which needs a number above 0, got 0.",
        ),
        ((scaled("a", 2),), "scale of level one of factor a must map paths to numbers, got 2."),
    ],
)
def test_a_faulty_factor_is_told(factors: tuple[Factor, ...], told: str) -> None:
    assert faults(*factors) == told


@pytest.mark.parametrize(
    ("factors", "told"),
    [
        ((ranged(1, 1, 2.5, integer=True),), "must be whole numbers"),
        ((of("one", *A.levels, role="fixed", reason="cost"),), "must have one level"),
        ((of("one", *ONE, range=Range("y", 0, 1)),), "got both"),
        ((of("one", *ONE, role="main"),), "got 'main'"),
        ((of("0.1", Level("0.1", factors=inner("p"))),), "so its name cannot contain '.'"),
        ((A, Factor("b", "nuisance", 0.5, range=Range("x", 0, 1))), "both set x"),
        ((A, Factor("b", "scientific", "one", (Level("one", {"x.name": 1}),))), "one is inside the other"),
        ((Factor("a", "scientific", "one", Level("one")),), "levels of factor a must be a tuple"),  # type: ignore[arg-type]
        ((scaled("a", {"epochs!": 2}),), "got 'epochs!'"),
        (
            (scaled("a", {"multitask.epochs": 2}), scaled("b", {"multitask.epochs": 3})),
            "a=one and b=one both set multitask.epochs, to 2 times what it follows and 3 times what it follows",
        ),
    ],
)
def test_of_a_faulty_factor_that_much_is_told(factors: tuple[Factor, ...], told: str) -> None:
    assert told in faults(*factors)


@pytest.mark.parametrize("name", ["", "A", "1a", "a.b", "a-b", "a b"])
def test_a_factor_name_that_is_not_safe(name: str) -> None:
    assert f"got {name!r}" in faults(Factor(name, "scientific", "one", levels("one")))


@pytest.mark.parametrize("name", ["", "a b", "a=b", "ü", "a/b"])
def test_a_level_name_that_is_not_safe(name: str) -> None:
    assert f"got {name!r}" in faults(Factor("a", "scientific", name, levels(name)))


@pytest.mark.parametrize("name", ["8", "0.1", "3e-05", "low_rank+top_layer", "none"])
def test_levels_may_be_numbers_in_words(name: str) -> None:
    assert Space("s", "?", (Factor("a", "scientific", name, levels(name)),)).baseline() == {"a": name}


@pytest.mark.parametrize("path", ["", "a..b", ".a", "a.", "a b", "1a"])
def test_a_path_that_cannot_be_one(path: str) -> None:
    assert f"got {path!r}" in faults(Factor("a", "scientific", "one", (Level("one", {path: 1}),)))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, object])
def test_a_value_that_is_not_json(value: Any) -> None:
    assert "must be JSON" in faults(Factor("a", "scientific", "one", (Level("one", {"x": value}),)))


def test_a_faulty_grid_row_recipe_or_base_is_told() -> None:
    found = faults(ranged(0.5, 0, 1), design="grid")
    assert found == "Space s is a grid, so factor a cannot be a range: give it levels."
    assert "which only a grid runs" in faults(A, rows={"Base": {}})
    found = faults(A, design="grid", rows={"Best": {"a": "tow"}})
    assert found == "row Best: No level 'tow' in factor a of space s. Did you mean 'two'? Levels: one, two."
    found = faults(A, recipes=(Recipe("r", "a report", {"b": "one"}),))
    assert found == "recipe r: No factor 'b' in space s. Factors: a."
    assert faults(A, recipes=(Recipe("r", "", {}),)) == "Recipe r needs a source: where it is from."
    assert "write a single one with a comma" in faults(factors=A)
    found = faults(of("one", Level("one", {"x.name": 1})), base={"x": 3})
    assert found == "x.name is inside x, which the base sets to 3."


def test_levels_of_one_factor_and_what_hangs_from_them_may_set_the_same_path() -> None:
    assert Space("s", "?", (A,)).size() == 2
    deep = [(Factor("b", "nuisance", value, (Level(value, {"y": value}),)),) for value in "pq"]
    space = Space("s", "?", (of("one", Level("one", factors=deep[0]), Level("two", factors=deep[1])),))
    assert [space.configuration(cell) for cell in space.grid()] == [{"y": "p"}, {"y": "q"}]


def test_a_space_without_goal_factors_or_a_design() -> None:
    assert faults(name="My Space", goal=" ", design="walk").splitlines() == [
        "A space's name must be lowercase letters, digits, '_' and '+', a letter first; got 'My Space'.",
        "Space My Space needs a goal: one sentence, the question it answers.",
        "design of space My Space must be 'search' or 'grid', got 'walk'.",
        "Space My Space needs at least one factor.",
    ]


def test_all_faults_are_told_at_once() -> None:
    bad = Factor("a", "fixed", "three", levels("one", "one"))
    # the goal, and of the factor: no reason, more than one level, the baseline, a level twice
    assert len(faults(bad, goal="").splitlines()) == 5
