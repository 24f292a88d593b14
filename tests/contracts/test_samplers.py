"""Laws that every sampler keeps; a new file in mtbert/samplers is tested the moment it exists."""

from __future__ import annotations

import numpy as np
from cases import for_each

from mtbert import components
from mtbert.samplers.abstract import AbstractSampler

BATCHES = {"sst": 4, "quora": 7, "sts": 2}


def build(name: str) -> AbstractSampler:
    # Those with a number of steps of their own are asked for as many as there are batches.
    drawn = "steps" in components.settings("samplers", name)
    built: AbstractSampler = components.build("samplers", name, {"steps": None} if drawn else {})
    return built


every_sampler = for_each("sampler", components.names("samplers"), build)


def steps(sampler: AbstractSampler, batches: dict[str, int], seed: int = 0, epoch: int = 1) -> list[tuple[str, ...]]:
    return list(sampler.epoch(batches, epoch=epoch, epochs=3, rng=np.random.default_rng(seed)))


@every_sampler
def test_steps_are_drawn_from_the_random_state_and_name_known_tasks_once_each(sampler: AbstractSampler) -> None:
    given = dict(BATCHES)
    order = steps(sampler, given)
    assert all(step and len(set(step)) == len(step) and set(step) <= set(BATCHES) for step in order)
    assert steps(sampler, BATCHES) == order and given == BATCHES


@every_sampler
def test_one_task_alone_gives_all_its_batches(sampler: AbstractSampler) -> None:
    assert steps(sampler, {"sst": 3}) == [("sst",)] * 3


@every_sampler
@for_each("epoch", [1, 2])
def test_one_that_gives_all_tasks_does_so_wherever_it_trains_what_they_share(
    sampler: AbstractSampler, epoch: int
) -> None:
    whole = all(set(step) == set(BATCHES) for step in steps(sampler, BATCHES, epoch=epoch))
    assert whole == (sampler.gives_all_tasks and sampler.trains(epoch) == "all")


@every_sampler
def test_what_is_trained_is_all_or_the_tasks_own(sampler: AbstractSampler) -> None:
    assert {sampler.trains(epoch) for epoch in (1, 2, 3)} <= {"all", "own"}
