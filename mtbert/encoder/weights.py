"""Published BERT weights: read from a folder, loaded into our encoder, and converted back to their names."""

from __future__ import annotations

import pickle
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from mtbert.encoder.bert import BertEncoder
from mtbert.encoder.checkpoint_files import SAFETENSORS, weight_files
from mtbert.encoder.shape import BertShape
from mtbert.errors import BackboneError

_OUTSIDE = {
    "embeddings.word": "embeddings.word_embeddings",
    "embeddings.position": "embeddings.position_embeddings",
    "embeddings.token_type": "embeddings.token_type_embeddings",
    "embeddings.norm": "embeddings.LayerNorm",
}
_INSIDE = {
    "attention.output": "attention.output.dense",
    "attention_norm": "attention.output.LayerNorm",
    "inner": "intermediate.dense",
    "outer": "output.dense",
    "output_norm": "output.LayerNorm",
}
_QKV = ("attention.self.query", "attention.self.key", "attention.self.value")
_OLD_ENDINGS = {"gamma": "weight", "beta": "bias"}  # checkpoints converted from TensorFlow
_MASKED_HEAD = {
    "dense_weight": "cls.predictions.transform.dense.weight",
    "dense_bias": "cls.predictions.transform.dense.bias",
    "norm_weight": "cls.predictions.transform.LayerNorm.weight",
    "norm_bias": "cls.predictions.transform.LayerNorm.bias",
    "bias": "cls.predictions.bias",
}
_UNUSED = re.compile(r"pooler\.|cls\.|embeddings\.position_ids$")  # parts of a BERT that this encoder leaves out
# Exceptions of torch.load(weights_only=True) on thousands of truncated and overwritten files.
_UNREADABLE = (
    pickle.UnpicklingError,
    struct.error,
    OSError,
    EOFError,
    RuntimeError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    AssertionError,
)
# Prefixes of task models, DataParallel, training libraries, torch.compile and sentence-transformers, possibly nested.
_WRAPPED = re.compile(r"^(?:bert\.|module\.|model\.|_orig_mod\.|(?:0\.)?auto_model\.)+")
_LAYER = re.compile(r"layers\.(\d+)\.(.+)\.(weight|bias)")


@dataclass(frozen=True)
class LoadReport:
    """The mismatches between an encoder and a file, in published names.

    `missing`: the encoder has it, the file does not. `mismatched`: both have it, in different shapes. `unexpected`:
    only the file has it, and it is no known part of BERT. `unused`: known parts that are left out (the pooler, the
    pre-training heads, stored positions, layers above the last one kept).
    """

    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    mismatched: tuple[str, ...]
    unused: tuple[str, ...] = ()

    def require_complete(self, source: str) -> None:
        """Check that every part of the encoder got its weights.

        Raises:
            BackboneError: a part did not.
        """
        faults = [f"lacks {name}" for name in self.missing]
        faults += [f"has another shape for {name}" for name in self.mismatched]
        if faults:
            rest = f", and {len(faults) - 3} more" if len(faults) > 3 else ""
            if self.missing and self.unexpected:
                rest += f". It holds names that are not BERT's, such as {self.unexpected[0]}"
            raise BackboneError(
                f"{source} must hold every tensor of the encoder, but it {', '.join(faults[:3])}{rest}. "
                "Give a whole BERT model whose config.json describes its weights."
            )


def read_tensors(folder: Path) -> dict[str, Tensor]:
    """Return the tensors of model.safetensors, or of pytorch_model.bin, read as weights only (no code in it is run).

    An index may name several files. Safetensors are mapped from the file, so they are not copied in memory.

    Raises:
        BackboneError: there is no file, or it is damaged; the message names it.
    """
    tensors: dict[str, Tensor] = {}
    for path in weight_files(folder):
        tensors |= _of_file(path)
    return tensors


def _of_file(path: Path) -> dict[str, Tensor]:
    if path.suffix == Path(SAFETENSORS).suffix:
        try:
            return load_file(path)
        except (SafetensorError, OSError) as error:
            raise _damaged(path, error) from error
    try:
        tensors = torch.load(path, map_location="cpu", weights_only=True)
    except _UNREADABLE as error:
        raise _damaged(path, error) from error
    if not isinstance(tensors, dict) or not all(isinstance(tensor, Tensor) for tensor in tensors.values()):
        raise BackboneError(f"{path} must hold named tensors and nothing else. Give the state dict of a BERT model.")
    return tensors


def load_into(encoder: BertEncoder, tensors: Mapping[str, Tensor]) -> LoadReport:
    """Copy those published tensors into `encoder` that match, one at a time, and report the others.

    Names may begin with "bert.", or with a wrapper's prefix ("module.", "model."), and end in gamma and beta, as in old
    checkpoints.
    """
    given = {_modern(name): tensor for name, tensor in tensors.items()}
    own = to_hugging_face(encoder.state_dict())  # views, so copying into them fills the encoder
    fits = {name for name in own if name in given and given[name].shape == own[name].shape}
    with torch.no_grad():
        for name in fits:
            own[name].copy_(given[name])
    extra = [name for name in given if name not in own]
    unused = {name for name in extra if _UNUSED.match(name) or _is_above(name, len(encoder.layers))}
    return LoadReport(
        missing=tuple(name for name in own if name not in given),
        unexpected=tuple(sorted(set(extra) - unused)),
        mismatched=tuple(name for name in own if name in given and name not in fits),
        unused=tuple(sorted(unused)),
    )


def pooler_of(tensors: Mapping[str, Tensor]) -> tuple[Tensor, Tensor] | None:
    """Return the published pooler's weight (width, width) and bias (width,); None if there is none.

    It is no part of the encoder: `load_into` reports it as unused, and the pooling `cls_pooler` uses it.
    """
    given = {_modern(name): tensor for name, tensor in tensors.items() if "pooler." in name}
    weight, bias = given.get("pooler.dense.weight"), given.get("pooler.dense.bias")
    return None if weight is None or bias is None else (weight, bias)


@dataclass(frozen=True, eq=False)
class MaskedHead:
    """A checkpoint's masked-LM head: LayerNorm(GELU(W h + b)) on E^T, with E the word embeddings, plus `bias`.

    `dense_weight` (width, width); `dense_bias`, `norm_weight` and `norm_bias` (width,); `bias` (vocabulary,).
    """

    dense_weight: Tensor
    dense_bias: Tensor
    norm_weight: Tensor
    norm_bias: Tensor
    bias: Tensor


def masked_head_of(tensors: Mapping[str, Tensor], shape: BertShape, source: str) -> MaskedHead | None:
    """Return the published masked-LM head, its decoder tied to the word embeddings; None if there is none.

    It is no part of the encoder: `load_into` reports it as unused, and the stage `mlm` starts from it.

    Raises:
        BackboneError: only parts of it are there, or its shapes do not match the encoder's.
    """
    modern = {_modern(name): tensor for name, tensor in tensors.items()}
    given = {name: tensor for name, tensor in modern.items() if name.startswith("cls.predictions.")}
    if "cls.predictions.decoder.bias" in given:  # the same bias under its other name in transformers
        given.setdefault("cls.predictions.bias", given["cls.predictions.decoder.bias"])
    if not any(name in given for name in _MASKED_HEAD.values()):
        return None
    width, vocabulary = (shape.width,), (shape.vocabulary_size,)
    shapes = {"dense_weight": (shape.width, shape.width), "bias": vocabulary}
    faults = []
    for part, name in _MASKED_HEAD.items():
        if name not in given:
            faults.append(f"lacks {name}")
        elif given[name].shape != shapes.get(part, width):
            faults.append(f"has another shape for {name}")
    if faults:
        raise BackboneError(
            f"{source} must hold its whole masked-LM head or nothing of it, but it {', '.join(faults)}. Give a whole "
            "BertForMaskedLM, or give the stage its own head: mlm.head=untied."
        )
    return MaskedHead(**{part: given[name] for part, name in _MASKED_HEAD.items()})


def to_hugging_face(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return an encoder's tensors (state dict, or gradients by name) under the names of `transformers.BertModel`.

    The query, key and value parts are views of our one matrix.

    Raises:
        KeyError: a name is not the encoder's.
    """
    named: dict[str, Tensor] = {}
    for name, tensor in state.items():
        match = _LAYER.fullmatch(name)
        if match is None:
            part, ending = name.rsplit(".", 1)
            named[f"{_OUTSIDE[part]}.{ending}"] = tensor
            continue
        number, part, ending = match.groups()
        if part == "attention.qkv":
            for theirs, third in zip(_QKV, tensor.chunk(3), strict=True):
                named[f"encoder.layer.{number}.{theirs}.{ending}"] = third
        else:
            named[f"encoder.layer.{number}.{_INSIDE[part]}.{ending}"] = tensor
    return named


def _modern(name: str) -> str:
    stem, _, ending = _WRAPPED.sub("", name).rpartition(".")
    return f"{stem}.{_OLD_ENDINGS.get(ending, ending)}"


def _is_above(name: str, layers: int) -> bool:
    """Return whether a tensor belongs to a layer that was not kept."""
    match = re.match(r"encoder\.layer\.(\d+)\.", name)
    return match is not None and int(match[1]) >= layers


def _damaged(path: Path, error: Exception) -> BackboneError:
    """Return a one-line error for a file that is truncated, overwritten or no file of weights."""
    reason = f"{type(error).__name__}: {error}".split("\n")[0].split(". ")[0]
    return BackboneError(
        f"{path} cannot be read as weights ({reason}). Copy or download the file again, "
        f"or give a folder with a whole {SAFETENSORS}."
    )
