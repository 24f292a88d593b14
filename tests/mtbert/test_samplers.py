"""Each sampler's own order, written out."""

from __future__ import annotations

import numpy as np

from mtbert.samplers.joint import JointSampler
from mtbert.samplers.round_robin_shortest import RoundRobinShortestSampler
from mtbert.samplers.sequential import SequentialSampler

RNG = np.random.default_rng(0)


def test_sequential_is_one_task_after_another() -> None:
    order = SequentialSampler().epoch({"a": 2, "b": 1}, epoch=1, epochs=1, rng=RNG)
    assert list(order) == [("a",), ("a",), ("b",)]


def test_sequential_begins_with_the_tasks_of_its_order() -> None:
    order = SequentialSampler(order=("c", "b")).epoch({"a": 1, "b": 2, "c": 1}, epoch=1, epochs=1, rng=RNG)
    assert list(order) == [("c",), ("b",), ("b",), ("a",)]


def test_round_robin_stops_with_the_shortest() -> None:
    order = RoundRobinShortestSampler().epoch({"a": 2, "b": 5}, epoch=1, epochs=1, rng=RNG)
    assert list(order) == [("a",), ("b",), ("a",), ("b",)]


def test_joint_gives_every_task_in_each_step() -> None:
    order = JointSampler().epoch({"a": 2, "b": 5}, epoch=1, epochs=1, rng=RNG)
    assert list(order) == [("a", "b"), ("a", "b")]
