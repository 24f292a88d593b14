"""Which configurations the designs of an ablation ask for, and what they go without."""

from __future__ import annotations

import dataclasses
from itertools import combinations

import pytest

from search_spaces import Constraint, Factor, Level, Space
from search_spaces.grammar import Choices
from study.designs.designs import Forbidden
from study.phases.ablation import DesignCells, Experiments, Impossible, declared_primary, planned
from study.settings import DESIGNS, SINGLE_CHANGES


def ablation(space: Space, best: Choices, limit: int) -> Experiments:
    return planned(space, best, SINGLE_CHANGES, limit)


def around(asked: Experiments) -> list[Choices]:
    return [cell.choices for cell in asked.cells if cell.design not in ("best", "baseline")]


def of(name: str, asked: Experiments) -> DesignCells:
    return next(each for each in asked.designs if each.design == name)


def switches(names: str, constraints: tuple[Constraint, ...] = ()) -> Space:
    """Factors of one letter, off in the baseline."""
    factors = tuple(Factor(n, "scientific", "off", (Level("off"), Level("on", {f"{n}.on": True}))) for n in names)
    return Space(name="switches", goal="What helps?", factors=factors, constraints=constraints)


def on(space: Space, names: str) -> Choices:
    return space.complete(dict.fromkeys(names, "on"))


def beyond(asked: Experiments) -> int:
    return sum(each.beyond_budget for each in asked.designs)


def test_ablation_puts_each_factor_back_then_tries_other_levels_scientific_ones_first(space: Space) -> None:
    best = {**space.baseline(), "rate": 1e-3, "pooling": "mean"}
    asked = ablation(space, best, 10)
    cells = asked.cells[2:]
    assert (beyond(asked), asked.forbidden) == (0, ())
    assert [(c.design, c.factor, c.from_level, c.to_level) for c in cells] == [
        ("leave_one_out", "pooling", "mean", "cls"),
        ("leave_one_out", "rate", "0.001", "0.0001"),
        ("one_at_a_time", "pooling", "mean", "max"),
        ("one_at_a_time", "trainable", "all", "last_k"),
    ]


def test_a_conditional_factor_goes_back_to_its_own_baseline(space: Space) -> None:
    best = space.complete({"trainable": "last_k", "trainable.last_k.k": "2"})
    back = [c for c in ablation(space, best, 10).cells if c.design == "leave_one_out"]
    assert [(c.factor, c.to_level) for c in back] == [("trainable", "all"), ("trainable.last_k.k", "1")]
    assert "trainable.last_k.k" not in back[0].choices
    assert back[1].choices["trainable"] == "last_k"


def test_ablations_beyond_the_budget_are_counted(space: Space) -> None:
    asked = ablation(space, {**space.baseline(), "pooling": "mean"}, 1)
    assert (len(around(asked)), beyond(asked)) == (1, 2)


def test_no_configuration_is_ablated_twice(space: Space) -> None:
    best = space.complete({"pooling": "mean", "trainable": "last_k"})
    cells = ablation(space, best, 99).cells[2:]
    assert all(a.choices != b.choices for i, a in enumerate(cells) for b in cells[:i])
    assert all(cell.choices != best for cell in cells)


def test_ablation_leaves_out_changes_that_cannot_go_with_the_rest_of_the_best(space: Space) -> None:
    reason = "max needs less to be trained."
    forbidden = Constraint({"pooling": ("max",)}, {"trainable": ("all",)}, reason)
    constrained = dataclasses.replace(space, constraints=(forbidden,))
    best = constrained.complete({"pooling": "max", "trainable": "last_k"})
    asked = ablation(constrained, best, 10)
    for cell in asked.cells:
        constrained.check(cell.choices)
    assert [(c.design, c.factor, c.to_level) for c in asked.cells[2:]] == [
        ("leave_one_out", "pooling", "cls"),
        ("one_at_a_time", "pooling", "mean"),
        ("one_at_a_time", "trainable.last_k.k", "2"),
    ]
    # Trainable back at all is counted once, though it is both a factor left out and another level.
    assert beyond(asked) == 0
    assert asked.forbidden == (Forbidden("trainable", "last_k", "all", reason),)


def test_a_forbidden_change_is_told_with_every_reason(space: Space) -> None:
    constraints = (
        Constraint({"pooling": ("max",)}, {"trainable": ("last_k",)}, "One."),
        Constraint({"trainable": ("last_k",)}, {"pooling": ("max", "cls")}, "Two."),
    )
    constrained = dataclasses.replace(space, constraints=constraints)
    best = constrained.complete({"pooling": "mean", "trainable": "last_k"})
    assert [(f.to_level, f.reason) for f in ablation(constrained, best, 10).forbidden] == [
        ("cls", "Two."),
        ("max", "One. Two."),
    ]


def test_every_design_around_two_changes() -> None:
    space = switches("abc")
    asked = planned(space, on(space, "ab"), DESIGNS, 100)
    names = {each.design: [cell.name for cell in each.cells] for each in asked.designs}
    assert names == {
        "screen": ["screen:best", "screen:b=off", "screen:a=off", "screen:a=off, b=off"],
        "leave_one_out": ["leave_one_out:a=off", "leave_one_out:b=off"],
        "one_at_a_time": ["one_at_a_time:c=on"],
        "add_one_in": ["add_one_in:a=on", "add_one_in:b=on"],
        "pairs": ["pairs:a=off", "pairs:b=off", "pairs:a=off, b=off"],
        "factorial": ["factorial:best", "factorial:b=off", "factorial:a=off", "factorial:a=off, b=off"],
        "path": [],
    }
    assert (asked.path_budget, asked.path_most) == (0, 0)  # its first step is add_one_in, its last is the best
    decided = asked.decisions("digest")
    assert decided["designs"]["around"] == "digest"
    assert decided["designs"]["factorial"]["factors"] == ["a", "b"]


def test_pairs_are_the_cells_of_each_two_changes() -> None:
    space = switches("abcd")
    best = on(space, "abc")
    cells = of("pairs", planned(space, best, ["pairs"], 100)).cells
    assert sorted("".join(n for n in "abc" if c.choices[n] == "off") for c in cells) == [
        "a",
        "ab",
        "ac",
        "b",
        "bc",
        "c",
    ]
    assert len({cell.name for cell in cells}) == 6


@pytest.mark.parametrize(
    ("changes", "runs", "groups"), [("ab", 4, 0), ("abcd", 16, 0), ("abcde", 16, 0), ("abcdef", 16, 7)]
)
def test_a_factorial_is_whole_up_to_four_factors_and_then_a_fraction(changes: str, runs: int, groups: int) -> None:
    space = switches(changes)
    found = of("factorial", planned(space, on(space, changes), ["factorial"], 100))
    assert len({tuple(cell.choices.values()) for cell in found.cells}) == runs
    assert len(found.facts["aliases"]) == groups
    for i, j in combinations(changes, 2):  # every pair of levels as often as any other: effects can be told apart
        counts = [
            sum((c.choices[i], c.choices[j]) == (x, y) for c in found.cells)
            for x in ("on", "off")
            for y in ("on", "off")
        ]
        assert counts == [runs // 4] * 4


def test_the_factorial_goes_without_a_change_that_cannot_be_combined_freely() -> None:
    clash = Constraint({"a": ("on",)}, {"b": ("off",)}, "a needs b.")
    space = switches("abc", (clash,))
    found = of("factorial", planned(space, on(space, "abc"), ["factorial"], 100))
    assert found.facts["factors"] == ["a", "c"] and len(found.cells) == 4
    assert all(cell.choices["b"] == "on" for cell in found.cells)  # as in the best
    assert found.impossible == (Impossible("b", "a needs b."),)
    pairs = of("pairs", planned(space, on(space, "abc"), ["pairs"], 100))
    assert [each.what for each in pairs.impossible] == ["a x b", "b x c"]
    added = of("add_one_in", planned(space, on(space, "abc"), ["add_one_in"], 100))
    assert added.impossible == (Impossible("a=on", "a needs b."),)
    for cell in (*found.cells, *pairs.cells, *added.cells):
        space.check(cell.choices)


@pytest.mark.parametrize("limit", [0, 1, 3, 7, 12, 40])
@pytest.mark.parametrize("designs", [DESIGNS, DESIGNS[::-1], ("pairs",), ("path", "factorial")])
def test_the_budget_holds_over_all_designs_together(limit: int, designs: tuple[str, ...]) -> None:
    space = switches("abcdef")
    best = on(space, "abcde")
    asked = planned(space, best, designs, limit)
    different = {tuple(choices.values()) for choices in around(asked) if choices != best}
    assert len(different) + (asked.path_budget or 0) <= limit


def test_a_pair_is_asked_for_whole_or_not_at_all() -> None:
    space = switches("abc")
    found = of("pairs", planned(space, on(space, "abc"), ["pairs"], 4))
    assert (len(found.cells), found.beyond_budget) == (3, 2)  # another pair needs two more configurations


def test_a_factorial_beyond_the_budget_has_fewer_factors() -> None:
    space = switches("abcd")
    found = of("factorial", planned(space, on(space, "abcd"), ["factorial"], 7))
    assert (found.facts["factors"], found.beyond_budget) == (["a", "b", "c"], 1)


def test_designs_are_filled_in_the_order_they_are_asked_for() -> None:
    space = switches("abc")
    best = on(space, "ab")
    first = planned(space, best, ("leave_one_out", "add_one_in"), 2)
    assert [len(each.cells) for each in first.designs] == [2, 2]  # with two changes, each is the other taken back
    last = planned(space, best, ("one_at_a_time", "leave_one_out"), 1)
    assert [(len(each.cells), each.beyond_budget) for each in last.designs] == [(1, 2), (1, 1)]


def test_a_best_that_is_the_baseline_has_nothing_to_take_apart() -> None:
    space = switches("ab")
    asked = planned(space, space.baseline(), ("leave_one_out", "add_one_in", "pairs", "factorial", "path"), 10)
    assert around(asked) == [] and (asked.path_budget, asked.path_most) == (0, 0)


LEAVE_ONE_OUT = {"design": "leave_one_out", "factors": []}
ONE_AT_A_TIME = {"design": "one_at_a_time", "factors": []}


def test_rows_of_the_first_design_of_single_changes_are_primary() -> None:
    space = switches("ab")
    assert declared_primary(space, ("one_at_a_time", "leave_one_out"), {}, []) == ({"primary": ONE_AT_A_TIME}, "")
    assert declared_primary(space, ("path", "one_at_a_time"), {}, ["confirm"]) == ({"primary": ONE_AT_A_TIME}, "")
    assert declared_primary(space, SINGLE_CHANGES, {}, []) == ({}, "")  # what results take without a decision
    assert declared_primary(space, ("path", "pairs"), {}, []) == ({}, "")


def test_a_space_declares_the_factors_of_its_primary_rows() -> None:
    space = dataclasses.replace(switches("ab"), primary=("b",))
    declared = {"primary": {"design": "leave_one_out", "factors": ["b"]}}
    assert declared_primary(space, SINGLE_CHANGES, {}, []) == (declared, "")
    assert declared_primary(space, SINGLE_CHANGES, declared, SINGLE_CHANGES) == ({}, "")


@pytest.mark.parametrize("decided", [{}, {"primary": {"design": "leave_one_out", "factors": ["a", "b"]}}])
def test_what_was_declared_before_the_table_began_stays(decided: dict[str, dict[str, str]]) -> None:
    changed, line = declared_primary(switches("ab"), ("one_at_a_time",), decided, ["baseline", "leave_one_out"])
    factors = " of a, b" if decided else ""
    assert changed == {}
    assert line == f"Primary rows stay those declared before the table began: leave_one_out{factors}"


@pytest.mark.parametrize(("changes", "runs"), [("ab", 4), ("abcd", 8), ("abcdefgh", 16), ("abcdefghijkl", 32)])
def test_a_screen_is_a_fraction_in_which_every_change_has_half_of_the_runs(changes: str, runs: int) -> None:
    space = switches(changes)
    found = of("screen", planned(space, on(space, changes), ["screen"], 100))
    assert len({tuple(cell.choices.values()) for cell in found.cells}) == runs
    assert {sum(cell.choices[name] == "on" for cell in found.cells) for name in changes} == {runs // 2}
    assert found.facts["factors"] == list(changes)


def test_changes_that_a_screen_excludes_are_not_undone_alone() -> None:
    space = switches("abcd")
    asked = planned(space, on(space, "abcd"), ["screen", "leave_one_out", "one_at_a_time"], 100, without=["b", "d"])
    assert [cell.factor for cell in of("leave_one_out", asked).cells] == ["a", "c"]
    assert not of("one_at_a_time", asked).cells  # with two levels, these are the same changes
