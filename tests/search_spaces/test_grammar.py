"""Space: counting, completing, drawing, checking, changing and configuring, on a small conditional space."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest

from search_spaces.grammar import Choice, Factor, Level, Range, Recipe, Space, SpaceError, choose, describe

RANK = Factor("rank", "nuisance", "8", (Level("8", {"adapter.rank": 8}), Level("16", {"adapter.rank": 16})))
WHERE = Factor(
    "where",
    "scientific",
    "all",
    (
        Level("all", {"adapter.where": "all"}),
        Level("some", {"adapter.where": "some"}, factors=(Factor("count", "nuisance", "1", (Level("1"), Level("2"))),)),
    ),
)
POOLING = Factor(
    "pooling",
    "scientific",
    "cls",
    tuple(Level(name, {"pooling.name": name}) for name in ("cls", "cls_pooler", "mean", "max", "attention")),
)
ADAPTER = Factor(
    "adapter",
    "scientific",
    "none",
    (
        Level("none"),
        Level("lora", {"adapter.name": "lora"}, factors=(RANK, WHERE)),
        Level("low_rank+top", {"adapter.name": "low_rank+top"}),
    ),
)
RATE = Factor("rate", "nuisance", 3e-5, range=Range("optimizer.rate", 1e-6, 1e-3, log=True))
WIDTH = Factor("width", "nuisance", 4, range=Range("head.width", 1, 64, log=True, integer=True))
ADAPTERS = Space("adapters", "Does an adapter help?", (POOLING, ADAPTER, RATE, WIDTH))
BASELINE: dict[str, Choice] = {"pooling": "cls", "adapter": "none", "rate": 3e-5, "width": 4}
LORA: dict[str, Choice] = {
    "pooling": "mean",
    "adapter": "lora",
    "adapter.lora.rank": "16",
    "adapter.lora.where": "some",
    "adapter.lora.where.some.count": "2",
    "rate": 1e-4,
    "width": 8,
}


def faults(choices: dict[str, Choice]) -> tuple[str, ...]:
    with pytest.raises(SpaceError) as raised:
        ADAPTERS.check(choices)
    return raised.value.faults


def test_the_size_counts_conditional_factors_where_they_exist() -> None:
    # pooling 5 x (none 1 + lora (rank 2 x where (all 1 + some 2)) 6 + low_rank+top 1) = 40; ranges count once
    assert ADAPTERS.size() == 40


def test_the_grid_yields_each_configuration_once_and_as_many_as_the_size() -> None:
    cells = [tuple(cell.items()) for cell in ADAPTERS.grid()]
    assert len(cells) == len(set(cells)) == 40


def test_every_cell_of_the_grid_is_sound() -> None:
    for cell in ADAPTERS.grid():
        ADAPTERS.check(cell)


def test_the_baseline_holds_active_factors_only() -> None:
    assert ADAPTERS.baseline() == BASELINE


def test_continuous_names_the_ranges() -> None:
    assert ADAPTERS.continuous() == ("rate", "width")


def test_active_follows_the_chosen_levels_in_order() -> None:
    assert [name for name, _ in ADAPTERS.active(LORA)] == list(LORA)


def test_samples_are_always_sound() -> None:
    rng = random.Random(7)
    for _ in range(200):
        ADAPTERS.check(ADAPTERS.sample(rng))


def test_samples_reach_every_level_about_equally_often() -> None:
    rng = random.Random(1)
    counts = Counter(ADAPTERS.sample(rng)["pooling"] for _ in range(1000))
    # 200 each expected, standard deviation 12.6: five of them either side
    assert set(counts) == {"cls", "cls_pooler", "mean", "max", "attention"}
    assert all(137 < count < 263 for count in counts.values())


def test_a_log_range_is_drawn_evenly_over_orders_of_magnitude() -> None:
    rng = random.Random(3)
    rates = [float(ADAPTERS.sample(rng)["rate"]) for _ in range(900)]
    # three decades, 300 each expected, standard deviation 14.1
    for low in (1e-6, 1e-5, 1e-4):
        assert 230 < sum(low <= rate < 10 * low for rate in rates) < 370


def test_drawn_numbers_have_four_significant_digits() -> None:
    rng = random.Random(5)
    for _ in range(200):
        rate = float(ADAPTERS.sample(rng)["rate"])
        assert rate == float(f"{rate:.4g}")


@pytest.mark.parametrize(("uniform", "rate", "width"), [(0.0, 1e-6, 1), (1 - 2**-53, 1e-3, 64), (0.5, 3.162e-5, 6)])
def test_the_ends_and_the_middle_of_a_range(uniform: float, rate: float, width: int) -> None:
    class Still:
        def random(self) -> float:
            return uniform

    drawn = ADAPTERS.sample(Still())
    # middle: sqrt(1e-6 * 1e-3) = 3.1623e-5; sqrt(0.5 * 64.5) = 5.68, the whole number 6
    assert (drawn["rate"], drawn["width"]) == (rate, width)


def test_both_ends_of_an_integer_range_are_as_likely_as_the_others() -> None:
    space = Space("dice", "?", (Factor("eyes", "nuisance", 1, range=Range("eyes", 1, 6, integer=True)),))
    rng = random.Random(2)
    counts = Counter(space.sample(rng)["eyes"] for _ in range(1200))
    assert set(counts) == {1, 2, 3, 4, 5, 6}
    assert all(135 < count < 265 for count in counts.values())  # 200 expected, sd 12.9


def test_equal_generators_draw_equal_choices() -> None:
    assert ADAPTERS.sample(random.Random(4)) == ADAPTERS.sample(random.Random(4))


def test_a_numpy_generator_draws_plain_python_numbers() -> None:
    drawn = ADAPTERS.sample(np.random.default_rng(0))
    ADAPTERS.check(drawn)
    assert type(drawn["rate"]) is float
    assert type(drawn["width"]) is int


def test_choose_asks_for_a_conditional_factor_only_after_its_level() -> None:
    asked: list[str] = []

    def pick(name: str, factor: Factor) -> str | float:
        asked.append(name)
        return LORA[name]

    assert choose(ADAPTERS.factors, pick) == LORA
    assert asked == list(LORA)


def test_complete_fills_in_baselines_in_the_order_of_the_space() -> None:
    completed = ADAPTERS.complete({"rate": 1e-4, "adapter": "lora"})
    assert list(completed.items()) == [
        ("pooling", "cls"),
        ("adapter", "lora"),
        ("adapter.lora.rank", "8"),
        ("adapter.lora.where", "all"),
        ("rate", 1e-4),
        ("width", 4),
    ]


def test_complete_refuses_a_factor_that_is_not_there() -> None:
    with pytest.raises(SpaceError, match="exists only where adapter is 'lora'"):
        ADAPTERS.complete({"adapter.lora.rank": "8"})


def test_an_unknown_level_names_the_nearest_and_all_of_them() -> None:
    assert faults({**BASELINE, "pooling": "atention"}) == (
        "No level 'atention' in factor pooling of space adapters. Did you mean 'attention'? "
        "Levels: cls, cls_pooler, mean, max, attention.",
    )


def test_an_unknown_factor_names_the_nearest_and_all_of_them() -> None:
    assert faults({**BASELINE, "poling": "cls"}) == (
        "No factor 'poling' in space adapters. Did you mean 'pooling'? Factors: pooling, adapter, "
        "adapter.lora.rank, adapter.lora.where, adapter.lora.where.some.count, rate, width.",
    )


def test_the_short_name_of_a_conditional_factor_leads_to_its_full_name() -> None:
    assert "Did you mean 'adapter.lora.rank'?" in faults({**BASELINE, "rank": "8"})[0]


def test_an_inactive_factor_says_what_it_needs() -> None:
    assert faults({**BASELINE, "adapter.lora.rank": "8"}) == (
        "Factor adapter.lora.rank of space adapters exists only where adapter is 'lora', but adapter is "
        "'none'. Leave it out, or choose adapter=lora.",
    )


def test_a_misspelt_level_is_told_once_and_not_again_for_its_conditional_factors() -> None:
    assert len(faults({**LORA, "adapter": "lorra"})) == 1


@pytest.mark.parametrize("value", [0.1, 1e-7, float("nan"), "fast", True])
def test_a_number_outside_its_range_is_refused(value: float | str) -> None:
    assert faults({**BASELINE, "rate": value}) == (
        f"rate (space adapters) takes a number from 1e-06 to 0.001, got {value!r}.",
    )


def test_an_integer_range_takes_whole_numbers_only() -> None:
    assert faults({**BASELINE, "width": 2.5}) == ("width (space adapters) takes a whole number from 1 to 64, got 2.5.",)


def test_a_level_is_told_by_its_name_and_not_by_its_number() -> None:
    assert "No level 8 in factor adapter.lora.rank" in faults({**LORA, "adapter.lora.rank": 8})[0]
    assert "Did you mean '8'?" in faults({**LORA, "adapter.lora.rank": 8})[0]


def test_all_faults_are_told_at_once() -> None:
    found = faults({"pooling": "men", "adapter": "none", "rate": 1.0, "depth": "2"})
    assert [fault.split(" ")[0:3] for fault in found] == [
        ["No", "level", "'men'"],
        ["rate", "(space", "adapters)"],
        ["No", "choice", "for"],
        ["No", "factor", "'depth'"],
    ]


def test_a_configuration_nests_what_the_chosen_levels_set() -> None:
    assert ADAPTERS.configuration(LORA) == {
        "pooling": {"name": "mean"},
        "adapter": {"name": "lora", "rank": 16, "where": "some"},
        "optimizer": {"rate": 1e-4},
        "head": {"width": 8},
    }


def test_a_chosen_level_wins_over_the_base() -> None:
    space = Space("s", "?", (POOLING,), base={"pooling": {"name": "max", "scale": 2}, "epochs": 5})
    assert space.configuration({"pooling": "mean"}) == {"pooling": {"name": "mean", "scale": 2}, "epochs": 5}


def test_changing_a_configuration_does_not_change_the_space() -> None:
    space = Space("s", "?", (POOLING,), base={"order": ["sst", "sts"]})
    space.configuration({"pooling": "cls"})["order"].append("quora")
    assert space.configuration({"pooling": "cls"})["order"] == ["sst", "sts"]


def test_a_configuration_of_faulty_choices_is_refused() -> None:
    with pytest.raises(SpaceError, match="No choice for factor pooling"):
        ADAPTERS.configuration({})


def test_alternatives_of_the_baseline_are_every_other_level() -> None:
    found = ADAPTERS.alternatives(BASELINE)
    # pooling 4 others, adapter 2 others, ranges none
    assert [(name, before, after) for name, before, after, _ in found] == [
        ("pooling", "cls", "cls_pooler"),
        ("pooling", "cls", "mean"),
        ("pooling", "cls", "max"),
        ("pooling", "cls", "attention"),
        ("adapter", "none", "lora"),
        ("adapter", "none", "low_rank+top"),
    ]


def test_alternatives_inside_a_level_change_its_conditional_factors_too() -> None:
    # pooling 4, adapter 2, rank 1, where 1, count 1
    assert len(ADAPTERS.alternatives(LORA)) == 9


def test_an_alternative_brings_conditional_factors_at_their_baseline() -> None:
    lora = next(found for found in ADAPTERS.alternatives(BASELINE) if found.to_level == "lora")
    assert lora.choices == {**BASELINE, "adapter": "lora", "adapter.lora.rank": "8", "adapter.lora.where": "all"}


def test_every_alternative_is_sound() -> None:
    for found in ADAPTERS.alternatives(LORA):
        ADAPTERS.check(found.choices)


def test_changing_a_level_drops_the_factors_that_hung_from_it() -> None:
    assert ADAPTERS.change(LORA, "adapter", "none") == {"pooling": "mean", "adapter": "none", "rate": 1e-4, "width": 8}


def test_a_change_can_take_new_conditional_factors_from_another_configuration() -> None:
    changed = ADAPTERS.change(BASELINE, "adapter", "lora", like=LORA)
    assert changed == {**LORA, "pooling": "cls", "rate": 3e-5, "width": 4}


def test_a_change_of_a_factor_that_does_not_exist_there_is_refused() -> None:
    with pytest.raises(SpaceError, match="exists only where adapter is 'lora'"):
        ADAPTERS.change(BASELINE, "adapter.lora.rank", "16")


def test_differences_hold_none_where_a_conditional_factor_does_not_exist() -> None:
    assert ADAPTERS.differences({**BASELINE, "adapter": "low_rank+top"}, LORA) == [
        ("pooling", "cls", "mean"),
        ("adapter", "low_rank+top", "lora"),
        ("adapter.lora.rank", None, "16"),
        ("adapter.lora.where", None, "some"),
        ("adapter.lora.where.some.count", None, "2"),
        ("rate", 3e-5, 1e-4),
        ("width", 4, 8),
    ]


def test_equal_choices_have_no_differences() -> None:
    assert ADAPTERS.differences(LORA, dict(LORA)) == []


def test_a_grid_with_rows_yields_them_completed_and_each_configuration_once() -> None:
    space = Space(
        "table",
        "?",
        (POOLING, ADAPTER),
        design="grid",
        rows={"Mean": {"pooling": "mean"}, "Baseline": {}, "Baseline again": {"pooling": "cls"}},
    )
    assert list(space.grid()) == [{"pooling": "mean", "adapter": "none"}, {"pooling": "cls", "adapter": "none"}]
    assert space.size() == 2


def test_samples_of_a_grid_with_rows_are_its_rows() -> None:
    space = Space("table", "?", (POOLING,), design="grid", rows={"a": {"pooling": "mean"}, "b": {"pooling": "max"}})
    rng = random.Random(0)
    assert {space.sample(rng)["pooling"] for _ in range(50)} == {"mean", "max"}


def test_a_description_is_json_data_with_conditional_factors_under_their_full_names() -> None:
    space = Space("s", "Why?", (ADAPTER, RATE), recipes=(Recipe("known", "a report", {"adapter": "lora"}),))
    described = describe(space)
    assert described["size"] == 8
    assert described["continuous"] == ["rate"]
    assert [factor["name"] for factor in described["factors"]] == [
        "adapter",
        "adapter.lora.rank",
        "adapter.lora.where",
        "adapter.lora.where.some.count",
        "rate",
    ]
    assert described["factors"][0]["levels"] == ["none", "lora", "low_rank+top"]
    assert described["factors"][0]["condition"] is None
    assert described["factors"][1]["condition"] == {"factor": "adapter", "level": "lora"}
    assert described["factors"][4]["range"] == {"low": 1e-6, "high": 1e-3, "log": True, "integer": False}
    assert described["recipes"][0]["choices"]["adapter.lora.rank"] == "8"


def test_the_scale_of_choices_is_that_of_their_levels() -> None:
    levels = (Level("1x"), Level("2x", scale={"multitask.epochs": 2}))
    space = Space("s", "Which?", (Factor("epochs", "scientific", "1x", levels),))
    assert space.scale({"epochs": "1x"}) == {}
    assert space.scale({"epochs": "2x"}) == {"multitask.epochs": 2}
    assert space.configuration({"epochs": "2x"}) == {}
