"""The output layers of masked language modelling: what is tied, what they start from, and whose head is taken."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from mtbert.assembly import build_model
from mtbert.config import RunConfig, parse
from mtbert.data.tokenize import Prepared, Ragged
from mtbert.encoder.backbones import load_masked_head
from mtbert.encoder.checkpoint_files import CONFIG, SAFETENSORS, TOKENIZER
from mtbert.encoder.weights import to_hugging_face
from mtbert.errors import BackboneError
from mtbert.run import run
from mtbert.stages import mlm
from mtbert.stages.losses import LN_VOCABULARY, UNIGRAM_ENTROPY
from mtbert.stages.mlm_heads import new_head, token_counts, unigram_entropy

HEAD = "cls.predictions"
QUIET = {"corpora": "tasks", "epochs": 1, "learning_rate": 1e-12, "dropout": 0.0, "probability": 0.9}


def words(rows: int = 4, width: int = 3) -> nn.Embedding:
    return nn.Embedding(rows, width, _weight=torch.arange(float(rows * width)).reshape(rows, width) / 10)


def test_the_word_embeddings_get_the_gradient_of_the_decoder() -> None:
    table, hidden = words(), torch.tensor([[1.0, -2.0, 0.5]])
    logits = new_head(table, 3, np.array([0, 1, 2, 5]))(hidden)
    nn.functional.cross_entropy(logits, torch.tensor([2])).backward()
    wrong = logits.softmax(1).detach() - torch.tensor([[0.0, 0.0, 1.0, 0.0]])
    assert table.weight.grad is not None
    torch.testing.assert_close(table.weight.grad, wrong.T @ hidden)


def test_without_hidden_states_a_new_head_gives_the_unigram_distribution_and_one_count_for_all() -> None:
    found = new_head(words(), 3, np.array([0, 2, 3, 3]))(torch.zeros(1, 3)).softmax(1)
    torch.testing.assert_close(found, torch.tensor([[0.25, 2.25, 3.25, 3.25]]) / 9)


def test_hidden_states_of_another_width_than_the_words_reach_them() -> None:
    head = new_head(words(width=3), 5, np.array([1, 1, 1, 1]))
    assert head(torch.randn(2, 5)).shape == (2, 4)


def test_tokens_that_cannot_be_chosen_are_not_counted() -> None:
    rows = Ragged(np.array([0, 2, 3, 3, 1, 0, 2], dtype=np.int32), np.array([0, 5, 7]))
    assert token_counts(rows, np.array([2, 3, 4]), 5).tolist() == [0, 0, 2, 2, 0]


def test_the_unigram_entropy_is_in_nats() -> None:
    assert unigram_entropy(np.array([0, 2, 1, 1])) == pytest.approx(1.5 * math.log(2))
    assert unigram_entropy(np.zeros(3, dtype=int)) == 0.0


def test_tied_starts_at_the_unigram_entropy_and_untied_at_a_uniform_guess(staged: RunConfig, data: Prepared) -> None:
    for head, reference in (("tied", UNIGRAM_ENTROPY), ("untied", LN_VOCABULARY)):
        config = parse({"mlm": {**QUIET, "head": head}}).mlm
        assert config is not None
        told = mlm.run(build_model(staged, data.vocabulary_size), config, data, 0)
        assert told.references[LN_VOCABULARY] == pytest.approx(math.log(data.vocabulary_size))
        assert told.losses[0] == pytest.approx(told.references[reference], abs=0.15), head


@pytest.fixture
def published(tmp_path: Path, staged: RunConfig, data: Prepared) -> Path:
    """`tiny` as it would be published with a masked-LM head that says token 7, whatever it is asked."""
    encoder = build_model(staged, data.vocabulary_size).encoder
    shape, width = encoder.shape, encoder.width
    bias = torch.zeros(data.vocabulary_size)
    bias[7] = 50.0
    head = {
        f"{HEAD}.transform.dense.weight": torch.eye(width),
        f"{HEAD}.transform.dense.bias": torch.zeros(width),
        f"{HEAD}.transform.LayerNorm.gamma": torch.ones(width),  # old names
        f"{HEAD}.transform.LayerNorm.beta": torch.zeros(width),
        f"{HEAD}.bias": bias,
    }
    encoder_tensors = {f"bert.{name}": t.clone() for name, t in to_hugging_face(encoder.state_dict()).items()}
    save_file({**encoder_tensors, **head}, tmp_path / SAFETENSORS)
    declared = {"vocab_size": "vocabulary_size", "hidden_size": "width", "num_hidden_layers": "layers"}
    declared |= {"num_attention_heads": "heads", "intermediate_size": "inner_width"}
    sizes = {theirs: getattr(shape, ours) for theirs, ours in declared.items()}
    (tmp_path / CONFIG).write_text(json.dumps({"model_type": "bert", **sizes}), encoding="utf-8")
    (tmp_path / TOKENIZER).write_text(data.tokenizer_json, encoding="utf-8")
    return tmp_path


def test_a_run_takes_the_head_of_its_checkpoint_unless_it_has_one_of_its_own(
    published: Path, brief: RunConfig, data: Prepared
) -> None:
    losses = {}
    for head in ("tied", "untied"):
        plain = {**brief.model_dump(mode="json"), "backbone": str(published)}
        others = dict.fromkeys(("simcse_unsupervised", "simcse_supervised", "fine_tune_first", "single_task"))
        config = parse({**plain, **others, "mlm": {**QUIET, "head": head, "max_sentences": 8}})
        (stage, *_) = run(config, data, lambda _: False).stages
        assert stage.losses is not None
        (losses[head],) = stage.losses.losses
    assert losses["tied"] > 30 and losses["untied"] < 10


def test_a_checkpoint_without_a_head_has_none_and_a_part_of_one_is_refused(published: Path) -> None:
    assert load_masked_head("tiny") is None
    tensors = load_file(published / SAFETENSORS)
    broken = {name: t for name, t in tensors.items() if name != f"{HEAD}.bias"}
    broken[f"{HEAD}.transform.dense.bias"] = torch.zeros(3)
    save_file(broken, published / SAFETENSORS)
    told = rf"another shape for {HEAD}.transform.dense.bias, lacks {HEAD}.bias.* mlm.head=untied"
    with pytest.raises(BackboneError, match=told):
        load_masked_head(str(published))
    save_file({name: t for name, t in tensors.items() if HEAD not in name}, published / SAFETENSORS)
    assert load_masked_head(str(published)) is None


def test_a_tied_head_learns_with_the_encoder_in_every_copy(staged: RunConfig, data: Prepared) -> None:
    """Where each task has an encoder of its own, all get the words that the decoder has trained."""
    separate = parse({**staged.model_dump(mode="json"), "encoder": {"shared": False}, "fine_tune_first": None})
    model = build_model(separate, data.vocabulary_size)
    before = model.encoder.embeddings.word.weight.detach().clone()  # type: ignore[union-attr, operator]
    texts = {"tasks": data.texts["tasks"].take(np.arange(4))}
    config = parse({"mlm": {**QUIET, "learning_rate": 1e-3}}).mlm
    assert config is not None
    mlm.run(model, config, replace(data, texts=texts), 0)
    first, *others = [encoder.embeddings.word.weight for encoder in model.encoders()]
    occurring = np.unique(texts["tasks"].values)
    absent = np.setdiff1d(np.arange(data.vocabulary_size), occurring)
    assert (first != before)[absent].any(1).float().mean() > 0.9, "only a decoder trains words that are never read"  # type: ignore[index, operator]
    assert others and all(torch.equal(first, other) for other in others)  # type: ignore[arg-type]
