"""The spaces that come with the package: laws for every one of them, and what the baseline is."""

from __future__ import annotations

import random

import pytest

import search_spaces
from search_spaces.grammar import Space, describe

FULL = search_spaces.load("full_ablation")


@pytest.fixture(params=search_spaces.names())
def space(request: pytest.FixtureRequest) -> Space:
    return search_spaces.load(request.param)


def test_a_space_is_named_after_its_file(space: Space) -> None:
    assert space.name in search_spaces.names()
    assert search_spaces.load(space.name) is space


def test_the_goal_is_one_sentence(space: Space) -> None:
    assert space.goal[-1] in ".?"
    assert sum(space.goal.count(mark) for mark in ".?") == 1


def test_every_factor_says_what_it_is(space: Space) -> None:
    assert all(factor["about"] for factor in describe(space)["factors"])


def test_something_is_measured(space: Space) -> None:
    assert any(factor.role == "scientific" for factor in space.factors)


def test_recipes_are_sound_and_have_a_configuration(space: Space) -> None:
    for recipe in space.recipes:
        assert space.configuration(space.complete(recipe.choices))


def test_samples_are_sound_and_have_a_configuration(space: Space) -> None:
    rng = random.Random(11)
    for _ in range(200):
        choices = space.sample(rng)
        assert space.configuration(choices)


def test_the_learning_rate_is_tuned_so_that_comparisons_are_fair(space: Space) -> None:
    tuned = ("learning_rate", "head_learning_rate.own.rate") if space == FULL else ("learning_rate",)
    assert space.continuous() == (() if space.design == "grid" else tuned)


def test_the_baseline_of_full_ablation_is_plain_multitask_fine_tuning() -> None:
    assert FULL.configuration(FULL.baseline()) == {
        "encoder": {"hidden_dropout": 0.1, "attention_dropout": 0.1},
        "pooling": {"name": "cls"},
        "tasks": {
            "sst": {"head": {"name": "linear"}},
            "quora": {"head": {"name": "concat"}},
            "sts": {"head": {"name": "concat"}},
        },
        "head_dropout": 0.1,
        "multitask": {
            "batch_size": 8,
            "sampler": {"name": "round_robin_shortest"},
            "balancer": {"name": "sum"},
            "surgery": "none",
            "trainable": {"name": "all"},
            "optimizer": {
                "name": "adam",
                "learning_rate": 3e-5,
                "head_learning_rate": None,
                "schedule": "constant",
            },
        },
    }


def test_conditional_factors_of_full_ablation_reach_the_configuration() -> None:
    told = {"trainable": "last_k", "trainable.last_k.layers": "1", "schedule": "linear_warmup"}
    choices = FULL.complete(told)
    multitask = FULL.configuration(choices)["multitask"]
    assert multitask["trainable"] == {"name": "last_k", "layers": 1}
    assert multitask["optimizer"]["warmup_fraction"] == 0.1


def test_the_size_of_full_ablation() -> None:
    # all or two depths of last_k, with 19 kinds of adapters or none: two samplers with all 8 balancers and surgery or
    # not, seven without gradnorm and pcgrad; heads without adapters or adapters_and_heads with 18 kinds: eight samplers
    # (not hybrid) without the two
    trained = 3 * 19 * (2 * 8 * 2 + 7 * 7) + (1 + 18) * 8 * 7
    # pooling 5, sst 3, quora 8, sts 8, optimizer 1+3, schedule 1+1+2, head rate 2, batch 3, hidden 2, attention 2,
    # head 3
    models_and_optimizers = 5 * 3 * 8 * 8 * 4 * 4 * 2 * 3 * 2 * 2 * 3
    # mlm 3, simcse 2 and 2, first 2, smart 1+3, single task 2
    assert FULL.size() == trained * models_and_optimizers * 3 * 2 * 2 * 2 * 4 * 2


def test_alternatives_of_the_baseline_of_full_ablation() -> None:
    # pooling 4, sst 2, quora 7, sts 7, sampler 8, balancer 6 (not gradnorm), surgery 0 (not pcgrad), adapter 6,
    # trainable 2 (not adapters_and_heads), optimizer 1, schedule 2, head rate 1, batch 2, hidden 1, attention 1,
    # head 2, mlm 2, simcse 1 and 1, first 1, smart 1, single task 1
    assert len(FULL.alternatives(FULL.baseline())) == 59


def test_each_of_the_five_reports_has_a_recipe_that_says_what_is_missing() -> None:
    assert [recipe.source[:3] for recipe in FULL.recipes] == ["000", "001", "002", "003", "004"]
    assert all(recipe.note for recipe in FULL.recipes)


def test_the_small_spaces_ask_about_their_own_factors() -> None:
    measured = {
        name: [factor.name for factor in search_spaces.load(name).factors if factor.role == "scientific"]
        for name in ("pooling", "heads", "optimization")
    }
    assert measured == {
        "pooling": ["pooling"],
        "heads": ["sst_head", "quora_head", "sts_head"],
        "optimization": ["optimizer", "schedule"],
    }
