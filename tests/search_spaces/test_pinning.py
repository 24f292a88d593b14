"""Pinning: `--set factor=level` gives a smaller space whose baseline is the level asked for."""

from __future__ import annotations

import random

import pytest

from search_spaces.grammar import Factor, Level, Range, Recipe, Space, SpaceError
from search_spaces.grammar.pinning import parse_setting, pin

SCHEDULE = Factor(
    "schedule",
    "scientific",
    "constant",
    (
        Level("constant", {"schedule": "constant"}),
        Level(
            "warmup",
            {"schedule": "warmup"},
            factors=(Factor("part", "nuisance", "0.1", (Level("0.06", {"part": 0.06}), Level("0.1", {"part": 0.1}))),),
        ),
    ),
)
RATE = Factor("rate", "nuisance", 3e-5, range=Range("rate", 1e-6, 1e-3, log=True))
DEPTH = Factor("depth", "nuisance", 2, range=Range("depth", 1, 4, integer=True))
SPACE = Space(
    "schedules",
    "?",
    (SCHEDULE, RATE, DEPTH),
    recipes=(
        Recipe("old", "a report", {"rate": 1e-5}),
        Recipe("warm", "a report", {"schedule": "warmup", "schedule.warmup.part": "0.06"}),
    ),
)


def refused(*settings: str) -> tuple[str, ...]:
    with pytest.raises(SpaceError) as raised:
        pin(SPACE, settings)
    return raised.value.faults


def test_a_setting_is_read_as_its_factor_says() -> None:
    assert parse_setting(SPACE, "schedule=warmup") == ("schedule", "warmup")
    assert parse_setting(SPACE, " schedule = warmup ") == ("schedule", "warmup")
    assert parse_setting(SPACE, "schedule.warmup.part=0.06") == ("schedule.warmup.part", "0.06")
    assert parse_setting(SPACE, "rate=1e-4") == ("rate", 1e-4)
    assert parse_setting(SPACE, "depth=3") == ("depth", 3)


def test_a_faulty_setting_is_told_and_the_faults_of_all_at_once() -> None:
    assert refused("schedule") == ("A setting is written factor=level, got 'schedule'.",)
    assert refused("schedule=warmpu") == (
        "No level 'warmpu' in factor schedule of space schedules. Did you mean 'warmup'? Levels: constant, warmup.",
    )
    assert "Did you mean 'schedule.warmup.part'?" in refused("part=0.1")[0]  # the full name
    for text in ("rate=fast", "rate=1", "rate=nan", "depth=2.5", "depth=9"):
        assert "takes a" in refused(text)[0]
    assert refused("rate=1e-4", "rate=1e-5") == ("Factor rate is set twice, to 0.0001 and to 1e-05: set it once.",)
    assert refused("schedule=constant", "schedule.warmup.part=0.1") == (
        "Factor schedule.warmup.part of space schedules exists only where schedule is 'warmup', but schedule "
        "is set to 'constant'. Set one of the two.",
    )
    assert len(refused("schedule", "rate=2", "depht=1")) == 3


def test_a_pinned_factor_has_one_level_which_is_its_baseline() -> None:
    pinned = pin(SPACE, ["schedule=warmup"])
    assert pinned.baseline() == {"schedule": "warmup", "schedule.warmup.part": "0.1", "rate": 3e-5, "depth": 2}
    assert (SPACE.size(), pinned.size()) == (3, 2)
    assert [found.factor for found in pinned.alternatives(pinned.baseline())] == ["schedule.warmup.part"]


def test_a_pinned_conditional_factor_leaves_its_parent_free() -> None:
    pinned = pin(SPACE, ["schedule.warmup.part=0.06"])
    assert [cell.get("schedule.warmup.part") for cell in pinned.grid()] == [None, "0.06"]


def test_a_pinned_range_is_one_number_and_no_longer_continuous() -> None:
    pinned = pin(SPACE, {"rate": 1e-4, "depth": 3})
    assert pinned.continuous() == ()
    drawn = pinned.sample(random.Random(0))
    assert (drawn["rate"], drawn["depth"]) == (1e-4, 3)
    assert pinned.configuration(pinned.baseline())["rate"] == 1e-4


def test_samples_of_a_pinned_space_are_sound_in_both_spaces() -> None:
    pinned = pin(SPACE, ["schedule=warmup", "depth=1"])
    rng = random.Random(3)
    for _ in range(50):
        drawn = pinned.sample(rng)
        pinned.check(drawn)
        SPACE.check(drawn)


def test_recipes_follow_a_pinned_nuisance_factor_and_are_left_out_at_another_level_of_a_scientific_one() -> None:
    pinned = pin(SPACE, ["rate=1e-4"])
    assert [(recipe.name, recipe.choices["rate"]) for recipe in pinned.recipes] == [("old", 1e-4), ("warm", 1e-4)]
    assert [recipe.name for recipe in pin(SPACE, ["schedule=constant"]).recipes] == ["old"]
    pinned = pin(SPACE, ["schedule=warmup"])
    assert [recipe.name for recipe in pinned.recipes] == ["warm"]  # with its own levels, though the baseline moves
    assert pinned.complete(pinned.recipes[0].choices)["schedule.warmup.part"] == "0.06"


def test_rows_that_are_not_in_the_pinned_space_are_left_out_and_there_must_be_one() -> None:
    table = Space("t", "?", (SCHEDULE,), design="grid", rows={"Base": {}, "Warm": {"schedule": "warmup"}})
    assert list(pin(table, ["schedule=warmup"]).rows) == ["Warm"]
    table = Space("t", "?", (SCHEDULE,), design="grid", rows={"Base": {}})
    with pytest.raises(SpaceError, match=r"No row of space t has schedule=warmup. Rows: Base."):
        pin(table, ["schedule=warmup"])


def test_pinning_nothing_changes_nothing_one_can_choose() -> None:
    assert list(pin(SPACE, []).grid()) == list(SPACE.grid())
