"""Changes of a space: what runs survive, what they do not, each in one line."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

import pytest

from search_spaces import Constraint, Factor, Level, Range, Recipe, Space, describe
from search_spaces.grammar import Choices
from study.resume.space_changes import Evolution, compare


def changes(old: Space, new: Space, tried: Sequence[Choices] = ()) -> Evolution:
    before, after = (json.loads(json.dumps(describe(space))) for space in (old, new))
    return compare(before, after, tried)


def with_factor(space: Space, name: str, **change: Any) -> Space:
    factors = tuple(dataclasses.replace(f, **change) if f.name == name else f for f in space.factors)
    return dataclasses.replace(space, factors=factors)


def poolings(space: Space, *names: str, **change: Any) -> Space:
    return with_factor(space, "pooling", levels=tuple(Level(n, {"pooling.name": n}) for n in names), **change)


def rates(space: Space, low: float, high: float, **change: Any) -> Space:
    return with_factor(space, "rate", range=Range("multitask.optimizer.learning_rate", low, high, True), **change)


def test_the_same_space_has_not_changed(space: Space) -> None:
    assert changes(space, space) == Evolution((), (), ())


def test_a_level_that_is_new_is_kept(space: Space) -> None:
    found = changes(space, poolings(space, "cls", "mean", "max", "attention"))
    assert found == Evolution(("level pooling=attention is new",), (), ())


def test_levels_in_another_order_are_kept(space: Space) -> None:
    found = changes(space, poolings(space, "max", "new", "cls", "mean"))
    assert found.kept == ("level pooling=new is new", "the order of the levels of pooling has changed: max, cls, mean")
    assert not found.refused


def test_a_level_that_is_gone_is_refused_whether_it_was_run_or_not(space: Space) -> None:
    assert changes(space, poolings(space, "cls", "mean", "other")).refused == ("level pooling=max is gone",)


def test_a_level_takes_the_factors_below_it_along_in_one_line(space: Space) -> None:
    without = with_factor(space, "trainable", levels=space.factors[2].levels[:1])
    assert changes(space, without).refused == ("level trainable=last_k is gone",)
    back = changes(without, space)
    assert back.kept == ("level trainable=last_k is new",) and back.added == ("trainable.last_k.k",)


def test_a_factor_that_is_gone_is_refused_and_one_that_is_new_is_kept(space: Space) -> None:
    fewer = dataclasses.replace(space, factors=space.factors[1:])
    assert changes(space, fewer).refused == ("factor rate is gone",)
    found = changes(fewer, space)
    assert found.kept == ("factor rate is new; runs so far had 0.0001",) and found.added == ("rate",)


def test_a_wider_range_is_kept(space: Space) -> None:
    found = changes(space, rates(space, 1e-6, 1e-2), [{"rate": 1e-5}])
    assert found == Evolution(("the range of rate is 1e-06 to 0.01 now, it was 1e-05 to 0.01",), (), ())


def test_a_narrower_range_is_refused_only_where_it_leaves_runs_out(space: Space) -> None:
    narrow = rates(space, 5e-5, 1e-2)
    assert changes(space, narrow, [{"rate": 5e-5}]).refused == ()
    told = "the range of rate is 5e-05 to 0.01 now, it was 1e-05 to 0.01; "
    assert changes(space, narrow, [{"rate": 2e-5}, {"rate": 1e-3}]).refused == (told + "1 existing run had 2e-05",)
    assert changes(space, narrow, [{"rate": 2e-5}, {"rate": 1e-5}]).refused == (told + "2 existing runs had 2e-05",)


def test_numbers_spread_otherwise_are_kept(space: Space) -> None:
    linear = with_factor(space, "rate", range=Range("multitask.optimizer.learning_rate", 1e-5, 1e-2))
    assert changes(space, linear).kept == ("rate is no longer spread evenly over orders of magnitude",)


def test_another_baseline_and_another_kind_of_factor_are_refused(space: Space) -> None:
    other = poolings(space, "cls", "mean", "max", baseline="mean")
    assert changes(space, other).refused == ("the baseline of pooling is mean now, it was cls",)
    levels = Factor("rate", "nuisance", "low", (Level("low", {"rate": 1}), Level("high", {"rate": 2})))
    replaced = dataclasses.replace(space, factors=(levels, *space.factors[1:]))
    assert changes(space, replaced).refused == ("factor rate takes levels now, it took numbers",)


def test_another_design_or_base_is_refused(space: Space) -> None:
    levels = dataclasses.replace(space, factors=space.factors[1:])
    grid = dataclasses.replace(levels, design="grid", base={"head_dropout": 0.2})
    assert changes(levels, grid).refused == (
        "the design is 'grid' now, it was 'search'",
        "the base sets head_dropout = 0.2 now",
    )
    assert changes(grid, levels).refused[1] == "the base no longer sets head_dropout = 0.2"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"goal": "Why?"}, "the goal is 'Why?' now, it was 'Does anything help?'"),
        ({"recipes": ()}, "recipe 'known' is gone"),
        ({"recipes": (Recipe("known", "a report", {"pooling": "max"}),)}, "the choices of recipe 'known' have changed"),
        (
            {"recipes": (Recipe("known", "book", {"pooling": "mean"}),)},
            "the description of recipe 'known' has changed",
        ),
        (
            {"constraints": (Constraint({"pooling": ("max",)}, {"trainable": ("last_k",)}, "No."),)},
            "a constraint is new: No.",
        ),
    ],
)
def test_texts_recipes_and_constraints_are_kept(space: Space, change: dict[str, Any], told: str) -> None:
    assert changes(space, dataclasses.replace(space, **change)) == Evolution((told,), (), ())


def test_the_texts_and_the_role_of_a_factor_are_kept(space: Space) -> None:
    other = with_factor(space, "pooling", about="How words become one vector.", role="nuisance")
    assert changes(space, other).kept == (
        "the role of pooling is nuisance now, it was scientific",
        "the description of pooling has changed",
    )


def test_rows_of_a_grid_may_come_but_not_go_or_change(space: Space) -> None:
    def grid(**rows: Choices) -> Space:
        return dataclasses.replace(space, factors=space.factors[1:], design="grid", recipes=(), rows=rows)

    one, two = {"pooling": "max"}, {"pooling": "mean"}
    assert changes(grid(a=one), grid(a=one, b=two)).kept == ("row 'b' is new",)
    assert changes(grid(a=one, b=two), grid(a=one)).refused == ("row 'b' is gone",)
    assert changes(grid(a=one), grid(a=two)).refused == ("the choices of row 'a' have changed",)
    fewer = dataclasses.replace(grid(a=one), factors=space.factors[1:2])
    assert changes(fewer, grid(a=one)).refused == ()  # a factor that is new stands in every row


def test_other_primary_factors_are_told(space: Space) -> None:
    asked = dataclasses.replace(space, primary=("pooling", "rate"))
    assert changes(space, asked).kept == ("the primary factors are pooling, rate now, they were none",)
    assert changes(asked, space).kept == ("the primary factors are none now, they were pooling, rate",)
    assert changes(asked, dataclasses.replace(space, primary=("rate", "pooling"))).kept == ()
