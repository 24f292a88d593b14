"""The files of a published model: their names, and reading the small ones."""

from __future__ import annotations

import json
from pathlib import Path

from mtbert.errors import BackboneError

SAFETENSORS, PICKLED, CONFIG = "model.safetensors", "pytorch_model.bin", "config.json"
SHARDS = ".index.json"  # suffix of either name of the weights: the index of tensors in several files
TOKENIZER, TOKENIZER_CONFIG, VOCABULARY = "tokenizer.json", "tokenizer_config.json", "vocab.txt"


def read_json(path: Path) -> dict[str, object]:
    """Return the JSON object in a model's file.

    Raises:
        BackboneError: the file holds none; the message names it.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BackboneError(f"{path} is not JSON: {error}. Copy or download the model again.") from error
    if not isinstance(value, dict):
        raise BackboneError(f"{path} must hold a JSON object. Copy or download the model again.")
    return value


def weight_files(folder: Path) -> tuple[Path, ...]:
    """Return the files of a model's weights: one, or the shards in an index; safetensors are preferred to pickled ones.

    Raises:
        BackboneError: there are none, or a shard is missing or outside the folder.
    """
    for name in (SAFETENSORS, PICKLED):
        if (folder / name).is_file():
            return (folder / name,)
        index = folder / f"{name}{SHARDS}"
        if index.is_file():
            return _shards(index)
    raise BackboneError(f"{folder} has neither {SAFETENSORS} nor {PICKLED}. Give a folder that has one.")


def _shards(index: Path) -> tuple[Path, ...]:
    named = read_json(index).get("weight_map")
    names = sorted({str(name) for name in named.values()}) if isinstance(named, dict) else []
    if not names or any(Path(name).name != name for name in names):
        raise BackboneError(
            f"{index} must name the files of the weights in `weight_map`, all beside it. Copy it again."
        )
    missing = [name for name in names if not (index.parent / name).is_file()]
    if missing:
        raise BackboneError(
            f"{index.parent} lacks {', '.join(missing[:3])}: {index.name} names {len(names)} files of weights. Copy or "
            "download all of them."
        )
    return tuple(index.parent / name for name in names)
