"""The factor `adapter`: what its levels set, and what it cannot stand beside."""

from __future__ import annotations

import random
from typing import Any

import pytest

from search_spaces import load
from search_spaces.grammar import SpaceError

SPACE = load("full_ablation")


def adapters(told: dict[str, Any]) -> Any:
    return SPACE.configuration(SPACE.complete(told)).get("adapters")


def test_the_baseline_has_none() -> None:
    assert SPACE.baseline()["adapter"] == "none" and adapters({}) is None


@pytest.mark.parametrize(
    ("level", "written"),
    [
        ("pal", {"pal": {"width": 204, "gelu": False}}),
        ("low_rank", {"low_rank": {"width": 204, "gelu": False}}),
        ("houlsby", {"houlsby": {"width": 204}}),
        ("top_layer", {"top_layer": {}}),
        ("low_rank+top_layer", {"low_rank": {"width": 204, "gelu": False}, "top_layer": {}}),
        ("lora", {"lora": {"rank": 8, "alpha": 8.0}}),
    ],
)
def test_a_level_is_its_adapters_as_the_reports_have_them(level: str, written: dict[str, Any]) -> None:
    assert adapters({"adapter": level}) == written


def test_width_and_gelu_are_chosen_apart() -> None:
    choices = {"adapter": "pal", "adapter.pal.width": "64", "adapter.pal.gelu": "on"}
    assert adapters(choices) == {"pal": {"width": 64, "gelu": True}}


def test_adapters_and_heads_without_an_adapter_is_refused() -> None:
    with pytest.raises(SpaceError, match="Without an adapter adapters_and_heads is heads"):
        SPACE.check(SPACE.complete({"trainable": "adapters_and_heads"}))


@pytest.mark.parametrize("level", ["pal", "low_rank", "houlsby", "top_layer", "low_rank+top_layer", "lora"])
def test_an_adapter_under_trained_heads_alone_is_refused(level: str) -> None:
    with pytest.raises(SpaceError, match="one that is never trained does nothing"):
        SPACE.check(SPACE.complete({"adapter": level, "trainable": "heads"}))


def test_neither_is_ever_drawn() -> None:
    rng = random.Random(0)
    drawn = [SPACE.sample(rng) for _ in range(150)]
    assert {c["trainable"] for c in drawn if c["adapter"] == "none"} == {"all", "last_k", "heads"}
    assert {c["trainable"] for c in drawn if c["adapter"] != "none"} == {"all", "last_k", "adapters_and_heads"}
