"""Laws that every regularizer keeps; a new file in mtbert/regularizers is tested the moment it exists."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from cases import for_each

from mtbert import components
from mtbert.assembly import build_model
from mtbert.config import parse
from mtbert.data.batching import Batch, collate
from mtbert.data.load import load_corpus
from mtbert.data.tokenize import Prepared
from mtbert.model import MultitaskModel, device_of
from mtbert.regularizers.abstract import AbstractRegularizer
from mtbert.run import prepare_data, run
from mtbert.tasks.abstract import AbstractTask

SMALL = {"backbone": "tiny", "data": {"train_examples": 8, "dev_examples": 4, "max_tokens": 16}}
TASKS = ("sst", "quora", "sts")
CONFIG = parse({**SMALL, "multitask": {"epochs": 1}})


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    return prepare_data(CONFIG, load_corpus("demo", tuple(CONFIG.tasks)))


every_regularizer = for_each(("name", "task"), product(components.names("regularizers"), TASKS), lambda case: (
    case[0], components.build("tasks", case[1], {})
))  # fmt: skip


def model_of(prepared: Prepared) -> MultitaskModel:
    return build_model(CONFIG, prepared.vocabulary_size)


def batch_of(prepared: Prepared, task: AbstractTask, count: int = 3) -> Batch:
    return collate(prepared.splits[task.name, "train"], np.arange(count), prepared.pad_id)


def penalty_of(name: str, model: MultitaskModel, task: AbstractTask, batch: Batch) -> torch.Tensor:
    built: AbstractRegularizer = components.build("regularizers", name, {})
    torch.manual_seed(0)
    built.before_outputs(device_of(model))
    return built(model, task, batch, model(task.name, batch))


@every_regularizer
def test_the_penalty_is_a_finite_scalar_that_is_not_negative(name: str, task: AbstractTask, prepared: Prepared) -> None:
    for count in (1, 3):
        penalty = penalty_of(name, model_of(prepared), task, batch_of(prepared, task, count))
        assert penalty.shape == () and torch.isfinite(penalty) and penalty.item() >= 0, count


@every_regularizer
def test_the_same_random_state_gives_the_same_bits(name: str, task: AbstractTask, prepared: Prepared) -> None:
    batch, model = batch_of(prepared, task), model_of(prepared)
    assert torch.equal(penalty_of(name, model, task, batch), penalty_of(name, model, task, batch))


@every_regularizer
def test_model_and_batch_are_not_changed(name: str, task: AbstractTask, prepared: Prepared) -> None:
    batch, model = batch_of(prepared, task), model_of(prepared)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    ids = batch.input_ids.clone()
    penalty_of(name, model, task, batch).backward()
    assert torch.equal(batch.input_ids, ids)
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


@every_regularizer
def test_gradients_go_only_where_something_is_trained(name: str, task: AbstractTask, prepared: Prepared) -> None:
    model = model_of(prepared)
    model.encoder.requires_grad_(False)
    penalty_of(name, model, task, batch_of(prepared, task)).backward()
    assert all(p.grad is None for p in model.encoder.parameters())
    assert any(p.grad is not None and bool(p.grad.any()) for p in model.heads[task.name].parameters())


@every_regularizer
def test_half_precision_gives_a_finite_penalty(name: str, task: AbstractTask, prepared: Prepared) -> None:
    assert torch.isfinite(penalty_of(name, model_of(prepared).bfloat16(), task, batch_of(prepared, task)))


@for_each("name", components.names("regularizers"))
def test_a_run_trains_with_it_and_repeats_to_the_bit(name: str, prepared: Prepared) -> None:
    config = parse({**SMALL, "multitask": {"epochs": 1, "regularizer": name}})
    one, again, plain = (run(part, prepared, lambda _: True) for part in (config, config, CONFIG))
    assert one.epochs[0].losses == again.epochs[0].losses
    assert all(one.epochs[0].losses[task] != plain.epochs[0].losses[task] for task in TASKS)
