"""Laws that every balancer keeps; a new file in mtbert/balancers is tested the moment it exists."""

from __future__ import annotations

import copy
from itertools import product

import torch
from cases import for_each
from torch import Tensor, nn

from mtbert import components
from mtbert.balancers.abstract import AbstractBalancer

TASKS = ("sst", "quora", "sts")


def made(case: tuple[str, tuple[str, ...]]) -> tuple[AbstractBalancer, nn.Parameter, tuple[str, ...]]:
    """A balancer, a shared parameter, and the tasks of a step."""
    name, tasks = case
    built: AbstractBalancer = components.build("balancers", name, {}, tasks=TASKS, regression=frozenset({"sts"}))
    return built, nn.Parameter(torch.tensor([1.0, 2.0])), tasks


GIVEN = ("balancer", "shared", "tasks")
every_balancer = for_each(GIVEN, [(name, TASKS) for name in components.names("balancers")], made)


def losses(shared: nn.Parameter, tasks: tuple[str, ...] = TASKS) -> dict[str, Tensor]:
    slopes = {"sst": [1.0, 0.5], "quora": [0.25, 0.25], "sts": [3.0, 1.0]}
    return {task: shared @ torch.tensor(slopes[task]) for task in tasks}


@every_balancer
def test_the_balanced_loss_is_the_sum_of_a_term_for_each_task(balancer: AbstractBalancer, shared: nn.Parameter) -> None:
    given = losses(shared)
    terms = balancer.terms(given)
    assert tuple(terms) == TASKS and all(term.shape == () for term in terms.values())
    assert torch.equal(balancer(given), torch.stack(list(terms.values())).sum())


@every_balancer
def test_losses_are_not_changed(balancer: AbstractBalancer, shared: nn.Parameter) -> None:
    given = losses(shared)
    before = {task: loss.detach().clone() for task, loss in given.items()}
    balancer.backward(given, [shared])
    assert tuple(given) == TASKS and all(torch.equal(given[task], before[task]) for task in TASKS)


@for_each(GIVEN, product(components.names("balancers"), [*((task,) for task in TASKS), TASKS]), made)
def test_every_step_gives_gradients_to_what_is_trained(
    balancer: AbstractBalancer, shared: nn.Parameter, tasks: tuple[str, ...]
) -> None:
    balancer.backward(losses(shared, tasks), [shared])
    assert shared.grad is not None and bool((shared.grad > 0).all())


@every_balancer
def test_a_scale_multiplies_every_gradient(balancer: AbstractBalancer, shared: nn.Parameter) -> None:
    other = copy.deepcopy(balancer)
    balancer.backward(losses(shared), [shared])
    whole, shared.grad = shared.grad, None
    other.backward(losses(shared), [shared], scale=0.25)
    torch.testing.assert_close(shared.grad, whole * 0.25)
    for one, quarter in zip(balancer.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(quarter.grad, one.grad * 0.25)


@every_balancer
def test_gradients_are_added_to_those_that_are_there(balancer: AbstractBalancer, shared: nn.Parameter) -> None:
    balancer.backward(losses(shared), [shared])
    once = [shared.grad.clone(), *(p.grad.clone() for p in balancer.parameters())]
    balancer.backward(losses(shared), [shared])
    twice = [shared.grad, *(p.grad for p in balancer.parameters())]
    for one, two in zip(once, twice, strict=True):
        torch.testing.assert_close(two, one * 2)


@every_balancer
def test_what_it_learns_gets_a_gradient_in_a_step_with_all_tasks_and_has_a_learning_rate(
    balancer: AbstractBalancer, shared: nn.Parameter
) -> None:
    balancer.backward(losses(shared), [shared])
    for parameter in balancer.parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all()
        assert balancer.learning_rate > 0


@every_balancer
def test_weights_stay_positive_after_epochs_and_steps(balancer: AbstractBalancer, shared: nn.Parameter) -> None:
    for epoch in range(4):
        balancer.observe({"sst": 1.5 - 0.1 * epoch, "quora": 0.6, "sts": 2.0}, {"sst": 0.5, "quora": 0.7, "sts": -0.2})
        balancer.backward(losses(shared), [shared])
        balancer.after_step()
        shared.grad = None
        balancer.backward(losses(shared), [shared])
        assert shared.grad is not None and bool((shared.grad > 0).all())


@every_balancer
def test_a_task_without_anything_to_train_is_left_alone(balancer: AbstractBalancer) -> None:
    balancer.backward({"sst": torch.tensor(1.0)}, [])
    assert all(p.grad is None or p.grad.isfinite().all() for p in balancer.parameters())
