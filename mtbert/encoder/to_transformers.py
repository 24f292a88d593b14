"""Writing an encoder as a published BERT: a folder that `transformers` and `--backbone DIR` read."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import Tensor

from mtbert.atomic_files import sync
from mtbert.encoder.bert import INITIAL_DEVIATION, BertEncoder
from mtbert.encoder.checkpoint_files import CONFIG, SAFETENSORS, TOKENIZER, TOKENIZER_CONFIG
from mtbert.encoder.shape import BertShape
from mtbert.encoder.tiny_vocabulary import NAMED_TOKENS
from mtbert.encoder.weights import to_hugging_face


def write(
    folder: Path,
    encoder: BertEncoder,
    tokenizer: Tokenizer,
    *,
    max_tokens: int,
    pooler: tuple[Tensor, Tensor] | None = None,
) -> list[Path]:
    """Write config.json, model.safetensors, tokenizer.json and tokenizer_config.json; return the files, in this order.

    The hidden states are the encoder's. `max_tokens` is the length to which the tokenizer cuts on request. `pooler` is
    BERT's own, weight (width, width) and bias (width,); if None the folder has none, and
    `BertModel(add_pooling_layer=False)` is the whole model. Existing files are replaced, each atomically.
    """
    folder.mkdir(parents=True, exist_ok=True)
    named = to_hugging_face(encoder.state_dict())
    if pooler is not None:
        named |= {"pooler.dense.weight": pooler[0], "pooler.dense.bias": pooler[1]}
    # A copy of each: query, key and value are views of one matrix, and shared memory cannot be saved.
    state = {name: tensor.detach().cpu().clone() for name, tensor in named.items()}
    config = _config(encoder, tokenizer.token_to_id(NAMED_TOKENS["pad"]))
    files: dict[str, Callable[[Path], object]] = {
        CONFIG: lambda path: _write_json(path, config),
        SAFETENSORS: lambda path: save_file(state, path, metadata={"format": "pt"}),
        TOKENIZER: lambda path: tokenizer.save(str(path)),
        TOKENIZER_CONFIG: lambda path: _write_json(path, _tokenizer_config(tokenizer, max_tokens)),
    }
    for name, save in files.items():
        new = folder / f".{name}.{os.getpid()}.new"
        save(new)
        sync(new)
        new.replace(folder / name)
    sync(folder)
    return [folder / name for name in files]


def _config(encoder: BertEncoder, pad_id: int | None) -> dict[str, Any]:
    """Return the configuration that `transformers.BertConfig` and `shape.read_shape` read."""
    shape: BertShape = encoder.shape
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "vocab_size": shape.vocabulary_size,
        "hidden_size": shape.width,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "intermediate_size": shape.inner_width,
        "hidden_act": "gelu",
        "max_position_embeddings": shape.positions,
        "type_vocab_size": shape.token_types,
        "layer_norm_eps": shape.layer_norm_epsilon,
        "position_embedding_type": "absolute",
        "initializer_range": INITIAL_DEVIATION,
        "pad_token_id": pad_id or 0,
        "torch_dtype": "float32",
    }


def _tokenizer_config(tokenizer: Tokenizer, max_tokens: int) -> dict[str, Any]:
    """Return settings for `PreTrainedTokenizerFast`, which uses tokenizer.json unchanged."""
    known = {f"{name}_token": token for name, token in NAMED_TOKENS.items() if tokenizer.token_to_id(token) is not None}
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": max_tokens,
        "model_input_names": ["input_ids", "token_type_ids", "attention_mask"],
        "clean_up_tokenization_spaces": False,
        **known,
    }


def _write_json(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
