"""Laws that every sampler keeps; a new file in mtbert/samplers is tested the moment it exists."""

from __future__ import annotations

import numpy as np
import pytest

from mtbert import components
from mtbert.samplers.abstract import AbstractSampler

BATCHES = {"sst": 4, "quora": 7, "sts": 2}


@pytest.fixture(params=components.names("samplers"))
def sampler(request: pytest.FixtureRequest) -> AbstractSampler:
    built: AbstractSampler = components.build("samplers", request.param, {})
    return built


def steps(sampler: AbstractSampler, batches: dict[str, int], seed: int = 0, epoch: int = 1) -> list[tuple[str, ...]]:
    return list(sampler.epoch(batches, epoch=epoch, epochs=3, rng=np.random.default_rng(seed)))


def test_names_known_tasks_only(sampler: AbstractSampler) -> None:
    assert {task for step in steps(sampler, BATCHES) for task in step} <= set(BATCHES)


def test_no_step_is_empty_or_names_a_task_twice(sampler: AbstractSampler) -> None:
    assert all(step and len(set(step)) == len(step) for step in steps(sampler, BATCHES))


def test_same_random_state_gives_the_same_order(sampler: AbstractSampler) -> None:
    assert steps(sampler, BATCHES) == steps(sampler, BATCHES)


def test_one_task_alone_gives_all_its_batches(sampler: AbstractSampler) -> None:
    assert steps(sampler, {"sst": 3}) == [("sst",)] * 3


def test_batches_are_not_changed(sampler: AbstractSampler) -> None:
    given = dict(BATCHES)
    steps(sampler, given)
    assert given == BATCHES
