"""Backbones by name: `minilm`, `tiny`, `bilstm`, a folder, or a model on the Hugging Face hub.

Only functions that build an encoder import torch, so that checking a name and tokenizing data are fast.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tokenizers import Tokenizer

from mtbert.config.rules import FRESH_LAYERS
from mtbert.encoder import tiny_vocabulary
from mtbert.encoder.checkpoint_files import TOKENIZER, VOCABULARY, weight_files
from mtbert.encoder.locate import FRESH, find_folder, is_hub_name, require_library, verify_minilm
from mtbert.encoder.locate import known as known
from mtbert.encoder.shape import BertShape, BilstmShape, read_shape
from mtbert.encoder.tokenizer_files import read_tokenizer
from mtbert.errors import BackboneError

if TYPE_CHECKING:
    from torch import Tensor

    from mtbert.encoder.abstract import AbstractEncoder
    from mtbert.encoder.bert import BertEncoder
    from mtbert.encoder.weights import MaskedHead

_log = logging.getLogger(__name__)


def check(backbone: str) -> None:
    """Check that a backbone is available, without contacting the hub.

    Names, installed packages and a folder's files are checked; weights are read only when an encoder is built.

    Raises:
        BackboneError: it is not available.
    """
    if backbone in FRESH:
        return
    if is_hub_name(backbone):
        require_library(backbone)
        return
    folder = find_folder(backbone)
    read_shape(folder)
    weight_files(folder)
    if not any((folder / name).is_file() for name in (TOKENIZER, VOCABULARY)):
        raise BackboneError(f"{folder} has neither {TOKENIZER} nor {VOCABULARY}. Give a folder that has one.")
    if backbone == "minilm":
        verify_minilm(folder)


def positions(backbone: str) -> int | None:
    """Return how many tokens of a sentence a backbone reads, its files being here; None if there is no limit."""
    return None if backbone in FRESH else read_shape(find_folder(backbone)).positions


def fetch(backbone: str) -> None:
    """Download a backbone's files if it is a model on the hub.

    Raises:
        BackboneError: they are not available.
    """
    if backbone not in FRESH:
        find_folder(backbone)


def check_layers(backbone: str, layers: int | None, last: int | None = None) -> None:
    """Check that a backbone, its files being here, has this many layers, and this many `last` ones to train.

    Raises:
        BackboneError: it has fewer.
    """
    shape = _fresh_shape(backbone, 1) if backbone in FRESH else read_shape(find_folder(backbone))
    depth = _depth(backbone, layers, shape.layers)
    if last is not None and last > depth:
        raise BackboneError(
            f"last_k trains between 1 and {depth} layers of backbone '{backbone}', got {last}. "
            "Give a number in this range."
        )


def load_tokenizer(backbone: str, texts: Iterable[str] | None = None) -> Tokenizer:
    """Return a backbone's tokenizer, without padding and truncation: [CLS] text [SEP].

    `tiny` and `bilstm` train their vocabulary on `texts` (None: the demo's training sentences). The others have their
    own vocabulary and ignore `texts`.

    Raises:
        BackboneError: there is no tokenizer.
    """
    if backbone in FRESH:
        return tiny_vocabulary.train_tokenizer(_demo_texts() if texts is None else texts)
    return read_tokenizer(find_folder(backbone))


def build_encoder(
    backbone: str,
    *,
    layers: int | None = None,
    vocabulary_size: int,
    hidden_dropout: float = 0.1,
    attention_dropout: float = 0.1,
    seed: int = 0,
) -> AbstractEncoder:
    """Return a backbone's encoder on the CPU, in training mode, with its first `layers` layers (None: all).

    `vocabulary_size` is the tokenizer's. `seed` decides the weights of `tiny` and `bilstm`; the others have published
    ones. `bilstm` has no attention, so it ignores `attention_dropout`. Nothing is drawn from torch's global generator.

    Raises:
        BackboneError: `layers` is out of range, weights are missing, damaged or of another shape, or the vocabulary is
        larger
            than the encoder's.
    """
    import torch

    from mtbert.encoder.bert import BertEncoder

    folder = None if backbone in FRESH else find_folder(backbone)
    shape = _fresh_shape(backbone, vocabulary_size) if folder is None else read_shape(folder)
    if vocabulary_size > shape.vocabulary_size:
        raise BackboneError(
            f"the tokenizer may have at most the {shape.vocabulary_size} tokens that the encoder of "
            f"'{backbone}' knows, got {vocabulary_size}. Use the tokenizer that belongs to it."
        )
    shape = replace(shape, layers=_depth(backbone, layers, shape.layers))
    with torch.random.fork_rng(devices=[]):  # torch's initial weights, which are overwritten, are drawn from it
        encoder = untrained_encoder(shape, hidden_dropout=hidden_dropout, attention_dropout=attention_dropout)
    if folder is not None and isinstance(encoder, BertEncoder):
        _load_published(encoder, backbone, folder)
    else:
        encoder.initialise(torch.Generator().manual_seed(seed))
    return encoder


def declared_shape(backbone: str, sizes: Mapping[str, Any]) -> BertShape | BilstmShape:
    """Return the shape of the sizes that a saved model declares.

    Raises:
        TypeError: the sizes are not this backbone's.
        BackboneError: a size is not valid.
    """
    return BilstmShape(**sizes) if backbone == "bilstm" else BertShape(**sizes)


def load_pooler(backbone: str) -> tuple[Tensor, Tensor] | None:
    """Return the pooler of a backbone's checkpoint, weight (width, width) and bias (width,); None if there is none."""
    if backbone in FRESH:
        return None
    from mtbert.encoder.weights import pooler_of, read_tensors

    return pooler_of(read_tensors(find_folder(backbone)))


def load_masked_head(backbone: str) -> MaskedHead | None:
    """Return the masked-LM head of a backbone's checkpoint; None if there is none.

    Raises:
        BackboneError: the checkpoint has only parts of one.
    """
    if backbone in FRESH:
        return None
    from mtbert.encoder.weights import masked_head_of, read_tensors

    folder = find_folder(backbone)
    return masked_head_of(read_tensors(folder), read_shape(folder), str(folder))


def load_encoder(name: str, layers: int | None = None) -> tuple[AbstractEncoder, Tokenizer]:
    """Return a backbone's encoder, ready for use (evaluation mode), and its tokenizer.

    `encoder(input_ids, attention_mask)` returns the last hidden states (batch, tokens, width). `layers` keeps the first
    layers alone. `tiny` and `bilstm` have random weights (seed 0) and the vocabulary of the demo.

    >>> encoder, tokenizer = load_encoder("minilm", layers=3)

    Raises:
        BackboneError: the backbone is not available, or has fewer layers.
    """
    tokenizer = load_tokenizer(name)
    encoder = build_encoder(name, layers=layers, vocabulary_size=tokenizer.get_vocab_size())
    return encoder.eval(), tokenizer


def _fresh_shape(backbone: str, vocabulary_size: int) -> BertShape | BilstmShape:
    """Return the sizes of a backbone without a checkpoint."""
    layers = FRESH_LAYERS[backbone]
    if backbone == "bilstm":  # Kumar prints no sizes; small enough for a laptop, the output as wide as both directions
        return BilstmShape(vocabulary_size, width=256, layers=layers, embedding_width=128, hidden_width=128)
    return BertShape(vocabulary_size=vocabulary_size, width=128, layers=layers, heads=2, inner_width=512)


def untrained_encoder(
    shape: BertShape | BilstmShape, *, hidden_dropout: float, attention_dropout: float
) -> AbstractEncoder:
    """Return an encoder of this shape with torch's initial weights."""
    from mtbert.encoder.bert import BertEncoder
    from mtbert.encoder.bilstm import BilstmEncoder

    if isinstance(shape, BilstmShape):
        return BilstmEncoder(shape, hidden_dropout=hidden_dropout)
    return BertEncoder(shape, hidden_dropout=hidden_dropout, attention_dropout=attention_dropout)


def _depth(backbone: str, layers: int | None, most: int) -> int:
    if layers is None:
        return most
    if not 1 <= layers <= most:
        raise BackboneError(
            f"layers must be between 1 and {most} for backbone '{backbone}', got {layers}. "
            "Give a number in this range, or none to keep all."
        )
    return layers


def _load_published(encoder: BertEncoder, backbone: str, folder: Path) -> None:
    from mtbert.encoder.weights import load_into, read_tensors

    if backbone == "minilm":
        verify_minilm(folder)
    report = load_into(encoder, read_tensors(folder))
    report.require_complete(str(folder))
    if report.unexpected:
        _log.warning("%s holds tensors that BERT does not have; not used: %s", folder, ", ".join(report.unexpected))


def _demo_texts() -> list[str]:
    """Return every training sentence of the demo, on which a study of the demo trains `tiny`'s vocabulary."""
    from mtbert.data import demo

    texts: list[str] = []
    for task in demo.generate().values():
        texts.extend(task.train.texts)
        texts.extend(task.train.texts2 or ())
    return texts
