"""Each balancer against its formula."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from mtbert.balancers.dwa import DwaBalancer
from mtbert.balancers.fixed import FixedBalancer
from mtbert.balancers.gradnorm import GradnormBalancer
from mtbert.balancers.learned import LearnedBalancer
from mtbert.balancers.score_adaptive import ScoreAdaptiveBalancer
from mtbert.balancers.squared import SquaredBalancer
from mtbert.balancers.sum import SumBalancer
from mtbert.balancers.uncertainty import UncertaintyBalancer

TASKS = ("a", "b", "c")
LOSSES = {"a": torch.tensor(2.0), "b": torch.tensor(3.0), "c": torch.tensor(5.0)}


def terms(balancer: nn.Module) -> dict[str, float]:
    return {task: term.item() for task, term in balancer.terms(LOSSES).items()}  # type: ignore[operator]


def test_sum_adds_the_losses_squared_their_squares_and_fixed_multiplies_by_its_weights_or_one() -> None:
    assert SumBalancer()(LOSSES).item() == 10.0
    assert SquaredBalancer()(LOSSES).item() == 4 + 9 + 25
    assert terms(FixedBalancer(weights={"a": 0.5, "c": 2.0})) == {"a": 1.0, "b": 3.0, "c": 10.0}


def test_dwa_leaves_all_weights_at_one_for_two_epochs() -> None:
    balancer = DwaBalancer(tasks=TASKS)
    for _ in range(DwaBalancer.idle_epochs):
        assert terms(balancer) == {"a": 2.0, "b": 3.0, "c": 5.0}
        balancer.observe({"a": 4.0 - len(balancer.seen["a"]), "b": 2.0, "c": 1.0}, {})
    assert DwaBalancer.idle_epochs == 2 and terms(balancer) != {"a": 2.0, "b": 3.0, "c": 5.0}


def test_dwa_weights_by_the_ratio_of_the_last_two_losses() -> None:
    balancer = DwaBalancer(tasks=TASKS)
    for losses in ({"a": 9.0, "b": 9.0, "c": 9.0}, {"a": 4.0, "b": 2.0, "c": 1.0}, {"a": 1.0, "b": 2.0, "c": 3.0}):
        balancer.observe(losses, {})
    # w = 1/4, 1, 3; T = 2
    powers = [math.exp(0.125), math.exp(0.5), math.exp(1.5)]
    wanted = [3 * power / sum(powers) for power in powers]
    assert balancer.weights == pytest.approx(dict(zip(TASKS, wanted, strict=True)))
    assert terms(balancer) == pytest.approx({"a": 2 * wanted[0], "b": 3 * wanted[1], "c": 5 * wanted[2]})


def test_dwa_waits_for_a_task_that_had_no_step() -> None:
    balancer = DwaBalancer(tasks=TASKS)
    balancer.observe({"a": 4.0, "b": 2.0}, {})
    balancer.observe({"a": 1.0, "b": 2.0, "c": 1.0}, {})
    assert set(balancer.weights.values()) == {1.0}


def test_uncertainty_is_half_the_loss_for_regression_and_the_loss_for_classification_at_first() -> None:
    balancer = UncertaintyBalancer(tasks=TASKS, regression=frozenset({"c"}))
    assert terms(balancer) == {"a": 2.0, "b": 3.0, "c": 2.5}


def test_uncertainty_follows_its_formula_and_its_gradient() -> None:
    balancer = UncertaintyBalancer(tasks=TASKS, regression=frozenset({"c"}))
    s = {"a": 0.5, "b": -1.0, "c": 2.0}
    with torch.no_grad():
        for task, value in s.items():
            balancer.log_variances[task].fill_(value)
    factor = {"a": 1.0, "b": 1.0, "c": 0.5}
    wanted = {t: math.exp(-s[t]) * LOSSES[t].item() * factor[t] + s[t] / 2 for t in TASKS}
    assert terms(balancer) == pytest.approx(wanted)
    balancer(LOSSES).backward()
    slopes = {t: 0.5 - math.exp(-s[t]) * LOSSES[t].item() * factor[t] for t in TASKS}
    assert {t: p.grad.item() for t, p in balancer.log_variances.items()} == pytest.approx(slopes)


def test_learned_weights_are_one_at_first_and_a_softmax_times_the_number_of_tasks() -> None:
    balancer = LearnedBalancer(tasks=TASKS)
    assert terms(balancer) == pytest.approx({"a": 2.0, "b": 3.0, "c": 5.0})
    with torch.no_grad():
        balancer.scores.copy_(torch.tensor([math.log(1.0), math.log(2.0), math.log(3.0)]))
    assert terms(balancer) == pytest.approx({"a": 2 * 3 / 6, "b": 3 * 6 / 6, "c": 5 * 9 / 6})


def test_learned_weights_move_to_the_small_loss() -> None:
    balancer = LearnedBalancer(tasks=TASKS)
    balancer(LOSSES).backward()
    # K p_i (L_i - sum p_j L_j) with p = 1/3: L_i - 10/3
    assert balancer.scores.grad.tolist() == pytest.approx([2 - 10 / 3, 3 - 10 / 3, 5 - 10 / 3], abs=1e-6)


def test_score_adaptive_weights_are_what_is_missing_to_one_with_mean_one() -> None:
    balancer = ScoreAdaptiveBalancer(tasks=TASKS)
    assert terms(balancer) == {"a": 2.0, "b": 3.0, "c": 5.0}
    balancer.observe({}, {"a": 0.5, "b": 0.8, "c": -0.1})
    assert balancer.weights == pytest.approx({"a": 0.5 / 0.6, "b": 0.2 / 0.6, "c": 1.1 / 0.6})
    assert sum(balancer.weights.values()) == pytest.approx(3)


def test_score_adaptive_weights_are_one_where_nothing_is_missing() -> None:
    balancer = ScoreAdaptiveBalancer(tasks=TASKS)
    balancer.observe({}, {"a": 0.5, "b": 0.8, "c": -0.1})
    balancer.observe({}, {"a": 1.0, "b": 1.0, "c": 1.0})
    assert set(balancer.weights.values()) == {1.0}


# GradNorm on two quadratic losses of two shared parameters, against a plain implementation with second derivatives.

SCALES = {"a": torch.tensor([1.0, 2.0]), "b": torch.tensor([10.0, 3.0])}
AIMS = {"a": torch.tensor([0.0, 1.0]), "b": torch.tensor([2.0, -1.0])}


def quadratic(theta: Tensor) -> dict[str, Tensor]:
    return {task: (SCALES[task] * (theta - AIMS[task]) ** 2).sum() for task in SCALES}


def plain_gradnorm(steps: int, alpha: float, rate: float, weight_rate: float) -> list[list[float]]:
    """Chen et al. 2018, algorithm 1, with gradient descent and autograd's derivative of L_grad."""
    theta, weights = torch.tensor([0.5, 0.5]), torch.ones(2)
    first, told = None, []
    for _ in range(steps):
        theta.requires_grad_(True)
        weights.requires_grad_(True)
        losses = torch.stack(list(quadratic(theta).values()))
        first = losses.detach() if first is None else first
        norms = torch.stack(
            [torch.autograd.grad(weights[i] * losses[i], theta, create_graph=True)[0].norm() for i in range(2)]
        )
        inverse_rates = losses.detach() / first
        inverse_rates = inverse_rates / inverse_rates.mean()
        target = (norms.mean() * inverse_rates**alpha).detach()
        (weight_slope,) = torch.autograd.grad((norms - target).abs().sum(), weights, retain_graph=True)
        (slope,) = torch.autograd.grad((weights.detach() * losses).sum(), theta)
        theta = (theta - rate * slope).detach()
        weights = (weights - weight_rate * weight_slope).detach()
        weights = weights * 2 / weights.sum()
        told.append([*theta.tolist(), *weights.tolist()])
    return told


def test_gradnorm_takes_the_steps_of_a_plain_implementation() -> None:
    theta = nn.Parameter(torch.tensor([0.5, 0.5]))
    balancer = GradnormBalancer(tasks=("a", "b"))
    descent = torch.optim.SGD([{"params": [theta], "lr": 0.01}, {"params": list(balancer.parameters()), "lr": 0.005}])
    told = []
    for _ in range(8):
        descent.zero_grad()
        balancer.backward(quadratic(theta), [theta])
        descent.step()
        balancer.after_step()
        told.append([*theta.tolist(), *balancer.weights.tolist()])
    plain = plain_gradnorm(8, 1.5, 0.01, 0.005)
    assert told == [pytest.approx(row, rel=1e-5) for row in plain]
    assert plain[-1][2] > 1.05  # task a, whose gradients are smaller, has come to count more


def test_gradnorm_keeps_its_weights_in_a_step_with_one_task() -> None:
    theta, balancer = nn.Parameter(torch.tensor([0.5, 0.5])), GradnormBalancer(tasks=("a", "b"))
    balancer.backward({"a": quadratic(theta)["a"]}, [theta])
    assert balancer.weights.grad is None and balancer.first is None
    assert theta.grad is not None and theta.grad.tolist() == [1.0, -2.0]


def test_gradnorm_weights_stay_positive_with_their_sum() -> None:
    balancer = GradnormBalancer(tasks=("a", "b"))
    with torch.no_grad():
        balancer.weights.copy_(torch.tensor([-0.3, 2.1]))
    balancer.after_step()
    assert balancer.weights.sum().item() == pytest.approx(2) and balancer.weights.min().item() > 0
