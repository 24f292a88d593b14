"""Space: counting, completing, drawing, checking, changing and configuring, on a small conditional space."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest

from search_spaces import describe
from search_spaces.grammar import Choice, Factor, Level, Range, Recipe, Space, SpaceError, choose

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


def test_the_grid_yields_each_sound_configuration_once_and_as_many_as_the_size() -> None:
    # pooling 5 x (none 1 + lora (rank 2 x where (all 1 + some 2)) 6 + low_rank+top 1) = 40; ranges count once
    cells = list(ADAPTERS.grid())
    assert len(cells) == len({tuple(cell.items()) for cell in cells}) == ADAPTERS.size() == 40
    for cell in cells:
        ADAPTERS.check(cell)


def test_only_factors_that_exist_are_active_in_order_and_ranges_are_continuous() -> None:
    assert ADAPTERS.baseline() == BASELINE
    assert [name for name, _ in ADAPTERS.active(LORA)] == list(LORA)
    assert ADAPTERS.continuous() == ("rate", "width")


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


def test_samples_are_always_sound_with_numbers_of_four_significant_digits() -> None:
    rng = random.Random(7)
    for _ in range(300):
        drawn = ADAPTERS.sample(rng)
        ADAPTERS.check(drawn)
        assert drawn["rate"] == float(f"{drawn['rate']:.4g}")


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


def test_equal_generators_draw_equal_choices_and_one_of_numpy_plain_python_numbers() -> None:
    assert ADAPTERS.sample(random.Random(4)) == ADAPTERS.sample(random.Random(4))
    drawn = ADAPTERS.sample(np.random.default_rng(0))
    ADAPTERS.check(drawn)
    assert (type(drawn["rate"]), type(drawn["width"])) == (float, int)


def test_choose_asks_for_a_conditional_factor_only_after_its_level() -> None:
    asked: list[str] = []

    def pick(name: str, factor: Factor) -> str | float:
        asked.append(name)
        return LORA[name]

    assert choose(ADAPTERS.factors, pick) == LORA
    assert asked == list(LORA)


def test_complete_fills_in_baselines_in_the_order_of_the_space() -> None:
    completed = ADAPTERS.complete({"rate": 1e-4, "adapter": "lora"})
    lora = [("adapter", "lora"), ("adapter.lora.rank", "8"), ("adapter.lora.where", "all")]
    assert list(completed.items()) == [("pooling", "cls"), *lora, ("rate", 1e-4), ("width", 4)]
    with pytest.raises(SpaceError, match="exists only where adapter is 'lora'"):
        ADAPTERS.complete({"adapter.lora.rank": "8"})


def test_an_unknown_level_or_factor_names_the_nearest_and_all_of_them() -> None:
    assert faults({**BASELINE, "pooling": "atention"}) == (
        "No level 'atention' in factor pooling of space adapters. Did you mean 'attention'? "
        "Levels: cls, cls_pooler, mean, max, attention.",
    )
    assert faults({**BASELINE, "poling": "cls"}) == (
        "No factor 'poling' in space adapters. Did you mean 'pooling'? Factors: pooling, adapter, "
        "adapter.lora.rank, adapter.lora.where, adapter.lora.where.some.count, rate, width.",
    )
    assert "Did you mean 'adapter.lora.rank'?" in faults({**BASELINE, "rank": "8"})[0]


def test_an_inactive_factor_says_what_it_needs() -> None:
    assert faults({**BASELINE, "adapter.lora.rank": "8"}) == (
        "Factor adapter.lora.rank of space adapters exists only where adapter is 'lora', but adapter is "
        "'none'. Leave it out, or choose adapter=lora.",
    )
    # Told once, and not again for what hangs from it.
    assert len(faults({**LORA, "adapter": "lorra"})) == 1


def test_a_number_outside_its_range_is_refused_and_an_integer_range_takes_whole_numbers_only() -> None:
    for value in (0.1, 1e-7, float("nan"), "fast", True):
        told = f"rate (space adapters) takes a number from 1e-06 to 0.001, got {value!r}."
        assert faults({**BASELINE, "rate": value}) == (told,)
    assert faults({**BASELINE, "width": 2.5}) == ("width (space adapters) takes a whole number from 1 to 64, got 2.5.",)


def test_a_level_is_told_by_its_name_and_not_by_its_number() -> None:
    told = faults({**LORA, "adapter.lora.rank": 8})[0]
    assert "No level 8 in factor adapter.lora.rank" in told and "Did you mean '8'?" in told


def test_all_faults_are_told_at_once() -> None:
    found = faults({"pooling": "men", "adapter": "none", "rate": 1.0, "depth": "2"})
    told = ["No level 'men'", "rate (space adapters)", "No choice for", "No factor 'depth'"]
    assert [" ".join(fault.split(" ")[0:3]) for fault in found] == told


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
    # Changing a configuration does not change the space.
    space = Space("s", "?", (POOLING,), base={"order": ["sst", "sts"]})
    space.configuration({"pooling": "cls"})["order"].append("quora")
    assert space.configuration({"pooling": "cls"})["order"] == ["sst", "sts"]
    with pytest.raises(SpaceError, match="No choice for factor pooling"):
        ADAPTERS.configuration({})


def test_alternatives_of_the_baseline_are_every_other_level() -> None:
    found = ADAPTERS.alternatives(BASELINE)
    # pooling 4 others, adapter 2 others, ranges none
    assert [(name, before, after) for name, before, after, _ in found] == [
        *(("pooling", "cls", level) for level in ("cls_pooler", "mean", "max", "attention")),
        *(("adapter", "none", level) for level in ("lora", "low_rank+top")),
    ]
    lora = next(one for one in found if one.to_level == "lora")
    assert lora.choices == {**BASELINE, "adapter": "lora", "adapter.lora.rank": "8", "adapter.lora.where": "all"}


def test_alternatives_inside_a_level_change_its_conditional_factors_too_and_all_are_sound() -> None:
    found = ADAPTERS.alternatives(LORA)
    assert len(found) == 9  # pooling 4, adapter 2, rank 1, where 1, count 1
    for one in found:
        ADAPTERS.check(one.choices)


def test_a_change_drops_what_hung_from_a_level_and_may_take_what_another_configuration_has() -> None:
    assert ADAPTERS.change(LORA, "adapter", "none") == {"pooling": "mean", "adapter": "none", "rate": 1e-4, "width": 8}
    changed = ADAPTERS.change(BASELINE, "adapter", "lora", like=LORA)
    assert changed == {**LORA, "pooling": "cls", "rate": 3e-5, "width": 4}
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
