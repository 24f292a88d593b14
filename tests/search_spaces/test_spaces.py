"""The spaces that come with the package: laws for every one of them, and what the baseline is."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

import search_spaces
from search_spaces import describe
from search_spaces.grammar import Space

FULL = search_spaces.load("full_ablation")


@pytest.fixture(params=search_spaces.names())
def space(request: pytest.FixtureRequest) -> Space:
    return search_spaces.load(request.param)


def test_a_space_says_its_name_its_goal_in_one_sentence_and_what_it_measures(space: Space) -> None:
    assert space.name in search_spaces.names() and search_spaces.load(space.name) is space
    assert space.goal[-1] in ".?" and sum(space.goal.count(mark) for mark in ".?") == 1
    assert [factor["name"] for factor in describe(space)["factors"] if not factor["about"]] == []
    assert any(factor.role == "scientific" for factor in space.factors)


def test_recipes_and_samples_are_sound_and_have_a_configuration(space: Space) -> None:
    for recipe in space.recipes:
        assert space.configuration(space.complete(recipe.choices))
    rng = random.Random(11)
    for _ in range(30):
        assert space.configuration(space.sample(rng))


def test_the_learning_rate_is_tuned_so_that_comparisons_are_fair(space: Space) -> None:
    tuned = ("learning_rate", "head_learning_rate.own.rate") if space == FULL else ("learning_rate",)
    assert space.continuous() == (() if space.design == "grid" else tuned)


def test_the_baseline_of_full_ablation_is_plain_multitask_fine_tuning() -> None:
    assert FULL.configuration(FULL.baseline()) == {
        "encoder": {"shared": True, "hidden_dropout": 0.1, "attention_dropout": 0.1},
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
            "accumulation": 1,
            "patience": None,
            "surgery": "none",
            "trainable": {"name": "all"},
            "optimizer": {
                "name": "adam",
                "learning_rate": 3e-5,
                "head_learning_rate": None,
                "schedule": "constant",
                "clip_norm": None,
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
    # Samplers, balancers and surgery: two samplers with all 8 balancers and surgery or not, seven without gradnorm and
    # pcgrad. Where nothing shared is trained: eight samplers (not hybrid), seven balancers, and six (not fixed) with
    # the three poolings that have no weights.
    shared, unshared, nothing_at_all = 2 * 8 * 2 + 7 * 7, 8 * 7, 8 * 6
    # All or two depths of last_k, with 25 kinds of adapters or none (a BiLSTM: none); heads without adapters, or
    # adapters_and_heads with 24 kinds (a BiLSTM: not at all). Then poolings, one task first or not, attention dropouts.
    heads_alone = 2 * unshared + 3 * nothing_at_all
    bert = (3 * 25 * shared * 5 + (1 + 24) * heads_alone) * 2 * 2
    bert_a_task = (3 * 25 + 1 + 24) * nothing_at_all * 3 * 1 * 2
    bilstm = (3 * shared * 5 + heads_alone) * 2 * 1
    bilstm_a_task = (3 + 1) * nothing_at_all * 3 * 1 * 1
    # sst 3, quora 8, sts 8, its examples 3, its batch 4, optimizer 1+3, schedule 1+1+2, head rate 2, batch 5,
    # accumulation 3, clipping 2, early stopping 3, hidden 2, head 3
    models_and_optimizers = 3 * 8 * 8 * 3 * 4 * 4 * 4 * 2 * 5 * 3 * 2 * 3 * 2 * 3
    # mlm 1+2*2+3, simcse 1+2*2 and 1+2, smart 1+3*2, single task 2
    stages = 8 * 5 * 3 * 7 * 2
    assert FULL.size() == (bert + bert_a_task + bilstm + bilstm_a_task) * models_and_optimizers * stages


def test_alternatives_of_the_baseline_of_full_ablation() -> None:
    # encoder 1, sharing 1, pooling 4, sst 2, quora 7, sts 7, sampler 8, quora's examples 2 and batch 3, balancer 6 (not
    # gradnorm), surgery 0 (not pcgrad), adapter 8, trainable 2 (not adapters_and_heads), optimizer 1, schedule 2, head
    # rate 1, batch 4, accumulation 2, clipping 1, early stopping 2, hidden 1, attention 1, head 2, mlm 5,
    # simcse 1 and 1, first 1, smart 1, single task 1
    assert len(FULL.alternatives(FULL.baseline())) == 78


def test_each_of_the_five_reports_has_a_recipe_that_says_what_is_missing() -> None:
    *reports, best = FULL.recipes
    assert [recipe.source[:3] for recipe in reports] == ["000", "001", "002", "003", "004"]
    assert all(recipe.note for recipe in reports) and best.name == "best"
    assert (Path(__file__).parents[2] / best.source).is_file()  # the page it was found on


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
