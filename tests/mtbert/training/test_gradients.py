"""The gradients that the optimizer follows: weights come after clipping, whatever makes a step of several."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from cases import for_each
from torch import Tensor

from mtbert import components
from mtbert.assembly import build_model
from mtbert.balancers.abstract import AbstractBalancer
from mtbert.config import RunConfig, parse
from mtbert.data.batching import collate
from mtbert.data.tokenize import Prepared
from mtbert.model import MultitaskModel
from mtbert.tasks.abstract import AbstractTask
from mtbert.training.gradients import Gradients

TASKS = ("sst", "quora", "sts")
WEIGHTS = {"sst": 0.25, "quora": 4.0, "sts": 0.0}


@pytest.fixture
def model(tiny: RunConfig, prepared: Prepared) -> MultitaskModel:
    """Without dropout."""
    return build_model(tiny, prepared.vocabulary_size).eval()


def losses_of(model: MultitaskModel, prepared: Prepared, *tasks: str) -> dict[str, Tensor]:
    found = {}
    for name in tasks:
        task: AbstractTask = components.build("tasks", name, {})
        batch = collate(prepared.splits[name, "train"], np.arange(4), prepared.pad_id)
        found[name] = task.loss(model(name, batch), batch.labels)
    return found


def balancer_of(name: str, **settings: Any) -> AbstractBalancer:
    found: AbstractBalancer = components.build("balancers", name, settings, tasks=TASKS, regression=frozenset(("sts",)))
    return found


def gradients_of(
    model: MultitaskModel,
    prepared: Prepared,
    balancer: AbstractBalancer,
    *steps: tuple[str, ...],
    clip_norm: float | None = 1.0,
    surgery: str = "none",
) -> dict[str, Tensor]:
    """After one step of the optimizer that takes the mean of some of the sampler's."""
    config = parse({"multitask": {"optimizer": {"clip_norm": clip_norm}}}).multitask
    config = config.model_copy(update={"surgery": surgery})
    gradients = Gradients(model, dict(model.named_parameters()), balancer, config)
    model.zero_grad(set_to_none=True)
    for step in steps:
        gradients.add(losses_of(model, prepared, *step), 1 / len(steps), np.random.default_rng(0))
    gradients.clip()
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


def by_hand(
    model: MultitaskModel, prepared: Prepared, weights: dict[str, float], *steps: tuple[str, ...]
) -> dict[str, Tensor]:
    """c * sum of w_i grad L_i over all steps, c from the sum without the weights."""
    named = dict(model.named_parameters())
    plain, weighed = ({name: torch.zeros_like(p) for name, p in named.items()} for _ in range(2))
    for step in steps:
        for task, loss in losses_of(model, prepared, *step).items():
            found = torch.autograd.grad(loss / len(steps), list(named.values()), retain_graph=True, allow_unused=True)
            for name, gradient in zip(named, found, strict=True):
                if gradient is not None:
                    plain[name] += gradient
                    weighed[name] += weights[task] * gradient
    norm = torch.stack([gradient.norm() for gradient in plain.values()]).norm()
    factor = min(1.0, float(1 / norm))
    assert factor < 1  # there is something to clip
    return {name: factor * gradient for name, gradient in weighed.items()}


@for_each(
    "steps",
    [
        [("quora",)],
        [("sst",)],
        [("sts",)],  # a weight of 0
        [("sst",), ("quora",)],  # accumulation
        [TASKS],  # a joint step
        [TASKS, ("quora",)],
    ],
)
def test_a_weight_comes_after_clipping(steps: list[tuple[str, ...]], model: MultitaskModel, prepared: Prepared) -> None:
    found = gradients_of(model, prepared, balancer_of("fixed", weights=WEIGHTS), *steps)
    for name, wanted in by_hand(model, prepared, WEIGHTS, *steps).items():
        got = found.get(name, torch.zeros_like(wanted))
        torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-7)


def test_a_weight_on_a_step_of_one_task_is_not_taken_back_by_clipping(
    model: MultitaskModel, prepared: Prepared
) -> None:
    norms = []
    for weight in (1.0, 0.1):
        balancer = balancer_of("fixed", weights={"quora": weight})
        found = gradients_of(model, prepared, balancer, ("quora",), clip_norm=0.01)
        norms.append(float(torch.stack([gradient.norm() for gradient in found.values()]).norm()))
    assert norms == pytest.approx([0.01, 0.001], rel=1e-3)


def test_without_clipping_gradients_are_the_weighted_ones(model: MultitaskModel, prepared: Prepared) -> None:
    found = gradients_of(model, prepared, balancer_of("fixed", weights={"sst": 3.0}), ("sst",), clip_norm=None)
    once = gradients_of(model, prepared, balancer_of("sum"), ("sst",), clip_norm=None)
    assert all(torch.allclose(found[name], 3 * once[name], rtol=1e-4, atol=1e-7) for name in once)


def test_surgery_is_clipped_by_what_it_gives_without_the_weights(model: MultitaskModel, prepared: Prepared) -> None:
    """Equal weights of 4 are nothing but a factor of 4, with surgery as without."""
    alike = balancer_of("fixed", weights=dict.fromkeys(TASKS, 4.0))
    found = gradients_of(model, prepared, alike, TASKS, surgery="pcgrad")
    once = gradients_of(model, prepared, balancer_of("sum"), TASKS, surgery="pcgrad")
    norm = torch.stack([gradient.norm() for gradient in once.values()]).norm()
    assert float(norm) == pytest.approx(1.0, rel=1e-4)
    assert all(torch.allclose(found[name], 4 * once[name], rtol=1e-3, atol=1e-6) for name in once)


@for_each(
    ("name", "settings", "wanted"),
    [
        ("sum", {}, [1.0, 1.0, 1.0]),
        ("fixed", {"weights": WEIGHTS}, [0.25, 4.0, 0.0]),
        ("squared", {}, [4.0, 6.0, 8.0]),
        ("uncertainty", {}, [1.0, 1.0, 0.5]),
        ("learned", {}, [1.0, 1.0, 1.0]),
    ],
)
def test_the_effective_weight_is_the_derivative_of_the_balanced_loss(
    name: str, settings: dict[str, Any], wanted: list[float]
) -> None:
    losses = {task: torch.tensor(float(loss)) for task, loss in zip(TASKS, (2, 3, 4), strict=True)}
    weights = balancer_of(name, **settings).effective_weights(losses)
    assert [float(weights[task]) for task in TASKS] == pytest.approx(wanted)
