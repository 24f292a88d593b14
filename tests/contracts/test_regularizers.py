"""Laws that every regularizer keeps; a new file in mtbert/regularizers is tested the moment it exists."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mtbert import components
from mtbert.config import parse
from mtbert.data.batching import Batch, collate
from mtbert.data.load import load_corpus
from mtbert.data.tokenize import Prepared
from mtbert.model import MultitaskModel, build_model
from mtbert.regularizers.abstract import AbstractRegularizer
from mtbert.run import prepare_data, run
from mtbert.tasks.abstract import AbstractTask

SMALL = {"backbone": "tiny", "data": {"train_examples": 16, "dev_examples": 8, "max_tokens": 24}}
CONFIG = parse({**SMALL, "multitask": {"epochs": 1}})


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    torch.set_num_threads(1)
    return prepare_data(CONFIG, load_corpus("demo", tuple(CONFIG.tasks)))


@pytest.fixture
def model(prepared: Prepared) -> MultitaskModel:
    return build_model(CONFIG, prepared.vocabulary_size)


@pytest.fixture(params=components.names("regularizers"))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["sst", "quora", "sts"])
def task(request: pytest.FixtureRequest) -> AbstractTask:
    built: AbstractTask = components.build("tasks", request.param, {})
    return built


def batch_of(prepared: Prepared, task: AbstractTask, count: int = 3) -> Batch:
    return collate(prepared.splits[task.name, "train"], np.arange(count), prepared.pad_id)


def penalty_of(name: str, model: MultitaskModel, task: AbstractTask, batch: Batch) -> torch.Tensor:
    built: AbstractRegularizer = components.build("regularizers", name, {})
    torch.manual_seed(0)
    return built(model, task, batch, model(task.name, batch))


@pytest.mark.parametrize("count", [1, 3])
def test_the_penalty_is_a_finite_scalar_that_is_not_negative(
    name: str, model: MultitaskModel, task: AbstractTask, prepared: Prepared, count: int
) -> None:
    penalty = penalty_of(name, model, task, batch_of(prepared, task, count))
    assert penalty.shape == () and torch.isfinite(penalty) and penalty.item() >= 0


def test_the_same_random_state_gives_the_same_bits(
    name: str, model: MultitaskModel, task: AbstractTask, prepared: Prepared
) -> None:
    batch = batch_of(prepared, task)
    assert torch.equal(penalty_of(name, model, task, batch), penalty_of(name, model, task, batch))


def test_model_and_batch_are_not_changed(
    name: str, model: MultitaskModel, task: AbstractTask, prepared: Prepared
) -> None:
    batch, before = batch_of(prepared, task), {key: value.clone() for key, value in model.state_dict().items()}
    ids = batch.input_ids.clone()
    penalty_of(name, model, task, batch).backward()
    assert torch.equal(batch.input_ids, ids)
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_gradients_go_only_where_something_is_trained(
    name: str, model: MultitaskModel, task: AbstractTask, prepared: Prepared
) -> None:
    model.encoder.requires_grad_(False)
    penalty_of(name, model, task, batch_of(prepared, task)).backward()
    assert all(p.grad is None for p in model.encoder.parameters())
    assert any(p.grad is not None and bool(p.grad.any()) for p in model.heads[task.name].parameters())


def test_half_precision_gives_a_finite_penalty(
    name: str, model: MultitaskModel, task: AbstractTask, prepared: Prepared
) -> None:
    assert torch.isfinite(penalty_of(name, model.bfloat16(), task, batch_of(prepared, task)))


def test_a_run_trains_with_it_and_repeats_to_the_bit(name: str, prepared: Prepared) -> None:
    config = parse({**SMALL, "multitask": {"epochs": 1, "regularizer": name}})
    one, again, plain = (run(part, prepared, lambda _: True) for part in (config, config, CONFIG))
    assert one.epochs[0].losses == again.epochs[0].losses
    assert all(one.epochs[0].losses[task] > plain.epochs[0].losses[task] for task in ("sst", "quora", "sts"))
