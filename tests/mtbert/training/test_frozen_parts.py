"""Which features are kept, of which split, where, and under which key."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch
from cases import for_each
from frozen_models import HEADS, LAST, changed, counting, model_of
from torch import Tensor

from mtbert import components
from mtbert.config import RunConfig
from mtbert.data.batching import FrozenBatch
from mtbert.data.tokenize import Prepared
from mtbert.model import MultitaskModel, freeze
from mtbert.training.frozen_cache import WORTH, FrozenParts, Shared
from mtbert.training.frozen_inputs import FrozenInputs, PartInputs, TokenInputs
from mtbert.training.trainer import Trainer


def heads_only(tiny: RunConfig, prepared: Prepared, pooling: str = "cls") -> MultitaskModel:
    return model_of(changed(tiny, HEADS, pooling=pooling), prepared).train()


def states_of(frozen: FrozenParts, prepared: Prepared, task: str = "quora") -> Tensor:
    split = prepared.splits[task, "train"]
    batch = frozen.inputs(task, split).batch(np.arange(len(split)))
    assert isinstance(batch, FrozenBatch)
    return batch.states[batch.attention_mask] if batch.states.ndim == 3 else batch.states


@for_each("pooling", ["cls", "attention"])
def test_numbers_do_not_depend_on_what_is_asked_for_first(tiny: RunConfig, prepared: Prepared, pooling: str) -> None:
    model, split = heads_only(tiny, prepared, pooling), prepared.splits["quora", "train"]
    expected = states_of(FrozenParts(model, prepared.pad_id), prepared)
    frozen = FrozenParts(model, prepared.pad_id)
    frozen.inputs("quora", split).batch(np.array([7, 3]))
    assert torch.equal(states_of(frozen, prepared), expected)


def test_the_sample_of_train_is_taken_from_train(tiny: RunConfig, prepared: Prepared) -> None:
    model = heads_only(tiny, prepared)
    frozen, split = FrozenParts(model, prepared.pad_id), prepared.splits["quora", "train"]
    whole = frozen.inputs("quora", split).batch(np.arange(len(split)))
    passes, chosen = counting(model), np.array([2, 5, 7])
    part = frozen.inputs("quora", split.take(chosen))
    assert isinstance(part, PartInputs)
    found = part.batch(np.array([2, 0]))
    assert isinstance(whole, FrozenBatch) and isinstance(found, FrozenBatch) and not passes
    assert torch.equal(found.states, whole.states[[7, 2, len(split) + 7, len(split) + 2]])
    assert torch.equal(found.labels, whole.labels[[7, 2]])


def test_a_split_with_the_same_ids_and_other_sentences_is_no_part(tiny: RunConfig, prepared: Prepared) -> None:
    frozen, split = FrozenParts(heads_only(tiny, prepared), prepared.pad_id), prepared.splits["sst", "train"]
    frozen.inputs("sst", split)
    other = split.take(np.arange(len(split))[::-1].copy())
    renamed = type(split)(split.ids, other.first, None, other.labels)
    assert isinstance(frozen.inputs("sst", renamed), FrozenInputs)


def test_what_an_epoch_hardly_uses_is_not_kept(tiny: RunConfig, prepared: Prepared) -> None:
    frozen = FrozenParts(heads_only(tiny, prepared), prepared.pad_id)
    assert isinstance(frozen.inputs("sst", prepared.splits["sst", "train"], share=WORTH / 2), TokenInputs)
    assert isinstance(frozen.inputs("sts", prepared.splits["sts", "train"], share=WORTH), FrozenInputs)


def test_the_trainer_says_how_much_an_epoch_uses(tiny: RunConfig, prepared: Prepared) -> None:
    config = changed(tiny, HEADS | {"sampler": {"name": "sequential"}, "batch_size": 1})
    tasks = {name: part.model_dump(mode="json") for name, part in config.tasks.items()}
    config = changed(config, {}, tasks=tasks | {"quora": tasks["quora"] | {"subsample": 1}})  # of 8
    model = model_of(config, prepared)
    descriptions = {name: components.build("tasks", name, {}) for name in config.tasks}
    splits = {name: prepared.splits[name, "train"] for name in config.tasks}
    frozen, part = FrozenParts(model, prepared.pad_id), config.multitask
    trainer = Trainer(model, part, descriptions, splits, prepared.pad_id, 0, "multitask", config.tasks, frozen)
    assert {name for name, inputs in trainer.inputs.items() if isinstance(inputs, FrozenInputs)} == {"sst", "sts"}


def test_hidden_states_above_the_limit_are_not_kept(
    tiny: RunConfig, prepared: Prepared, caplog: pytest.LogCaptureFixture
) -> None:
    split = prepared.splits["quora", "dev"]
    for pooling, kept in (("attention", TokenInputs), ("cls", FrozenInputs)):
        frozen = FrozenParts(heads_only(tiny, prepared, pooling), prepared.pad_id, states_bytes=1000)
        with caplog.at_level(logging.WARNING):
            assert isinstance(frozen.inputs("quora", split), kept)
            assert isinstance(frozen.inputs("quora", split), kept)
    (told,) = caplog.messages
    assert told.startswith("hidden states of 6 examples of quora are too large to cache")


@pytest.mark.parametrize("pooling", ["cls", "attention"])
def test_a_file_holds_the_same_bits_and_is_gone_with_its_array(
    tiny: RunConfig, prepared: Prepared, pooling: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    model = heads_only(tiny, prepared, pooling)
    in_file = FrozenParts(model, prepared.pad_id, memory_bytes=0)
    in_memory = FrozenParts(model, prepared.pad_id)
    assert torch.equal(states_of(in_file, prepared), states_of(in_memory, prepared))
    assert list(tmp_path.iterdir()) == []


@for_each("memory_bytes", [0, 2**20])
def test_bfloat16_is_kept_as_it_is(tiny: RunConfig, prepared: Prepared, memory_bytes: int) -> None:
    model = heads_only(tiny, prepared).to(torch.bfloat16)
    found = states_of(FrozenParts(model, prepared.pad_id, memory_bytes=memory_bytes), prepared)
    split = prepared.splits["quora", "train"]
    batch = TokenInputs(split, prepared.pad_id, torch.device("cpu")).batch(np.arange(len(split)))
    expected = model.eval().vectors(batch.input_ids, batch.attention_mask, "quora")
    assert found.dtype == expected.dtype == torch.bfloat16
    torch.testing.assert_close(found, expected)


def shared(folder: Path, encoder: str = "weights", pooling: str = "cls") -> Shared:
    return Shared(folder, encoder, pooling)


def test_another_run_reads_what_the_first_wrote(tiny: RunConfig, prepared: Prepared, tmp_path: Path) -> None:
    first, second = heads_only(tiny, prepared), heads_only(tiny, prepared)
    expected = states_of(FrozenParts(first, prepared.pad_id, shared(tmp_path)), prepared)
    passes = counting(second)
    assert torch.equal(states_of(FrozenParts(second, prepared.pad_id, shared(tmp_path)), prepared), expected)
    assert not passes and len(list(tmp_path.iterdir())) == 1


def test_another_key_has_a_file_of_its_own(tiny: RunConfig, prepared: Prepared, tmp_path: Path) -> None:
    model = heads_only(tiny, prepared)

    def files(where: Shared, task: str = "quora") -> int:
        states_of(FrozenParts(model, prepared.pad_id, where), prepared, task)
        return len(list(tmp_path.iterdir()))

    assert files(shared(tmp_path)) == 1
    assert files(shared(tmp_path, encoder="other weights")) == 2
    assert files(shared(tmp_path, pooling="mean")) == 3
    assert files(shared(tmp_path), "sts") == 4
    assert files(shared(tmp_path)) == 4


def test_what_a_pooling_does_not_change_is_shared_by_poolings(
    tiny: RunConfig, prepared: Prepared, tmp_path: Path
) -> None:
    for pooling in ("mean", "max"):
        model = model_of(changed(tiny, LAST, pooling=pooling), prepared)
        states_of(FrozenParts(model, prepared.pad_id, shared(tmp_path, pooling=pooling)), prepared)
    assert len(list(tmp_path.iterdir())) == 1


def test_the_model_is_left_in_the_mode_it_was_in(tiny: RunConfig, prepared: Prepared) -> None:
    model = model_of(tiny, prepared)
    freeze(model, "last_k", 1)
    model.train()
    modes = {name: module.training for name, module in model.named_modules()}
    states_of(FrozenParts(model, prepared.pad_id), prepared)
    assert {name: module.training for name, module in model.named_modules()} == modes
