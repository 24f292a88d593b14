"""Training on the rows of the words that occur gives what training on all rows gives."""

from __future__ import annotations

import copy
from types import TracebackType
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import mtbert.training.trainer
from mtbert import components
from mtbert.assembly import build_model
from mtbert.config import RunConfig, parse
from mtbert.data.tokenize import Prepared
from mtbert.model import MultitaskModel
from mtbert.training.embedding_rows import OccurringWords, all_sentences, numbers_in
from mtbert.training.trainer import Trainer


class AllWords:
    """Stands in for `OccurringWords`: the full tables are trained."""

    def __init__(self, *_: Any) -> None: ...

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def changed(config: RunConfig, optimizer: dict[str, Any], **others: Any) -> RunConfig:
    data = {**config.model_dump(mode="json"), **copy.deepcopy(others)}
    data["multitask"]["optimizer"] |= optimizer
    return parse(data)


def train(config: RunConfig, data: Prepared) -> tuple[list[dict[str, float]], dict[str, Tensor], MultitaskModel]:
    """Two epochs on four sentences a task, so that most words do not occur; losses, state, model."""
    model = build_model(config, data.vocabulary_size)
    tasks = {name: components.build("tasks", name, {}) for name in config.tasks}
    splits = {name: data.splits[name, "train"].take(np.arange(4)) for name in tasks}
    trainer = Trainer(model, config.multitask, tasks, splits, data.pad_id, config.seed, "multitask", config.tasks)
    losses = [trainer.epoch(epoch) for epoch in (1, 2)]
    return losses, {name: p.detach().clone() for name, p in model.state_dict().items()}, model


SMART = {"multitask": {"regularizer": {"name": "smart", "bregman": True}, "optimizer": {}}}
ADAM, ADAMW = {"name": "adam"}, {"name": "adamw", "weight_decay": 0.1}
CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "adam": (ADAM, {}),
    "adamw": (ADAMW, {}),
    "adamw and separate encoders": (ADAMW, {"encoder": {"shared": False}}),
    "adamw and smart": (ADAMW, SMART),
    "adam and smart with a bilstm": (ADAM, {**SMART, "backbone": "bilstm"}),
}


@pytest.mark.parametrize("case", CASES)
def test_training_gives_the_bits_that_training_all_rows_gives(
    case: str, tiny: RunConfig, prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    optimizer, others = CASES[case]
    config = changed(tiny, {**optimizer, "learning_rate": 1e-3, "clip_norm": None}, **others)
    few = train(config, prepared)
    monkeypatch.setattr(mtbert.training.trainer, "OccurringWords", AllWords)
    full = train(config, prepared)
    assert few[0] == full[0]
    assert few[1].keys() == full[1].keys()
    assert all(torch.equal(few[1][name], full[1][name]) for name in full[1])


def test_clipping_adds_up_fewer_zeros(tiny: RunConfig, prepared: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    """So the norm may differ in its last bit, and with it what follows; not more."""
    config = changed(tiny, {"clip_norm": 0.1})
    few = train(config, prepared)
    monkeypatch.setattr(mtbert.training.trainer, "OccurringWords", AllWords)
    full = train(config, prepared)
    for name in full[1]:
        torch.testing.assert_close(few[1][name], full[1][name], rtol=1e-4, atol=1e-6)


def test_words_that_do_not_occur_stay_and_the_others_learn(tiny: RunConfig, prepared: Prepared) -> None:
    before = build_model(tiny, prepared.vocabulary_size).encoder.embeddings.word.weight.detach().clone()
    _, after, model = train(tiny, prepared)
    rows = [prepared.splits[task, "train"].take(np.arange(4)) for task in tiny.tasks]
    occurring = np.zeros(prepared.vocabulary_size, dtype=bool)
    occurring[numbers_in(all_sentences(rows), prepared.pad_id)] = True
    moved = (after["encoder.embeddings.word.weight"] != before).any(dim=1).numpy()
    assert not moved[~occurring].any()
    assert moved[occurring].sum() == occurring.sum() - 1  # padding has no gradient
    assert occurring.sum() < 0.5 * prepared.vocabulary_size
    assert model.trainable_parameters() == model.total_parameters()


def test_inside_the_optimizer_has_only_the_rows_that_occur(tiny: RunConfig, prepared: Prepared) -> None:
    model = build_model(tiny, prepared.vocabulary_size)
    full, width = model.encoder.embeddings.word, model.encoder.width
    with OccurringWords([model.encoder], np.array([0, 2, 7])):
        assert sum(p.numel() for p in model.encoder.embeddings.word.parameters()) == 3 * width
        assert torch.equal(model.encoder.embeddings.word(torch.tensor([[7, 0]])), full(torch.tensor([[7, 0]])))
        with pytest.raises(IndexError):
            model.encoder.embeddings.word(torch.tensor([1]))
    assert model.encoder.embeddings.word is full


def test_a_frozen_table_stays_where_it_is(tiny: RunConfig, prepared: Prepared) -> None:
    model = build_model(tiny, prepared.vocabulary_size)
    full = model.encoder.embeddings.word.requires_grad_(False)
    with OccurringWords([model.encoder], np.array([0])):
        assert model.encoder.embeddings.word is full


def test_what_was_learned_is_put_back_also_after_an_error(tiny: RunConfig, prepared: Prepared) -> None:
    model = build_model(tiny, prepared.vocabulary_size)
    full = model.encoder.embeddings.word
    with pytest.raises(KeyboardInterrupt), OccurringWords([model.encoder], np.array([0, 2])):
        with torch.no_grad():
            model.encoder.embeddings.word.weight.fill_(5.0)
        raise KeyboardInterrupt
    assert model.encoder.embeddings.word is full and bool((full.weight[[0, 2]] == 5.0).all())
    assert not (full.weight[1] == 5.0).any()


def test_no_random_number_is_drawn(tiny: RunConfig, prepared: Prepared) -> None:
    model = build_model(tiny, prepared.vocabulary_size)
    before = torch.get_rng_state()
    with OccurringWords([model.encoder], np.array([0, 2])):
        pass
    assert torch.equal(torch.get_rng_state(), before)
