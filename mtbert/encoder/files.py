"""The files of a published model: their names, and how the small ones are read."""

from __future__ import annotations

import json
from pathlib import Path

from mtbert.errors import BackboneError

SAFETENSORS, PICKLED, CONFIG = "model.safetensors", "pytorch_model.bin", "config.json"
TOKENIZER, TOKENIZER_CONFIG, VOCABULARY = "tokenizer.json", "tokenizer_config.json", "vocab.txt"


def read_json(path: Path) -> dict[str, object]:
    """The JSON object in a model's file. Raises `BackboneError` naming the file where there is none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BackboneError(f"{path} is not JSON: {error}. Copy or download the model again.") from error
    if not isinstance(found, dict):
        raise BackboneError(f"{path} must hold a JSON object. Copy or download the model again.")
    return found
