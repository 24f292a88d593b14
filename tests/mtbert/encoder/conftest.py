"""A small published BERT in a folder, and batches with and without padding."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from mtbert.encoder.bert import BertEncoder, BertShape
from mtbert.encoder.tiny_vocabulary import train_tokenizer
from mtbert.encoder.weights import to_hugging_face

SHAPE = BertShape(vocabulary_size=40, width=16, layers=2, heads=2, inner_width=32, positions=24)


@pytest.fixture
def encoder() -> BertEncoder:
    """Two layers of width 16, drawn from seed 7, in evaluation mode."""
    made = BertEncoder(SHAPE)
    made.initialise(torch.Generator().manual_seed(7))
    return made.eval()


@pytest.fixture
def folder(tmp_path: Path, encoder: BertEncoder) -> Path:
    """The same encoder as it would be published: config.json, model.safetensors, tokenizer.json."""
    made = tmp_path / "published"
    made.mkdir()
    declared = {
        "model_type": "bert",
        "hidden_act": "gelu",
        "vocab_size": SHAPE.vocabulary_size,
        "hidden_size": SHAPE.width,
        "num_hidden_layers": SHAPE.layers,
        "num_attention_heads": SHAPE.heads,
        "intermediate_size": SHAPE.inner_width,
        "max_position_embeddings": SHAPE.positions,
    }
    (made / "config.json").write_text(json.dumps(declared))
    tensors = {name: tensor.clone() for name, tensor in to_hugging_face(encoder.state_dict()).items()}
    save_file(tensors, made / "model.safetensors")
    train_tokenizer(["a cat sat", "a cat ran"], size=40).save(str(made / "tokenizer.json"))
    return made


def batch(vocabulary_size: int, lengths: list[int], seed: int = 0) -> tuple[Tensor, Tensor]:
    """Random token numbers (rows, longest) and the mask of real tokens; padding is token 0."""
    generator = torch.Generator().manual_seed(seed)
    mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    ids = torch.randint(5, vocabulary_size, mask.shape, generator=generator)
    return ids.masked_fill(~mask, 0), mask


@pytest.fixture
def padded() -> tuple[Tensor, Tensor]:
    """Three sentences of 9, 4 and 1 tokens."""
    return batch(SHAPE.vocabulary_size, [9, 4, 1])
