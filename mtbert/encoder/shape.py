"""The sizes of a BERT encoder, given or read from a published config.json; needs no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from mtbert.encoder.checkpoint_files import CONFIG, read_json
from mtbert.errors import BackboneError

# A checkpoint that declares something else would load and then compute something else.
_MUST_BE: dict[str, object] = {
    "model_type": "bert",
    "hidden_act": "gelu",
    "position_embedding_type": "absolute",
    "is_decoder": False,
}

LEAST_POSITIONS = 3  # a sentence of one token, between [CLS] and [SEP]


@dataclass(frozen=True)
class BertShape:
    """The sizes of an encoder; BERT-base is (30522, 768, 12, 12, 3072).

    Raises:
        BackboneError: a size is below 1.
    """

    vocabulary_size: int
    width: int
    layers: int
    heads: int
    inner_width: int
    positions: int = 512
    token_types: int = 2
    layer_norm_epsilon: float = 1e-12

    def __post_init__(self) -> None:
        _check_sizes(asdict(self))

    def least_parameters(self) -> int:
        """Return the number of weights in its matrices, without biases and norms."""
        rows = self.vocabulary_size + self.positions + self.token_types
        return self.width * (rows + self.layers * (4 * self.width + 2 * self.inner_width))


@dataclass(frozen=True)
class BilstmShape:
    """The sizes of a bidirectional LSTM encoder; `hidden_width` is one direction's.

    Raises:
        BackboneError: a size is below 1.
    """

    vocabulary_size: int
    width: int
    layers: int
    embedding_width: int
    hidden_width: int

    def __post_init__(self) -> None:
        _check_sizes(asdict(self))

    def least_parameters(self) -> int:
        """Return the number of weights in its word embeddings and recurrences."""
        return self.vocabulary_size * self.embedding_width + self.layers * 8 * self.hidden_width**2


def _check_sizes(sizes: Mapping[str, float]) -> None:
    wrong: dict[str, object] = {name: size for name, size in sizes.items() if isinstance(size, int) and size < 1}
    wrong |= {n: size for n, size in sizes.items() if isinstance(size, bool) or not isinstance(size, int | float)}
    wrong |= {n: size for n, size in sizes.items() if isinstance(size, float) and n != "layer_norm_epsilon"}
    if wrong:
        sizes_given = ", ".join(f"{name}={size}" for name, size in wrong.items())
        raise BackboneError(f"every size of an encoder must be at least 1, got {sizes_given}. Give 1 or more.")


def read_shape(folder: Path) -> BertShape:
    """Return the shape that config.json declares.

    Raises:
        BackboneError: it is not a BERT's; the message names the file.
    """
    path = folder / CONFIG
    declared = read_json(path)
    for name, value in _MUST_BE.items():
        if declared.get(name, value) != value:
            message = f"{name} must be {value!r}, got {declared[name]!r} in {path}"
            raise BackboneError(f"{message}. Give a plain BERT encoder.")

    def size(name: str, default: int | None = None) -> int:
        value = declared.get(name, default)
        if not isinstance(value, int):
            raise BackboneError(f"{name} must be a whole number, got {value!r} in {path}. Give a BERT model.")
        return value

    epsilon = declared.get("layer_norm_eps", 1e-12)
    if not isinstance(epsilon, float):
        raise BackboneError(f"layer_norm_eps must be a number, got {epsilon!r} in {path}. Give a BERT model.")
    positions = size("max_position_embeddings", 512)
    if positions < LEAST_POSITIONS:
        raise BackboneError(
            f"max_position_embeddings must be at least {LEAST_POSITIONS} ([CLS], a token, [SEP]), got {positions} in "
            f"{path}. Give a BERT model."
        )
    return BertShape(
        vocabulary_size=size("vocab_size"),
        width=size("hidden_size"),
        layers=size("num_hidden_layers"),
        heads=size("num_attention_heads"),
        inner_width=size("intermediate_size"),
        positions=positions,
        token_types=size("type_vocab_size", 2),
        layer_norm_epsilon=epsilon,
    )
