from __future__ import annotations

from dataclasses import replace

import pytest

from search_spaces.grammar import Choice, Constraint, Factor, Level, Range, Space
from study.designs import designs


def two_levels(name: str) -> Factor:
    return Factor(name, "scientific", "off", (Level("off"), Level("on", {f"{name}.on": True})))


@pytest.fixture
def space() -> Space:
    inner = Factor("k", "nuisance", "1", (Level("1", {"layers.k": 1}), Level("2", {"layers.k": 2})))
    return Space(
        name="small",
        goal="What helps?",
        factors=(
            two_levels("smart"),
            two_levels("cosine"),
            Factor("layers", "scientific", "all", (Level("all"), Level("last", {"layers.name": "last"}, (inner,)))),
            Factor("rate", "nuisance", 1e-4, range=Range("rate", 1e-5, 1e-3, log=True)),
        ),
    )


@pytest.fixture
def best(space: Space) -> dict[str, Choice]:
    return space.complete({"smart": "on", "cosine": "on", "layers": "last", "layers.last.k": "2"})


def test_add_one_in_starts_from_the_baseline_with_conditional_factors(space: Space, best: dict[str, Choice]) -> None:
    cells = designs.add_one_in(space, best)
    assert [(c.name, c.factor, c.from_level, c.to_level) for c in cells] == [
        ("add_one_in:smart=on", "smart", "off", "on"),
        ("add_one_in:cosine=on", "cosine", "off", "on"),
        ("add_one_in:layers=last", "layers", "all", "last"),
    ]
    assert cells[0].choices == {**space.baseline(), "smart": "on"}
    assert cells[2].choices["layers.last.k"] == "2"


def test_leave_one_out_and_add_one_in_mirror_each_other(space: Space, best: dict[str, Choice]) -> None:
    out = designs.leave_one_out(space, best)
    assert [cell.factor for cell in out] == ["smart", "cosine", "layers", "layers.last.k"]
    assert out[0].choices == {**best, "smart": "off"}


def test_the_full_factorial_has_every_combination(space: Space) -> None:
    other = {**space.baseline(), "smart": "on", "rate": 1e-3}
    plan = designs.full_factorial(space, space.baseline(), other, ("smart", "rate"))
    assert [(c["smart"], c["rate"]) for c in plan.combinations] == [
        (smart, rate) for smart in ("off", "on") for rate in (1e-4, 1e-3)
    ]
    assert (plan.forbidden, plan.aliases) == ((), ())


def test_what_the_constraints_forbid_is_listed_and_not_run(space: Space) -> None:
    held = replace(space, constraints=(Constraint({"smart": ("on",)}, {"cosine": ("on",)}, "They clash."),))
    other = {**held.baseline(), "smart": "on", "cosine": "on"}
    plan = designs.full_factorial(held, held.baseline(), other, ("smart", "cosine"))
    assert len(plan.combinations) == 3
    assert [(c["smart"], c["cosine"]) for c in plan.forbidden] == [("on", "on")]


def test_the_fraction_goes_from_the_baseline_to_the_best(best: dict[str, Choice]) -> None:
    factors = tuple(two_levels(name) for name in ("a", "b", "c", "d"))
    space = Space(name="four", goal="What helps?", factors=factors)
    low, high = space.baseline(), space.complete(dict.fromkeys("abcd", "on"))
    plan = designs.fractional_factorial(space, low, high, ("a", "b", "c", "d"))
    assert len(plan.combinations) == 8
    assert plan.combinations[0] == low
    assert plan.aliases == ((("a", "b"), ("c", "d")), (("a", "c"), ("b", "d")), (("a", "d"), ("b", "c")))
    assert plan.design is not None
    for choices, signs in zip(plan.combinations, plan.design.signs, strict=True):
        assert [choices[name] == "on" for name in plan.names] == [sign > 0 for sign in signs]


def test_conditional_factors_are_there_where_their_choice_is(space: Space, best: dict[str, Choice]) -> None:
    plan = designs.fractional_factorial(space, space.baseline(), best, ("smart", "cosine", "layers"))
    assert len({tuple(choices.items()) for choices in plan.combinations}) == 8
    assert all(("layers.last.k" in choices) == (choices["layers"] == "last") for choices in plan.combinations)


def test_a_pair_has_four_cells(space: Space, best: dict[str, Choice]) -> None:
    plans = designs.pairs(space, space.baseline(), best)
    assert [plan.names for plan in plans] == [("smart", "cosine"), ("smart", "layers"), ("cosine", "layers")]
    assert [(c["smart"], c["cosine"]) for c in plans[0].combinations] == [
        ("off", "off"),
        ("on", "off"),
        ("off", "on"),
        ("on", "on"),
    ]
    assert {choices["layers"] for choices in plans[0].combinations} == {"all"}
    assert designs.pairs(space, best, best) == []


def test_a_pair_that_cannot_stand_together_is_told(space: Space, best: dict[str, Choice]) -> None:
    held = replace(space, constraints=(Constraint({"smart": ("on",)}, {"cosine": ("on",)}, "They clash."),))
    plans = designs.pairs(held, held.baseline(), best)
    assert [(plan.names, len(plan.forbidden)) for plan in plans] == [
        (("smart", "cosine"), 1),
        (("smart", "layers"), 0),
        (("cosine", "layers"), 0),
    ]


def test_the_greedy_path_ends_at_the_best(space: Space, best: dict[str, Choice]) -> None:
    gain = {"smart": 0.01, "cosine": 0.03, "layers": -0.02}
    at, taken = space.baseline(), []
    while steps := designs.path_steps(space, at, best):
        step = max(steps, key=lambda cell: gain[cell.factor or ""])
        at, taken = step.choices, [*taken, step.factor]
    assert taken == ["cosine", "smart", "layers"]
    assert at == best


def test_the_path_walks_around_what_is_forbidden(space: Space) -> None:
    held = replace(space, constraints=(Constraint({"smart": ("on",)}, {"cosine": ("off",)}, "smart needs cosine."),))
    best = held.complete({"smart": "on", "cosine": "on"})
    steps = designs.path_steps(held, held.baseline(), best)
    assert [cell.factor for cell in steps] == ["cosine"]
    assert [cell.factor for cell in designs.path_steps(held, steps[0].choices, best)] == ["smart"]


def test_a_way_that_only_leads_through_two_changes_is_one_step(space: Space) -> None:
    clashes = (
        Constraint({"smart": ("on",)}, {"cosine": ("off",)}, "One needs the other."),
        Constraint({"cosine": ("on",)}, {"smart": ("off",)}, "One needs the other."),
    )
    held = replace(space, constraints=clashes)
    best = held.complete({"smart": "on", "cosine": "on"})
    assert [(c.name, c.choices) for c in designs.path_steps(held, held.baseline(), best)] == [("path:best", best)]
