"""Laws that every sampler keeps; a new file in mtbert/samplers is tested the moment it exists."""

from __future__ import annotations

import numpy as np
import pytest

from mtbert import components
from mtbert.samplers.abstract import AbstractSampler

BATCHES = {"sst": 4, "quora": 7, "sts": 2}


@pytest.fixture(params=components.names("samplers"))
def sampler(request: pytest.FixtureRequest) -> AbstractSampler:
    # Those with a number of steps of their own are asked for as many as there are batches.
    drawn = "steps" in components.settings("samplers", request.param)
    built: AbstractSampler = components.build("samplers", request.param, {"steps": None} if drawn else {})
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


@pytest.mark.parametrize("epoch", [1, 2])
def test_one_that_gives_all_tasks_does_so_wherever_it_trains_what_they_share(
    sampler: AbstractSampler, epoch: int
) -> None:
    whole = all(set(step) == set(BATCHES) for step in steps(sampler, BATCHES, epoch=epoch))
    assert whole == (sampler.gives_all_tasks and sampler.trains(epoch) == "all")


def test_what_is_trained_is_all_or_the_tasks_own(sampler: AbstractSampler) -> None:
    assert {sampler.trains(epoch) for epoch in (1, 2, 3)} <= {"all", "own"}


def test_batches_are_not_changed(sampler: AbstractSampler) -> None:
    given = dict(BATCHES)
    steps(sampler, given)
    assert given == BATCHES
