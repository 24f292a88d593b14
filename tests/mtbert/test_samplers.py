"""Each sampler's own order, written out."""

from __future__ import annotations

from collections import Counter

import numpy as np
from cases import for_each

from mtbert.samplers.abstract import AbstractSampler
from mtbert.samplers.annealed import AnnealedSampler
from mtbert.samplers.hybrid import HybridSampler
from mtbert.samplers.joint import JointSampler
from mtbert.samplers.proportional import ProportionalSampler
from mtbert.samplers.round_robin_longest import RoundRobinLongestSampler
from mtbert.samplers.round_robin_shortest import RoundRobinShortestSampler
from mtbert.samplers.sequential import SequentialSampler
from mtbert.samplers.square_root import SquareRootSampler
from mtbert.samplers.uniform import UniformSampler

RNG = np.random.default_rng(0)


@for_each(
    ("sampler", "batches", "order"),
    [
        (SequentialSampler(), {"a": 2, "b": 1}, "a a b"),
        (SequentialSampler(order=("c", "b")), {"a": 1, "b": 2, "c": 1}, "c b b a"),
        (RoundRobinShortestSampler(), {"a": 2, "b": 5}, "a b a b"),
        (RoundRobinLongestSampler(), {"a": 1, "b": 3}, "a b a b a b"),
        (JointSampler(), {"a": 2, "b": 5}, "ab ab"),
    ],
)
def test_a_fixed_order_is_written_out(sampler: AbstractSampler, batches: dict[str, int], order: str) -> None:
    found = list(sampler.epoch(batches, epoch=1, epochs=1, rng=RNG))
    assert found == [tuple(step) for step in order.split()]


def test_hybrid_is_sequential_on_own_parameters_in_odd_epochs_and_joint_on_all_in_even_ones() -> None:
    sampler, batches = HybridSampler(), {"a": 1, "b": 3}
    assert list(sampler.epoch(batches, epoch=1, epochs=4, rng=RNG)) == [("a",), ("b",), ("b",), ("b",)]
    assert list(sampler.epoch(batches, epoch=2, epochs=4, rng=RNG)) == [("a", "b")]
    assert list(sampler.epoch(batches, epoch=3, epochs=4, rng=RNG)) == [("a",), ("b",), ("b",), ("b",)]
    assert [sampler.trains(epoch) for epoch in (1, 2, 3, 4)] == ["own", "all", "own", "all"]


def shares(sampler: AbstractSampler, epoch: int = 1, epochs: int = 1) -> dict[str, float]:
    """How often each task comes, of tasks with 1, 4 and 100 batches, in 20,000 steps."""
    batches = {"a": 1, "b": 4, "c": 100}
    order = list(sampler.epoch(batches, epoch=epoch, epochs=epochs, rng=np.random.default_rng(0)))
    assert len(order) == 20_000
    counts = Counter(task for (task,) in order)
    return {task: counts[task] / len(order) for task in batches}


def close(found: dict[str, float], weights: tuple[float, float, float]) -> bool:
    """Within four standard errors of probabilities proportional to the weights."""
    wanted = np.array(weights) / sum(weights)
    return bool((np.abs(np.array(list(found.values())) - wanted) < 4 * np.sqrt(wanted / 20_000)).all())


def test_proportional_square_root_and_uniform_draw_by_their_power_of_the_batches() -> None:
    assert close(shares(ProportionalSampler(steps=20_000)), (1, 4, 100))
    assert close(shares(SquareRootSampler(steps=20_000)), (1, 2, 10))
    assert close(shares(UniformSampler(steps=20_000)), (1, 1, 1))


@for_each(("epoch", "epochs", "alpha"), [(1, 5, 1.0), (2, 5, 0.8), (3, 5, 0.6), (5, 5, 0.2), (1, 1, 1.0)])
def test_annealed_goes_from_proportional_to_almost_even(epoch: int, epochs: int, alpha: float) -> None:
    assert close(shares(AnnealedSampler(steps=20_000), epoch, epochs), (1, 4**alpha, 100**alpha))


@for_each("kind", [AnnealedSampler, ProportionalSampler, SquareRootSampler, UniformSampler])
def test_an_epoch_has_2400_steps_or_as_many_as_there_are_batches(kind: type) -> None:
    batches = {"a": 2, "b": 5}
    assert len(list(kind().epoch(batches, epoch=1, epochs=1, rng=RNG))) == 2400
    assert len(list(kind(steps=None).epoch(batches, epoch=1, epochs=1, rng=RNG))) == 7
