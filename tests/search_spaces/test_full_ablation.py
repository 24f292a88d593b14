"""`full_ablation` spans the techniques: each that has a name is a level, and its path reaches the configuration."""

from __future__ import annotations

from typing import Any

import pytest

import search_spaces
from search_spaces.grammar.choices import places
from search_spaces.grammar.restricting import without

FULL = search_spaces.load("full_ablation")
FACTORS = {place.name: place.factor for place in places(FULL.factors)}

POOLINGS = ("cls", "cls_pooler", "mean", "max", "attention")
PAIR_HEADS = (
    "concat",
    "concat_absdiff",
    "concat_dense",
    "concat_absdiff_dense",
    "product",
    "difference",
    "cosine",
    "cosine_mlp",
)
ROUND_ROBINS = ("round_robin_shortest", "round_robin_longest")
SUMMED = ("low_rank", "pal", "houlsby")
DRAWN = ("annealed", "proportional", "square_root", "uniform")

# Every technique by the name it has in the list that the project was built from, and the factor that it belongs to.
TECHNIQUES: dict[str, tuple[str, ...]] = {
    "encoder": ("bert", "bilstm"),
    "encoder_sharing": ("shared", "separate"),
    "hidden_dropout": ("0", "0.1"),
    "attention_dropout": ("0", "0.1"),
    "head_dropout": ("0.1", "0.3", "0.5"),
    "pooling": POOLINGS,
    "sst_head": ("linear", "dense", "dense2"),
    "quora_head": PAIR_HEADS,
    "sts_head": PAIR_HEADS,
    "adapter": ("none", "pal", "low_rank", "houlsby", "top_layer", *(f"{x}+top_layer" for x in SUMMED), "lora"),
    "adapter.pal.gelu": ("off", "on"),
    "adapter.low_rank.gelu": ("off", "on"),
    "trainable": ("all", "adapters_and_heads", "last_k", "heads"),
    "trainable.last_k.layers": ("1", "2"),
    "sampler": ("sequential", *ROUND_ROBINS, "joint", *DRAWN, "hybrid"),
    "quora_examples": ("all", "half", "tenth"),
    "quora_batch_size": ("same", "8_to_3"),
    "batch_size": ("3", "8", "16", "32", "64"),
    "accumulation": ("1", "2", "4"),
    "clip_norm": ("none", "1"),
    "balancer": ("sum", "fixed", "squared", "dwa", "uncertainty", "gradnorm", "score_adaptive", "learned"),
    "surgery": ("none", "pcgrad"),
    "smart": ("none", "on"),
    "smart.on.perturbation": ("gradient", "random_noise", "ball"),
    "smart.on.bregman": ("off", "on"),
    "mlm": ("none", "in_domain", "in_domain+tasks", "rotten_tomatoes", "paws", "sick"),
    "mlm.in_domain.head": ("tied", "untied"),
    "mlm.in_domain+tasks.head": ("tied", "untied"),
    "simcse_unsupervised": ("none", "on"),
    "simcse_unsupervised.on.corpus": ("tasks", "wikipedia"),
    "simcse_unsupervised.on.projection": ("off", "on"),
    "simcse_supervised": ("none", "on"),
    "simcse_supervised.on.projection": ("off", "on"),
    "fine_tune_first": ("none", "quora"),
    "single_task": ("none", "on"),
    "optimizer": ("adam", "adamw"),
    "optimizer.adamw.weight_decay": ("0.001", "0.01", "0.1"),
    "schedule": ("constant", "cosine", "linear_warmup"),
    "head_learning_rate": ("same", "own"),
    "early_stopping": ("none", "1", "2"),
}


@pytest.mark.parametrize("factor", TECHNIQUES)
def test_a_technique_is_a_level_that_can_be_chosen(factor: str) -> None:
    (told,) = [place for place in places(FULL.factors) if place.name == factor]
    needed = {
        "adapters_and_heads": {"adapter": "pal"},
        "gradnorm": {"sampler": "joint"},
        "pcgrad": {"sampler": "joint"},
    }
    for level in TECHNIQUES[factor]:
        assert level in FACTORS[factor].level_names()
        chosen = {condition.factor: condition.level for condition in told.conditions} | {factor: level}
        assert FULL.complete({**needed.get(level, {}), **chosen})[factor] == level


def test_learning_rates_span_what_the_reports_tried() -> None:
    bounds = FACTORS["learning_rate"].range
    assert bounds is not None and (bounds.low, bounds.high, bounds.log) == (1e-6, 1e-3, True)


def test_there_are_at_least_24_factors_at_the_top() -> None:
    assert len(FULL.factors) >= 24
    assert {factor.name for factor in FULL.factors} == {name for name in FACTORS if "." not in name}


def configuration(**chosen: str) -> dict[str, Any]:
    return FULL.configuration(FULL.complete(chosen))


def test_the_factors_of_quora_reach_its_own_part_of_the_configuration() -> None:
    assert configuration(quora_examples="half")["tasks"]["quora"]["subsample"] == 0.5
    assert "subsample" not in configuration()["tasks"]["quora"]
    scale = FULL.scale(FULL.complete({"quora_batch_size": "8_to_3"}))
    assert scale == {"tasks.quora.batch_size": pytest.approx(8 / 3)}


def test_without_quora_there_is_no_factor_about_it() -> None:
    names = {factor.name for factor in FULL.factors}
    left = {factor.name for factor in without(FULL, ["tasks.quora"]).factors}
    assert names - left == {"quora_head", "quora_examples", "quora_batch_size"}
