"""Published models on the Hugging Face hub, downloaded once and then read from its cache."""

from __future__ import annotations

import importlib.util
from contextlib import suppress
from pathlib import Path

from mtbert.encoder.checkpoint_files import (
    CONFIG,
    PICKLED,
    SAFETENSORS,
    SHARDS,
    TOKENIZER,
    TOKENIZER_CONFIG,
    VOCABULARY,
    weight_files,
)
from mtbert.errors import BackboneError

_SMALL = (CONFIG, TOKENIZER, TOKENIZER_CONFIG, VOCABULARY, "special_tokens_map.json", "added_tokens.json")


def require_library(name: str) -> None:
    """Check that huggingface_hub, an optional dependency, is installed.

    Raises:
        BackboneError: it is not.
    """
    if importlib.util.find_spec("huggingface_hub") is None:
        raise BackboneError(
            f"backbone '{name}' comes from the Hugging Face hub, which needs huggingface_hub. "
            "Install it with: pip install 'mtbert-study[hub]', or give a folder that holds the model."
        )


def download(name: str) -> Path:
    """Return the local folder of a hub model; the hub is contacted only if the cache does not have it.

    Only configuration, tokenizer and weights are downloaded, pickled weights only if there are no safetensors.

    Raises:
        BackboneError: the library is missing, the name does not exist, or the hub cannot be reached.
    """
    require_library(name)
    from huggingface_hub import snapshot_download

    with suppress(OSError, ValueError):  # not in the cache: ask the hub
        cached = Path(snapshot_download(name, local_files_only=True))
        if _is_whole(cached):
            return cached
    try:
        folder = Path(snapshot_download(name, allow_patterns=[*_SMALL, *_with_shards(SAFETENSORS)]))
        if not _has_weights(folder):
            folder = Path(snapshot_download(name, allow_patterns=[*_SMALL, *_with_shards(PICKLED)]))
    except (OSError, ValueError) as error:  # every error of the library is one of these
        reason = str(error).strip().split("\n")[0]
        raise BackboneError(
            f"backbone '{name}' is not a folder here, and cannot be downloaded from the Hugging Face hub: {reason} "
            "Check the name and the network, or give a folder that holds the model."
        ) from error
    if not _is_whole(folder):
        raise BackboneError(
            f"'{name}' on the Hugging Face hub lacks {CONFIG}, {SAFETENSORS} (or {PICKLED}) or {TOKENIZER} "
            f"(or {VOCABULARY}). Choose a BERT model that has them."
        )
    return folder


def _is_whole(folder: Path) -> bool:
    def one_of(*names: str) -> bool:
        return any((folder / name).is_file() for name in names)

    return one_of(CONFIG) and _has_weights(folder) and one_of(TOKENIZER, VOCABULARY)


def _with_shards(name: str) -> tuple[str, ...]:
    """Return the patterns of a file of weights, its index and its shards."""
    stem, ending = name.rsplit(".", 1)
    return name, f"{name}{SHARDS}", f"{stem}-*.{ending}"


def _has_weights(folder: Path) -> bool:
    try:
        return bool(weight_files(folder))
    except BackboneError:
        return False
