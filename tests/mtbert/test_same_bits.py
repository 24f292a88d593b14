"""Runs that use no new option train as they always did: to the bit of a plain loop, and to scores once recorded."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn.utils import clip_grad_norm_
from torch.optim import Adam

from mtbert import components
from mtbert.assembly import build_model
from mtbert.config import RunConfig, parse
from mtbert.data.batching import collate, training_batches
from mtbert.data.examples import Corpus
from mtbert.data.tokenize import Prepared
from mtbert.random_streams import numpy_stream, torch_stream
from mtbert.run import prepare_data, run
from mtbert.training.evaluation import evaluate

# Dev scores since the demo's train splits hold no dev or test sentence. Processors round differently, by at most 2e-5
# in the first release; another order of batches or another dropout mask moves them by thousands of that.
RECORDED_WITH, ROUNDING = "2.13.0", 1e-4
RECORDED = {
    "sequential": [0.1396057707190426, 0.15588381697581696],
    "round_robin_shortest": [0.1959371256481465, 0.05157021067956787],
    "joint": [0.17420123902737394, 0.17911587005477458],
}


@pytest.fixture(scope="module")
def small() -> RunConfig:
    """What the scores were recorded on."""
    sizes = {"train_examples": 24, "dev_examples": 20, "max_tokens": 32}
    multitask = {"epochs": 2, "optimizer": {"learning_rate": 1e-3, "clip_norm": 1.0}}
    return parse({"backbone": "tiny", "data": sizes, "multitask": multitask})


@pytest.fixture(scope="module")
def data(small: RunConfig, corpus: Corpus) -> Prepared:
    return prepare_data(small, corpus)


def scores(config: RunConfig, prepared: Prepared) -> list[float]:
    return [epoch.search.score for epoch in run(config, prepared, lambda _: True).epochs]


def with_sampler(config: RunConfig, sampler: str) -> RunConfig:
    data = config.model_dump(mode="json")
    data["multitask"]["sampler"] = {"name": sampler}
    return parse(data)


@pytest.mark.parametrize("sampler", sorted(RECORDED))
def test_scores_are_those_of_a_plain_training_loop_and_those_recorded(
    small: RunConfig, data: Prepared, sampler: str
) -> None:
    config = with_sampler(small, sampler)
    found = scores(config, data)
    assert found == plain_scores(config, data)
    if torch.__version__.partition("+")[0] == RECORDED_WITH:
        assert found == pytest.approx(RECORDED[sampler], abs=ROUNDING)


def plain_scores(config: RunConfig, data: Prepared) -> list[float]:
    """The search score after each epoch, all parameters trained by Adam at a constant rate."""
    model, part, seed = build_model(config, data.vocabulary_size), config.multitask, config.seed
    tasks = {name: components.build("tasks", name, {}) for name in model.heads}
    splits = {name: data.splits[name, "train"] for name in tasks}
    sampler = components.build("samplers", part.sampler.name, part.sampler.settings)
    counts = {name: math.ceil(len(split) / part.batch_size) for name, split in splits.items()}
    optimizer = Adam(model.parameters(), lr=part.optimizer.learning_rate, fused=True)
    scores = []
    for epoch in range(1, part.epochs + 1):
        model.train()
        queues = {
            name: iter(
                training_batches(
                    split.lengths(), part.batch_size, numpy_stream(seed, "multitask", "batches", name, epoch, 0)
                )
            )
            for name, split in splits.items()
        }
        rng = numpy_stream(seed, "multitask", "sampler", epoch)
        with torch_stream(seed, "multitask", "dropout", epoch):
            for step in sampler.epoch(counts, epoch=epoch, epochs=part.epochs, rng=rng):
                losses = []
                for name in step:
                    batch = collate(splits[name], next(queues[name]), data.pad_id)
                    losses.append(tasks[name].loss(model(name, batch), batch.labels))
                optimizer.zero_grad()
                torch.stack(losses).sum().backward()
                clip_grad_norm_([p for p in model.parameters() if p.grad is not None], 1.0, foreach=True)
                optimizer.step()
        search = {name: data.splits[name, "search"] for name in tasks}
        scores.append(evaluate(model, tasks, search, data.pad_id).score)
    return scores
