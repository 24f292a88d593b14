"""Optimizers and schedules against their formulas."""

from __future__ import annotations

import math

import pytest
import torch
from cases import for_each
from torch import nn

from mtbert.config.parts import OptimizerConfig
from mtbert.errors import BackboneError
from mtbert.training.optim import build_optimizer, build_schedule


class Small(nn.Module):
    """A module with everything weight decay must tell apart."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(3, 2)
        self.linear = nn.Linear(2, 2)
        self.norm = nn.LayerNorm(2)
        self.frozen = nn.Linear(2, 2).requires_grad_(False)


def rates(schedule: str, steps: int, warmup: float) -> list[float]:
    config = OptimizerConfig(name="adam", learning_rate=1.0, schedule=schedule, warmup_fraction=warmup)  # type: ignore[arg-type]
    optimizer = build_optimizer(Small(), config)
    scheduler = build_schedule(optimizer, config, steps)
    result = []
    for _ in range(steps):
        result.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    return result


@for_each(
    ("schedule", "steps", "warmup", "expected"),
    [
        ("constant", 3, 0.1, [1.0, 1.0, 1.0]),
        ("cosine", 4, 0.1, [(1 + math.cos(math.pi * s / 4)) / 2 for s in range(4)]),  # half a wave
        ("linear_warmup", 10, 0.2, [0.5, 1, 1, 7 / 8, 6 / 8, 5 / 8, 4 / 8, 3 / 8, 2 / 8, 1 / 8]),
    ],
)
def test_a_schedule_follows_its_formula(schedule: str, steps: int, warmup: float, expected: list[float]) -> None:
    assert rates(schedule, steps, warmup) == pytest.approx(expected, abs=0)


def test_weight_decay_spares_biases_norms_and_embeddings() -> None:
    model = Small()
    optimizer = build_optimizer(model, OptimizerConfig(name="adamw", weight_decay=0.1))
    decayed = {id(p) for g in optimizer.param_groups if g["weight_decay"] for p in g["params"]}
    assert decayed == {id(model.linear.weight)}


def test_frozen_parameters_are_not_given_to_the_optimizer() -> None:
    model = Small()
    optimizer = build_optimizer(model, OptimizerConfig(name="adamw"))
    given = {id(p) for group in optimizer.param_groups for p in group["params"]}
    assert given == {id(p) for p in model.parameters() if p.requires_grad}


def test_where_nothing_is_trained_that_is_one_message() -> None:
    with pytest.raises(
        BackboneError, match="nothing is trained: .* Train more of the model, or give a head that learns"
    ):
        build_optimizer(Small().requires_grad_(False), OptimizerConfig())


def test_adam_and_adamw_without_decay_take_the_same_steps() -> None:
    models = []
    for name in ("adam", "adamw"):
        torch.manual_seed(0)
        model = Small()
        optimizer = build_optimizer(model, OptimizerConfig(name=name, learning_rate=0.1))  # type: ignore[arg-type]
        model.linear(torch.ones(1, 2)).sum().backward()
        optimizer.step()
        models.append(model)
    assert torch.equal(models[0].linear.weight, models[1].linear.weight)


class WithHeads(nn.Module):
    """A module whose heads have a bias, a matrix, and beside them an encoder with both."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Linear(2, 2)
        self.heads = nn.ModuleDict({"a": nn.Linear(2, 2)})


@for_each("name", ["adam", "adamw"])
def test_heads_may_have_their_own_learning_rate(name: str) -> None:
    model = WithHeads()
    config = OptimizerConfig(name=name, learning_rate=1e-5, head_learning_rate=1e-3)  # type: ignore[arg-type]
    rates = {id(p): group["lr"] for group in build_optimizer(model, config).param_groups for p in group["params"]}
    assert {rates[id(p)] for p in model.heads.parameters()} == {1e-3}
    assert {rates[id(p)] for p in model.encoder.parameters()} == {1e-5}


def test_heads_with_their_own_learning_rate_keep_the_groups_of_weight_decay() -> None:
    model = WithHeads()
    config = OptimizerConfig(name="adamw", weight_decay=0.1, head_learning_rate=1e-3)
    groups = build_optimizer(model, config).param_groups
    decayed = {id(p) for group in groups if group["weight_decay"] for p in group["params"]}
    assert decayed == {id(model.encoder.weight), id(model.heads["a"].weight)}


def test_a_schedule_moves_all_learning_rates_alike() -> None:
    config = OptimizerConfig(learning_rate=1.0, head_learning_rate=0.5, schedule="cosine")
    optimizer = build_optimizer(WithHeads(), config)
    scheduler = build_schedule(optimizer, config, 2)
    optimizer.step()
    scheduler.step()
    assert sorted(scheduler.get_last_lr()) == pytest.approx([0.25, 0.5])
