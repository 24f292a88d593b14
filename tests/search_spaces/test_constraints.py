"""Levels that cannot be combined: never drawn, listed, counted or accepted; the reason is reported."""

from __future__ import annotations

import itertools
import random
import re
from typing import Any

import pytest

from search_spaces import Constraint, Factor, Level, Range, Recipe, Space, SpaceError, describe, load
from search_spaces.grammar.pinning import pin
from search_spaces.grammar.restricting import without

REASON = "gradnorm needs all losses in a step."


def factor(name: str, *levels: str, role: Any = "scientific", **inner: tuple[Factor, ...]) -> Factor:
    made = tuple(Level(level, {f"{name}.name": level}, factors=inner.get(level, ())) for level in levels)
    return Factor(name, role, levels[0], made)


RATE = Factor("rate", "nuisance", 0.1, range=Range("rate", 0.0, 1.0))
DEPTH = factor("depth", "1", "2", "3")
FACTORS = (
    RATE,
    factor("sampler", "turns", "joint", "drawn"),
    factor("balancer", "sum", "gradnorm", "dwa"),
    factor("adapter", "none", "pal", pal=(DEPTH,)),
    factor("size", "8", "16", role="nuisance"),
)
NEEDS_ALL = Constraint({"balancer": ("gradnorm",)}, {"sampler": ("turns", "drawn")}, REASON)
NOT_DEEP = Constraint({"adapter.pal.depth": ("3",), "size": ("16",)}, {"sampler": ("drawn",)}, "It does not fit.")


def space(*constraints: Constraint, factors: tuple[Factor, ...] = FACTORS, **given: Any) -> Space:
    return Space("s", "Which?", factors, constraints=constraints, **given)


BOTH = space(NEEDS_ALL, NOT_DEEP)


def by_hand() -> list[dict[str, Any]]:
    """Every allowed choice, written as loops."""
    found = []
    for sampler, balancer, adapter, size in itertools.product(
        ("turns", "joint", "drawn"), ("sum", "gradnorm", "dwa"), ("none", "1", "2", "3"), ("8", "16")
    ):
        if balancer == "gradnorm" and sampler != "joint":
            continue
        if adapter == "3" and size == "16" and sampler == "drawn":
            continue
        pal = {"adapter": "none"} if adapter == "none" else {"adapter": "pal", "adapter.pal.depth": adapter}
        found.append({"rate": 0.1, "sampler": sampler, "balancer": balancer, **pal, "size": size})
    return found


def refused(make: Any) -> str:
    with pytest.raises(SpaceError) as caught:
        make()
    return str(caught.value)


def test_choices_that_cannot_go_together_are_refused_with_reason_and_way_out() -> None:
    choices = {**BOTH.baseline(), "balancer": "gradnorm"}
    assert refused(lambda: BOTH.check(choices)) == (
        "balancer=gradnorm cannot be combined with sampler=turns in space s: gradnorm needs all losses in a step. "
        "Choose another level of balancer or sampler."
    )
    assert REASON[:-1] in refused(lambda: BOTH.configuration(choices))
    assert REASON[:-1] in refused(lambda: BOTH.complete({"balancer": "gradnorm"}))
    BOTH.check({**choices, "sampler": "joint"})


def test_all_of_when_must_be_chosen() -> None:
    deep = {**BOTH.baseline(), "adapter": "pal", "adapter.pal.depth": "3", "sampler": "drawn"}
    BOTH.check(deep)
    assert "It does not fit" in refused(lambda: BOTH.check({**deep, "size": "16"}))


def test_the_grid_is_what_is_allowed_and_its_size_is_counted_without_listing_it() -> None:
    assert list(BOTH.grid()) == by_hand() and BOTH.size() == len(by_hand())
    many = tuple(factor(f"free{i}", "a", "b", "c") for i in range(30))
    assert space(NEEDS_ALL, NOT_DEEP, factors=(*FACTORS, *many)).size() == len(by_hand()) * 3**30


def test_samples_are_allowed_and_reach_every_allowed_choice() -> None:
    rng = random.Random(0)
    drawn = [BOTH.sample(rng) for _ in range(2000)]
    for choices in drawn:
        BOTH.check(choices)
    assert {tuple(list(c.items())[1:]) for c in drawn} == {tuple(list(c.items())[1:]) for c in by_hand()}


def test_equal_generators_give_equal_samples_and_the_same_number_of_draws() -> None:
    one, other = random.Random(3), random.Random(3)
    assert [BOTH.sample(one) for _ in range(20)] == [BOTH.sample(other) for _ in range(20)]
    for _ in range(50):
        counted = random.Random(7)
        sample = BOTH.sample(counted)
        again = random.Random(7)
        for _ in sample:
            again.random()
        assert counted.random() == again.random()


def test_a_sample_that_ends_where_nothing_is_left_goes_back_to_baselines() -> None:
    # Whatever b is, a=y leaves c without a level.
    factors = (factor("a", "x", "y"), factor("c", "k", "l"))
    dead_end = space(
        Constraint({"a": ("y",)}, {"c": ("k",)}, "No."),
        Constraint({"a": ("y",)}, {"c": ("l",)}, "Nor that."),
        factors=factors,
    )
    rng = random.Random(0)
    assert {tuple(dead_end.sample(rng).items()) for _ in range(50)} == {
        (("a", "x"), ("c", "k")),
        (("a", "x"), ("c", "l")),
    }


def test_alternatives_leave_out_what_is_forbidden() -> None:
    told = {(a.factor, a.to_level) for a in BOTH.alternatives(BOTH.baseline())}
    assert ("balancer", "dwa") in told and ("balancer", "gradnorm") not in told
    joint = {**BOTH.baseline(), "sampler": "joint", "balancer": "gradnorm"}
    assert {a.to_level for a in BOTH.alternatives(joint) if a.factor == "sampler"} == set()


def test_a_change_to_what_is_forbidden_is_refused_and_can_be_asked_for() -> None:
    assert "cannot be combined with" in refused(lambda: BOTH.change(BOTH.baseline(), "balancer", "gradnorm"))
    assert BOTH.why_not(BOTH.baseline(), "balancer", "gradnorm")
    assert not BOTH.why_not(BOTH.baseline(), "balancer", "dwa")


def test_the_nearest_allowed_choices_put_the_forbidden_factor_or_what_forbids_its_baseline_at_the_baseline() -> None:
    deep = {"rate": 0.5, "adapter": "pal", "adapter.pal.depth": "3", "sampler": "drawn", "size": "16"}
    assert BOTH.nearest(deep) == {**BOTH.complete({**deep, "sampler": "turns"})}
    found = BOTH.nearest({"sampler": "drawn", "balancer": "gradnorm", "size": "16"})
    assert found == {**BOTH.baseline(), "sampler": "drawn", "size": "16"}


def test_allowed_choices_are_their_own_nearest_and_every_combination_has_an_allowed_one() -> None:
    for choices in by_hand():
        assert BOTH.nearest(choices) == choices
    for choices in space().grid():
        BOTH.check(BOTH.nearest(choices))


def test_a_baseline_recipe_or_row_that_is_forbidden_is_a_fault_of_the_space() -> None:
    assert REASON[:-1] in refused(lambda: space(NEEDS_ALL, factors=(factor("balancer", "gradnorm"), *FACTORS[1:2])))
    wrong = Recipe("r", "a report", {"balancer": "gradnorm"})
    assert refused(lambda: space(NEEDS_ALL, recipes=(wrong,))).startswith(
        "recipe r: balancer=gradnorm cannot be combined"
    )
    levels = FACTORS[1:]
    rows = {"one": {"balancer": "gradnorm"}}
    assert refused(lambda: space(NEEDS_ALL, factors=levels, design="grid", rows=rows)).startswith("row one: balancer")


@pytest.mark.parametrize(
    ("constraint", "told"),
    [
        (Constraint({"balancr": ("sum",)}, {"sampler": ("joint",)}, "So."), "No factor 'balancr' in space s. Did you"),
        (Constraint({"balancer": ("sume",)}, {"sampler": ("joint",)}, "So."), "No level 'sume' in factor balancer"),
        (Constraint({"balancer": ("dwa",)}, {"rate": ("0.1",)}, "So."), "Factor rate of space s is a range"),
        (Constraint({"balancer": ("dwa",)}, {}, "So."), "needs `when` and `forbid`"),
        (Constraint({}, {"balancer": ("dwa",)}, "So."), "needs `when` and `forbid`"),
        (Constraint({"balancer": ("dwa",)}, {"balancer": ("sum",)}, "So."), "of different factors"),
        (Constraint({"balancer": ("dwa",)}, {"sampler": ("joint",)}, " "), "needs a reason"),
        (
            Constraint({"balancer": "dwa"}, {"sampler": ("joint",)}, "So."),  # type: ignore[dict-item]
            "when of a constraint must map factors to tuples of levels",
        ),
    ],
)
def test_a_constraint_that_means_nothing_is_a_fault_of_the_space(constraint: Constraint, told: str) -> None:
    assert told in refused(lambda: space(constraint))
    assert "must be a tuple" in refused(lambda: Space("s", "Which?", FACTORS, constraints=NEEDS_ALL))  # type: ignore


def test_pinning_keeps_what_of_the_constraints_can_still_happen() -> None:
    assert pin(BOTH, ["sampler=joint"]).constraints == ()
    pinned = pin(BOTH, ["balancer=gradnorm", "sampler=joint"])
    assert pinned.baseline()["balancer"] == "gradnorm" and pinned.constraints == ()
    (left,) = pin(BOTH, ["balancer=dwa"]).constraints
    assert left == NOT_DEEP
    assert pin(BOTH, ["size=16"]).size() == sum(choices["size"] == "16" for choices in by_hand())
    # Forbidding the baseline is refused with the reason.
    assert refused(lambda: pin(BOTH, ["balancer=gradnorm"])).startswith(
        "balancer=gradnorm cannot be combined with sampler=turns"
    )


def test_a_recipe_that_a_pin_makes_forbidden_is_left_out() -> None:
    deep = {"adapter": "pal", "adapter.pal.depth": "3", "sampler": "drawn"}
    with_recipe = space(NOT_DEEP, recipes=(Recipe("deep", "a report", deep),))
    assert [recipe.name for recipe in pin(with_recipe, ["size=8"]).recipes] == ["deep"]
    assert pin(with_recipe, ["size=16"]).recipes == ()


def test_leaving_out_a_factor_leaves_out_its_constraints() -> None:
    smaller = without(BOTH, ["sampler"])
    assert smaller.constraints == ()
    assert smaller.size() == 3 * 4 * 2


def test_constraints_stand_in_the_description() -> None:
    assert describe(BOTH)["constraints"][0] == {
        "when": {"balancer": ["gradnorm"]},
        "forbid": {"sampler": ["turns", "drawn"]},
        "reason": REASON,
    }


def test_a_change_that_cannot_be_made_is_told_with_every_reason() -> None:
    choices = BOTH.complete({"sampler": "joint", "balancer": "gradnorm", "adapter": "pal", "adapter.pal.depth": "3"})
    choices = BOTH.complete({**choices, "size": "16"})
    assert BOTH.why_not(choices, "sampler", "turns") == (REASON,)
    assert BOTH.why_not(choices, "sampler", "drawn") == (REASON, "It does not fit.")
    assert BOTH.why_not(choices, "size", "8") == ()


def test_full_ablation_has_constraints_and_its_recipes_keep_them() -> None:
    full = load("full_ablation")
    assert {name for c in full.constraints for name in (*c.when, *c.forbid)} >= {"balancer", "surgery", "sampler"}
    assert "hybrid" in {full.complete(recipe.choices)["sampler"] for recipe in full.recipes}


def test_primary_factors_are_described_and_go_with_their_factors() -> None:
    asked = space(primary=("sampler", "adapter.pal.depth"))
    assert describe(asked)["primary"] == ["sampler", "adapter.pal.depth"]
    assert "primary" not in describe(space())
    assert pin(asked, {"adapter": "none"}).primary == ("sampler",)
    assert without(asked, ["sampler.name"]).primary == ("adapter.pal.depth",)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"primary": ("samplr",)}, "primary: No factor 'samplr' in space s. Did you mean 'sampler'?"),
        ({"primary": ("rate", "rate")}, "primary of space s names rate twice."),
        ({"primary": "rate"}, "primary of a space must be a tuple of names, a single one as (x,), got 'rate'."),
        ({"primary": ("size",), "design": "grid", "factors": FACTORS[1:]}, "Space s is a grid, whose rows are tested"),
    ],
)
def test_primary_factors_that_cannot_be_are_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(SpaceError, match=re.escape(message)):
        space(**given)
